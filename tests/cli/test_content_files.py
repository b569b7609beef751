"""Tracks and questions as files: what is shown is read back as it was, what is no such file is refused by its place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.cli import content_files
from assay.domain.errors import Invalid
from assay.domain.preconditions import tag
from assay.kit.ids import new_id
from assay.services import seeding
from assay.services.question_edits import QuestionCreate, QuestionRead
from assay.services.seeding import SeedQuestion

SEEDS = seeding.read(Path(__file__).parents[2] / "seeds")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=10, max_size=60)


def _read_of(question: SeedQuestion) -> QuestionRead:
    return QuestionRead(**question.model_dump(by_alias=False), id=new_id(), version=1, is_active=True, changed_at=datetime.now(UTC))


def _round(state: QuestionRead, folder: Path, *, as_json: bool) -> QuestionCreate:
    file = folder / ("question.json" if as_json else "question.yaml")
    file.write_text(content_files.text_of(QuestionCreate, state, as_json=as_json), encoding="utf-8", newline="")
    wanted, seen = content_files.read(QuestionCreate, file)
    assert seen == {tag(state)}
    return wanted


def test_every_seed_goes_to_a_file_and_back(tmp_path: Path) -> None:
    """All formats, rubrics and signals, as YAML and as JSON."""
    for seed in SEEDS.questions:
        for as_json in (False, True):
            wanted = _round(_read_of(seed), tmp_path, as_json=as_json)
            assert (wanted.content.hash, wanted.slug, wanted.difficulty, wanted.tracks) == (
                seed.content.hash,
                seed.slug,
                seed.difficulty,
                seed.tracks,
            )


@given(prompt=TEXTS, as_json=st.booleans())
def test_no_text_is_changed_by_a_file(tmp_path_factory: pytest.TempPathFactory, prompt: str, *, as_json: bool) -> None:
    """Whatever a prompt is made of: line ends, white space, marks of YAML, characters of any plane."""
    state = _read_of(SEEDS.questions[0]).model_copy(update={"prompt": prompt})
    assert _round(state, tmp_path_factory.getbasetemp(), as_json=as_json).prompt == prompt


def test_an_essay_says_nothing_of_rules(tmp_path: Path) -> None:
    """A file begins with slug and etag, and what judges other types is not in it."""
    essay = next(seed for seed in SEEDS.questions if seed.rubric)
    text = content_files.text_of(QuestionCreate, _read_of(essay), as_json=False)
    names = [line.split(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    assert names[:2] == ["slug", "etag"]
    assert {"isActive", "rubric", "difficulty"} <= set(names)
    assert not {"rule", "signals", "id", "version", "changedAt"} & set(names)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.yaml", "slug: [", "a.yaml cannot be read: "),
        ("a.json", "{", "a.json cannot be read: "),
        ("a.yaml", "\xff", "a.yaml cannot be read: "),
        ("a.yaml", "- one", "a.yaml does not hold the fields of one thing."),
        ("a.yaml", "slug: a\n", "a.yaml does not fit:"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str, content: str, told: str) -> None:
    """Neither YAML nor JSON, not UTF-8, a list, or what lacks fields."""
    (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(Invalid) as refused:
        content_files.read(QuestionCreate, tmp_path / name)
    assert refused.value.detail.startswith(told)


def test_wrong_fields_are_named_by_pointer(tmp_path: Path) -> None:
    """Each by its place, one whose name is a pointer's own mark too."""
    file = tmp_path / "question.yaml"
    file.write_text('slug: a\ntype: essay\nformat: essay\nprompt: short\n"a/b": 1\n')
    with pytest.raises(Invalid) as refused:
        content_files.read(QuestionCreate, file)
    assert {problem.pointer for problem in refused.value.problems} == {"/prompt", "/a~1b"}
