"""`assay questions`: what a person reads and a program parses, on a real database."""

import json
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from assay.cli.verbs import app
from assay.qti import questions


def _run(folder: Path, *words: object) -> Result:
    return CliRunner().invoke(app, ["questions", *map(str, words), "--data", str(folder / "data")])


def test_a_bank_goes_out_and_comes_in(installed: None, tmp_path: Path) -> None:
    """One track to a file, with what is lost; unchanged when it comes back; a renamed item is new, tried first, then written."""
    file = tmp_path / "bank.zip"
    out = _run(tmp_path, "export", file, "--track", "backend-engineer")
    assert out.exit_code == 0, out.stderr
    slugs = [each.item.slug for each in questions.read(file.read_bytes()) if each.item]
    assert out.stdout.startswith(f"{len(slugs)} questions written to ")
    assert "no equivalent" in out.stdout
    same = json.loads(_run(tmp_path, "import", file, "--json").stdout)
    assert (same["unchanged"], same["created"]) == (len(slugs), 0)
    unpacked = questions.Archive(file.read_bytes())
    files = {name: unpacked.read(name, 10**7) for name in sorted(unpacked.names)}
    old, new = slugs[0], "another-name"
    renamed = {name.replace(old, new): content.replace(old.encode(), new.encode()) for name, content in files.items()}
    file.write_bytes(questions.pack(renamed))
    tried = _run(tmp_path, "import", file, "--dry-run")
    assert tried.exit_code == 0, tried.stdout
    assert tried.stdout.splitlines()[-1] == f"1 new, 0 changed, {len(slugs) - 1} unchanged, 0 refused; nothing was written"
    written = _run(tmp_path, "import", file)
    assert written.stdout.splitlines()[-1] == f"1 new, 0 changed, {len(slugs) - 1} unchanged, 0 refused"


def test_what_cannot_be_done_ends_with_a_sentence(installed: None, tmp_path: Path) -> None:
    """A track that there is not, a file that is no package, a way that there is not."""
    file = tmp_path / "bank.zip"
    missing = _run(tmp_path, "export", file, "--track", "wizard")
    assert (missing.exit_code, missing.stderr.strip()) == (1, "There is no track called wizard.")
    file.write_bytes(b"nothing")
    broken = _run(tmp_path, "import", file)
    assert (broken.exit_code, broken.stderr.strip()) == (1, "The package is not a zip file.")
    assert _run(tmp_path, "import", file, "--on-error", "pray").exit_code == 2
