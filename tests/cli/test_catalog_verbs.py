"""`assay catalog`: a file in, a file out, what is amiss; for people, programs and scripts, on a real database."""

import json
from pathlib import Path
from typing import Any

from catalogs import RECORD
from click.testing import Result
from typer.testing import CliRunner

from assay.cli.verbs import app

ROW: dict[str, Any] = RECORD | {"status": "published"}


def _run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["catalog", *words, "--data", str(folder / "data")])


def _file(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "catalog.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_file_in_and_out(installed: None, tmp_path: Path) -> None:
    """First dry, then in earnest; a bad row stops it with exit code 1 and its line; what is written imports unchanged."""
    bad = _run(tmp_path, "import", _file(tmp_path, ROW, {**ROW, "slug": "bad", "level": "wizard", "price": 1}))
    assert bad.exit_code == 1
    assert "2 rows: 1 created, 0 updated, 0 unchanged, 1 refused; nothing was imported" in bad.stdout
    assert "/level" in bad.stdout
    assert "not understood: price (1)" in bad.stdout
    dry = _run(tmp_path, "import", _file(tmp_path, ROW), "--dry-run")
    assert (dry.exit_code, dry.stdout.splitlines()[-1].endswith("a dry run, nothing was changed")) == (0, True)
    done = json.loads(_run(tmp_path, "import", _file(tmp_path, ROW), "--json").stdout)
    assert (done["result"]["counts"]["created"], done["problems"], done["index"]["behind"]) == (1, [], 1)
    skipped = json.loads(_run(tmp_path, "import", _file(tmp_path, ROW, {**ROW, "skills": []}), "--on-error", "skip", "--json").stdout)
    assert (skipped["result"]["counts"]["unchanged"], [each["line"] for each in skipped["problems"]]) == (1, [2])
    for kind, name in (("csv", "out.csv"), ("jsonl", "out.jsonl"), ("ctdl", "out.jsonld")):
        assert _run(tmp_path, "export", "--format", kind, "--output", str(tmp_path / name)).exit_code == 0
        again = _run(tmp_path, "import", str(tmp_path / name))
        assert (again.exit_code, "0 created, 0 updated" in again.stdout) == (0, True), again.stdout
    assert not list(tmp_path.glob("*.part"))
    assert _run(tmp_path, "export", "--format", "csv").stdout_bytes == (tmp_path / "out.csv").read_bytes()
    unnamed = tmp_path / "catalog.dat"
    unnamed.write_text("")
    assert _run(tmp_path, "import", str(unnamed)).exit_code == 2


def test_what_is_amiss(installed: None, tmp_path: Path) -> None:
    """Told twice, nearly the same, a link that is none, a prerequisite there is not: each in a line, and exit code 1."""
    clean = _run(tmp_path, "report")
    assert (clean.exit_code, clean.stdout.splitlines()[-1]) == (0, "231 credentials: nothing amiss")
    other = {**ROW, "slug": "other", "title": "  reading QUERY plans", "homepage": "campus.example", "prerequisites": ["nowhere"]}
    assert _run(tmp_path, "import", _file(tmp_path, ROW, other)).exit_code == 0
    found = _run(tmp_path, "report")
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        "told more than once: other, reading-query-plans",
        "nearly the same (100%): other, reading-query-plans",
        "link of other: campus.example is no address of a page",
        "other demands nowhere, which there is not",
        "233 credentials: 4 things amiss",
    ]
    asked = json.loads(_run(tmp_path, "report", "--json", "--check-links").stdout)
    assert (asked["linksAsked"], len(asked["badLinks"])) == (0, 1)
