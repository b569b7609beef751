"""Packages that would do harm: nothing is inflated beyond a limit, nothing leads out, nothing is fetched or expanded."""

import zipfile
from io import BytesIO
from pathlib import Path

import foreign
import pytest

from assay.domain.question_exchange import Unreadable
from assay.qti import archive, manifest, questions, xml
from assay.qti.archive import Archive

MANIFEST = b'<manifest><resources><resource type="imsqti_item_xmlv3p0" href="a.xml"/></resources></manifest>'


def refusal(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> str:
    """Why a package is not taken."""
    with pytest.raises(Unreadable) as refused:
        questions.read(foreign.zipped(files, method))
    return str(refused.value)


def problem(item: bytes) -> str:
    """Why an item is not taken."""
    [unpacked] = questions.read(foreign.zipped({"imsmanifest.xml": MANIFEST, "a.xml": item}))
    assert unpacked.problem is not None
    return unpacked.problem


@pytest.mark.parametrize("name", ["../a.xml", "a/../../b", "/etc/passwd", "C:\\a.xml", "a\\..\\b"])
def test_no_name_leads_out(name: str) -> None:
    """Nothing is written to disk anyway; a package that tries is not read at all."""
    assert "leads out" in refusal({"imsmanifest.xml": MANIFEST, name: b"x"})


def test_too_many_too_large_and_odd_packings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By number, by declared size, by method; and what is no zip file, or no content package."""
    assert "method" in refusal({"imsmanifest.xml": MANIFEST}, zipfile.ZIP_LZMA)
    assert "no imsmanifest.xml" in refusal({"a.xml": b"x"})
    with pytest.raises(Unreadable, match="not a zip file"):
        questions.read(b"PK\x03\x04 and then nothing")
    assert "larger than" in refusal({"imsmanifest.xml": MANIFEST, "a.xml": bytes(archive.MAX_INFLATED)})
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    assert "more than 2 files" in refusal(dict.fromkeys(("imsmanifest.xml", "b", "c"), b"x"))


def test_a_name_that_stands_twice_is_refused() -> None:
    """Two programs could each read another one."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("imsmanifest.xml", MANIFEST)
        made.writestr("imsmanifest.xm_", MANIFEST)
    with pytest.raises(Unreadable, match="twice"):
        Archive(buffer.getvalue().replace(b"imsmanifest.xm_", b"imsmanifest.xml"))


def test_a_size_that_is_a_lie_does_not_help() -> None:
    """What is inflated is counted while it is read, whatever the directory of the file says."""
    packed = foreign.zipped({"a.xml": bytes(2_000_000)})
    lie = packed.replace((2_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(Unreadable):
        Archive(lie).read("a.xml", 1_000)
    with pytest.raises(Unreadable, match="larger than 0 KiB"):
        Archive(packed).read("a.xml", 1_000)


def test_all_files_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many that are each small enough."""
    opened = Archive(foreign.zipped({"a": bytes(900), "b": bytes(900)}))
    monkeypatch.setattr(opened, "_left", 1_000)
    opened.read("a", 1_000)
    with pytest.raises(Unreadable):
        opened.read("b", 1_000)


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    """A document type is refused, with a billion laughs, with a file of ours, with an address, in whatever encoding."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    laughs = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    for declared in (laughs, f'<!ENTITY c SYSTEM "file://{secret}">', '<!ENTITY c SYSTEM "http://192.0.2.1/x">', '<!ENTITY % c "x">'):
        document = f'<?xml version="1.0"?><!DOCTYPE x [{declared}]><x>&c;</x>'
        for encoded in (document.encode(), document.replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16")):
            told = problem(encoded)
            assert "document type" in told or "well-formed" in told
            assert "secret" not in told
    assert "document type" in problem(b'<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd"><x/>')


def test_deep_and_wide_documents_are_refused() -> None:
    """Beyond the parser's depth, beyond a number of elements, beyond a size."""
    assert "well-formed" in problem(b"<a>" * 2_000 + b"</a>" * 2_000)
    assert "more than" in problem(b"<a>" + b"<b/>" * (xml.MAX_ELEMENTS + 1) + b"</a>")
    assert "larger than" in problem(b"<a>" + b" " * xml.MAX_BYTES + b"</a>")


def test_a_manifest_that_lies_is_told() -> None:
    """An item that is not there, and something carried beside it that does not fit."""
    [missing] = questions.read(foreign.zipped({"imsmanifest.xml": MANIFEST}))
    assert missing.problem == "there is no file a.xml in the package"
    own = f'<metadata><o:question xmlns:o="{manifest.OWN}">{{"type": "essay", "difficulty": "hard"}}</o:question></metadata></resource>'
    carried = MANIFEST.decode().replace('"a.xml"/>', f'"a.xml">{own}')
    assert "does not fit" in refusal({"imsmanifest.xml": carried, "a.xml": b"<x/>"})
