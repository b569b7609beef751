"""Seeds: valid as shipped, loaded once, named by file and field when wrong."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from assay.domain.questions import QuestionFormat, QuestionType
from assay.runtime import Runtime
from assay.services import seeding
from assay.services.seeding import SeedError

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def shipped() -> seeding.Seeds:
    """The content as shipped."""
    return seeding.read(SEEDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the seeds that a test may spoil."""
    return Path(shutil.copytree(SEEDS, tmp_path / "seeds"))


def _edit(path: Path, change: Any) -> None:
    loaded = yaml.safe_load(path.read_text())
    change(loaded)
    path.write_text(yaml.safe_dump(loaded, allow_unicode=True))


def _first(kind: str) -> Any:
    def pick(entries: list[dict[str, Any]]) -> dict[str, Any]:
        return next(entry for entry in entries if entry.get("type") == kind)

    return pick


@pytest.mark.parametrize("slug", ["backend-engineer", "data-analyst"])
def test_first_class_tracks_use_every_format(shipped: seeding.Seeds, slug: str) -> None:
    """At least 10 theoretical, 6 essay and 8 profile questions, all formats in use."""
    questions = [question for question in shipped.questions if slug in question.tracks]
    counts = {kind: sum(question.type is kind for question in questions) for kind in QuestionType}
    assert counts[QuestionType.THEORETICAL] >= 10
    assert counts[QuestionType.ESSAY] >= 6
    assert counts[QuestionType.PROFILE] >= 8
    assert {question.format for question in questions} == set(QuestionFormat)


def test_every_track_has_enough_for_two_different_bundles(shipped: seeding.Seeds) -> None:
    """Twice the mix of each type."""
    for track in shipped.tracks:
        for kind in QuestionType:
            available = sum(track.slug in question.tracks and question.type is kind for question in shipped.questions)
            assert available >= 2 * track.question_mix.count(kind), (track.slug, kind)


def test_the_catalog_is_wide(shipped: seeding.Seeds) -> None:
    """150 and more, every skill of every track served by several, some of no track at all."""
    assert len(shipped.credentials) >= 150
    focus = {skill for track in shipped.tracks for skill in track.skill_focus}
    for skill in focus:
        assert sum(skill in credential.skills for credential in shipped.credentials) >= 2, skill
    assert sum(not focus & set(credential.skills) for credential in shipped.credentials) >= 20


async def test_loading_again_changes_nothing(runtime: Runtime) -> None:
    """The report of a second load is all zeros but for the vocabulary."""
    report = await seeding.load(runtime.open_uow, SEEDS)
    assert (report.tracks, report.questions, report.credentials) == (0, 0, 0)


async def test_a_changed_question_becomes_a_new_version(runtime: Runtime, folder: Path) -> None:
    """The old version stays as it was; a changed track is one version further."""
    _edit(folder / "questions" / "data-analyst.yaml", lambda entries: entries[0].update(prompt="Rewritten for clarity, please answer."))
    _edit(folder / "tracks" / "data-analyst.yaml", lambda track: track.update(name="Data Analyst (new)"))
    _edit(folder / "credentials" / "data.yaml", lambda entries: entries[0].update(workloadHours=77))
    report = await seeding.load(runtime.open_uow, folder)
    assert (report.tracks, report.questions, report.credentials) == (1, 1, 1)
    async with runtime.open_uow() as uow:
        newest = (await uow.session.execute(text("SELECT max(version), count(*) FROM question_versions WHERE version = 2"))).one()
        track = await uow.tracks.by_slug("data-analyst")
    assert tuple(newest) == (2, 1)
    assert track is not None
    assert track.version == 2


async def test_a_question_that_only_moves_keeps_its_version(runtime: Runtime, folder: Path) -> None:
    """Another difficulty and another track are no new version of what is asked."""
    _edit(folder / "questions" / "data-analyst.yaml", lambda q: q[0].update(difficulty=3, tracks=["data-analyst", "backend-engineer"]))
    assert (await seeding.load(runtime.open_uow, folder)).questions == 1
    async with runtime.open_uow() as uow:
        versions = (await uow.session.execute(text("SELECT count(*) FROM question_versions WHERE version > 1"))).scalar_one()
        shared = (
            await uow.session.execute(text("SELECT max(n) FROM (SELECT count(*) n FROM question_tracks GROUP BY question_id) x"))
        ).scalar_one()
    assert (versions, shared) == (0, 2)


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        ("questions/data-analyst.yaml", lambda q: q[0].update(skills=["no-such-skill"]), "no skill called no-such-skill"),
        ("questions/data-analyst.yaml", lambda q: q[0].update(tracks=["no-such-track"]), "no track called no-such-track"),
        ("questions/data-analyst.yaml", lambda q: q[0].update(slug=q[1]["slug"]), "two question entries"),
        ("questions/data-analyst.yaml", lambda q: q[0].pop("prompt"), "prompt: Field required"),
        ("questions/data-analyst.yaml", lambda q: _first("theoretical")(q).pop("rule"), "need rule"),
        ("credentials/data.yaml", lambda c: c[0].update(prerequisites=["nothing"]), "no prerequisite called nothing"),
        ("tracks/data-analyst.yaml", lambda t: t.update(questionMix={"theoretical": 3, "essay": 3, "profile": 3}), "adds up to 10"),
        ("tracks/data-analyst.yaml", lambda t: t.update(questionMix={"theoretical": 0, "essay": 10, "profile": 0}), "needs 10 essay"),
    ],
)
def test_a_wrong_seed_is_named(folder: Path, path: str, change: Any, said: str) -> None:
    """The message leads to the entry and the field."""
    _edit(folder / path, change)
    with pytest.raises(SeedError, match=said):
        seeding.read(folder)
