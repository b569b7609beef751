"""Every link of every document leads somewhere: files, folders, headings, pictures. Nothing of the network is asked."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
_FENCE: Final = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2\s*$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`[^`\n]*`")
_LINK: Final = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_OUTSIDE: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def documents() -> list[Path]:
    """What git keeps, or would keep, as Markdown. Prompts are sent to models and are no documents."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [ROOT / path for path in sorted(set(listed)) if not path.startswith("src/") and (ROOT / path).is_file()]


def links_of(text: str) -> list[str]:
    """Where a text leads, code left out."""
    return _LINK.findall(_CODE.sub("", _FENCE.sub("", text)))


def anchors_of(text: str) -> set[str]:
    """The fragments of headings: lower case, without punctuation, words joined by hyphens; the second of a kind gets a 1."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        number = next(number for number in range(1_000) if (f"{slug}-{number}" if number else slug) not in found)
        found.add(f"{slug}-{number}" if number else slug)
    return found


@cache
def anchors_in(document: Path) -> set[str]:
    """The fragments of a document."""
    return anchors_of(document.read_text(encoding="utf-8"))


def dead_links(document: Path) -> list[str]:
    """Links of a document that lead nowhere."""
    return [link for link in links_of(document.read_text(encoding="utf-8")) if not _OUTSIDE.match(link) and _is_dead(document, link)]


def _is_dead(document: Path, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(fragment) and (target.suffix != ".md" or fragment not in anchors_in(target))


@pytest.mark.parametrize("document", documents(), ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Each to a file or folder of the project, and to a heading that is there."""
    assert dead_links(document) == []


def test_a_dead_link_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, a heading, or a place outside of the project; code, the network and what is there are left alone."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "other.md").write_text("# A `name`, twice\n\n## A name twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#a-name-twice) [c](other.md#a-name-twice-1) ![p](https://example.org/x.png) `[x](nothing.md)`\n"
        "[d](nothing.md) [e](other.md#nothing) [f](../out.md) [![g](gone.png)](other.md)\n```\n[y](nothing.md)\n```\n"
    )
    assert dead_links(page) == ["nothing.md", "other.md#nothing", "../out.md"]
