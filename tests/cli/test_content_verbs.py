"""`assay tracks` and `assay questions` as those meet them who keep the content, on a real database."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from journeys import ESSAY
from typer.testing import CliRunner

from assay.cli.verbs import app

TRACK = "backend-engineer"
QUESTION = "backend-status-codes"


def _run(folder: Path, *words: object) -> Result:
    return CliRunner().invoke(app, [*map(str, words), "--data", str(folder / "none")])


def _json(folder: Path, *words: object) -> Any:
    done = _run(folder, *words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def _file(folder: Path, fields: dict[str, Any]) -> Path:
    file = folder / f"{fields['slug']}.yaml"
    file.write_text(yaml.safe_dump(fields, sort_keys=False))
    return file


def _shown(folder: Path, noun: str, slug: str) -> dict[str, Any]:
    shown = _run(folder, noun, "show", slug)
    assert shown.exit_code == 0, shown.stderr
    fields: dict[str, Any] = yaml.safe_load(shown.stdout)
    assert fields == _json(folder, noun, "show", slug)
    return fields


def _trail(folder: Path) -> list[tuple[str, object]]:
    """What the audit trail says was done, in order, and by whom; reading it is the newest entry, and the first that is exported."""
    exported = _run(folder, "audit", "export")
    assert exported.exit_code == 0, exported.stderr
    newest, *entries = [(entry["action"], entry["actorId"]) for entry in map(json.loads, exported.stdout.splitlines())]
    assert newest == ("audit:export", None)
    return entries[::-1]


def test_a_track_is_edited_as_a_file(installed: None, tmp_path: Path) -> None:
    """Tried, then written; the same again changes nothing; a file that was read before is a lost update."""
    fields = _shown(tmp_path, "tracks", TRACK)
    old = _file(tmp_path, fields | {"expiryDays": 14})
    assert _run(tmp_path, "tracks", "apply", old, "--dry-run").stdout.splitlines() == [
        f"track {TRACK}: would be updated",
        "  /expiryDays: 7 → 14",
        "  /version: 1 → 2",
    ]
    assert _shown(tmp_path, "tracks", TRACK) == fields
    done = _json(tmp_path, "tracks", "apply", old)
    assert (done["outcome"], done["changes"]["/expiryDays"]) == ("updated", {"before": 7, "after": 14})
    late = _run(tmp_path, "tracks", "apply", old)
    assert (late.exit_code, late.stdout) == (1, "")
    assert late.stderr == "Somebody has changed it since you read it. Read it again, then repeat your change.\n"
    now = _shown(tmp_path, "tracks", TRACK)
    assert now == fields | {"expiryDays": 14, "etag": done["etag"]}
    assert _run(tmp_path, "tracks", "apply", _file(tmp_path, now)).stdout == f"track {TRACK}: unchanged\n"
    assert _trail(tmp_path) == [("track:update", None)]


def test_a_track_begins_and_ends(installed: None, tmp_path: Path) -> None:
    """New from a copied file, listed by status, retired; without questions it cannot be active, and the answer says what is missing."""
    copied = _shown(tmp_path, "tracks", TRACK) | {"slug": "night-engineer", "name": "Night Engineer"}
    stale = _run(tmp_path, "tracks", "apply", _file(tmp_path, copied))
    assert (stale.exit_code, stale.stderr) == (1, "There is no track called night-engineer. Leave the etag out of the file to make it.\n")
    del copied["etag"]
    short = _run(tmp_path, "tracks", "apply", _file(tmp_path, copied))
    assert short.exit_code == 1
    assert "Add or activate questions for it, or ask for fewer of these, first." in short.stderr
    assert "\n  /questionMix/essay: needs 3 essay questions and has 0\n" in short.stderr
    draft = _file(tmp_path, copied | {"status": "draft"})
    assert _json(tmp_path, "tracks", "apply", draft, "--dry-run")["outcome"] == "created"
    assert _json(tmp_path, "tracks", "list", "--status", "draft")["items"] == []
    assert _run(tmp_path, "tracks", "apply", draft).stdout == "track night-engineer: created\n"
    again = _run(tmp_path, "tracks", "apply", draft)
    assert (again.exit_code, again.stderr[:50]) == (1, "There is a track called night-engineer already. To")
    assert "assay tracks show night-engineer" in again.stderr
    assert [item["slug"] for item in _json(tmp_path, "tracks", "list", "--status", "draft")["items"]] == ["night-engineer"]
    assert _run(tmp_path, "tracks", "retire", TRACK).stdout == f"track {TRACK}: retired\n"
    listed = _run(tmp_path, "tracks", "list").stdout
    assert "night-engineer" in listed
    assert listed.splitlines()[-1] == "7 tracks"
    assert _trail(tmp_path) == [("track:create", None), ("track:retire", None)]


def test_a_question_is_edited_as_a_file(installed: None, tmp_path: Path) -> None:
    """Another content is another version; whether it is asked is said by the file too; a name that there is not is told by its place."""
    fields = _shown(tmp_path, "questions", QUESTION)
    wrong = _run(tmp_path, "questions", "apply", _file(tmp_path, fields | {"skills": ["http", "sorcery"]}))
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert wrong.stderr == "The question names what there is not.\n  /skills/1: there is no skill called sorcery\n"
    edited = _file(tmp_path, fields | {"explanation": "Said better.", "isActive": False})
    done = _json(tmp_path, "questions", "apply", edited)
    assert (done["outcome"], done["changes"]["/version"]) == ("updated", {"before": 1, "after": 2})
    assert _shown(tmp_path, "questions", QUESTION)["isActive"] is False
    assert _run(tmp_path, "questions", "apply", edited).stderr.startswith("Somebody has changed it")
    assert _trail(tmp_path) == [("question:update", None), ("question:deactivate", None)]


def test_a_question_begins_and_ends(installed: None, tmp_path: Path) -> None:
    """New from a copied file, deactivated, activated, deleted for good once somebody says so."""
    copied = _shown(tmp_path, "questions", QUESTION) | {"slug": "another-one"}
    del copied["etag"]
    file = _file(tmp_path, copied)
    assert _run(tmp_path, "questions", "apply", file).stdout == "question another-one: created\n"
    assert _run(tmp_path, "questions", "deactivate", "another-one").stdout == "question another-one: inactive\n"
    assert _json(tmp_path, "questions", "activate", "another-one")["isActive"] is True
    assert _run(tmp_path, "questions", "delete", "another-one").exit_code == 1
    assert _json(tmp_path, "questions", "delete", "another-one", "--yes")["slug"] == "another-one"
    gone = _run(tmp_path, "questions", "show", "another-one")
    assert (gone.exit_code, gone.stderr) == (1, "There is no question called another-one.\n")
    taken = _run(tmp_path, "questions", "apply", file)
    assert (taken.exit_code, taken.stderr.splitlines()[1:]) == (1, ["  /slug: is taken"])
    assert _trail(tmp_path) == [(f"question:{verb}", None) for verb in ("create", "deactivate", "activate", "delete")]


def test_no_active_track_is_left_short(installed: None, tmp_path: Path) -> None:
    """The last essays that a track needs cannot be taken away: what would be missing, and what to do."""
    essays = [item["slug"] for item in _json(tmp_path, "questions", "list", "--track", TRACK, "--type", "essay")["items"]]
    ended = [_run(tmp_path, "questions", "deactivate", slug) for slug in essays]
    assert [each.exit_code for each in ended] == [0] * (len(essays) - 3) + [1] * 3
    for refused in (ended[-1], _run(tmp_path, "questions", "delete", essays[-1], "--yes")):
        assert refused.exit_code == 1
        assert refused.stderr.splitlines() == [
            "Backend Engineer needs 3 essay questions and has 2. Add or activate questions for it, or ask for fewer of these, first.",
            "  /questionMix/essay: needs 3 essay questions and has 2",
        ]
    assert len(_trail(tmp_path)) == len(essays) - 3


def test_the_bank_is_listed(installed: None, tmp_path: Path) -> None:
    """More than one read of it, by track and type on request; a track that there is not is a sentence."""
    whole = _json(tmp_path, "questions", "list")["items"]
    assert [item["slug"] for item in whole] == sorted(item["slug"] for item in whole)
    some = _json(tmp_path, "questions", "list", "--track", TRACK, "--type", "profile")["items"]
    assert some == [item for item in whole if item["type"] == "profile" and TRACK in item["tracks"]]
    assert _run(tmp_path, "questions", "list").stdout.splitlines()[-1] == f"{len(whole)} questions"
    missing = _run(tmp_path, "questions", "list", "--track", "wizard")
    assert (missing.exit_code, missing.stderr) == (1, "There is no track called wizard.\n")


def test_questions_are_tried(installed: None, tmp_path: Path) -> None:
    """By a rule, by the grader with an essay from a file, and as a draft; that it was tried is in the trail, with what is not."""
    pairs = _shown(tmp_path, "questions", QUESTION)["rule"]["pairs"]
    assert _json(tmp_path, "questions", "try", QUESTION, "--answer", json.dumps(pairs))["credit"] == 1.0
    wrong = _run(tmp_path, "questions", "try", QUESTION, "--answer", "nonsense")
    assert (wrong.exit_code, wrong.stderr.splitlines()[-1]) == (1, "  /answer: expected an object from left ids to right ids")
    essay = _json(tmp_path, "questions", "list", "--track", TRACK, "--type", "essay")["items"][0]["slug"]
    (tmp_path / "essay.txt").write_text(ESSAY)
    told = _run(tmp_path, "questions", "try", essay, "--answer", tmp_path / "essay.txt")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.startswith("built-in ")
    fields = _shown(tmp_path, "questions", essay)
    fields["rubric"]["accuracy"]["levels"][1] = "Good answer"
    tried = _json(tmp_path, "questions", "try", _file(tmp_path, fields), "--answer", ESSAY)
    assert ([each["producer"] for each in tried["essay"]], tried["lint"][0]["pointer"]) == (["built-in"], "/accuracy/levels/1")
    assert _trail(tmp_path) == [("question:try", None)] * 4


def test_a_grader_that_is_away_is_told(installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in one speaks all the same, and the exit code says that the trial is not whole."""
    monkeypatch.setenv("ASSAY_OPENAI_API_KEY", "sk-nobody")
    monkeypatch.setenv("ASSAY_OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    essay = _json(tmp_path, "questions", "list", "--track", TRACK, "--type", "essay")["items"][0]["slug"]
    told = _run(tmp_path, "questions", "try", essay, "--answer", ESSAY)
    assert told.exit_code == 2
    first, second, *_ = told.stdout.splitlines()
    assert first.startswith("openai ")
    assert first.endswith(": could not be asked (unavailable)")
    assert second.startswith("built-in ")
