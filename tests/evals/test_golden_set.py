"""The golden set of retrieval: the rules of the judge, what was derived from the profiles, and how the halves are drawn."""

from collections import Counter
from typing import Any

import pytest

from assay.domain.credentials import CredentialContent
from assay.domain.tracks import TrackContent
from evals import golden
from evals.advisor import Student, grade
from evals.essays import Half
from evals.golden import of_half
from evals.retrieval_queries import elsewhere

TRACK = TrackContent(name="Backend Engineer", description="Builds services that others rely on.", skill_focus=("sql", "http"))


def _student(**changes: Any) -> Student:
    values = {
        "id": "s",
        "half": "dev",
        "track": "backend",
        "who": "somebody",
        "base": 1,
        "mastery": {},
        "interests": {},
        "pace": "steady",
        "goal": "",
        "wish": "",
    }
    return Student.model_validate({**values, **changes})


def _credential(**changes: Any) -> CredentialContent:
    values = {
        "title": "More SQL",
        "provider": "Northfold",
        "description": "A course in which forty queries are written, read and improved.",
        "outcomes": ("Write a query.",),
        "skills": ("sql",),
        "level": "intermediate",
        "workload_hours": 20,
    }
    return CredentialContent.model_validate({**values, **changes})


FIRST = _credential(level="beginner")


@pytest.mark.parametrize(
    ("student", "credential", "expected"),
    [
        ({}, {}, 3),
        ({}, {"level": "beginner"}, 2),
        ({}, {"level": "advanced"}, 2),
        ({"mastery": {"sql": 3}}, {}, 0),
        ({"mastery": {"sql": 0}}, {"level": "advanced"}, 0),
        ({"mastery": {"sql": 2}}, {"level": "advanced"}, 2),
        ({"mastery": {"sql": 2}, "interests": {"sql": 1.0}}, {"level": "advanced"}, 3),
        ({"interests": {"sql": -1.0}}, {}, 2),
        ({}, {"language": "de"}, 0),
        ({}, {"skills": ("pottery",)}, 0),
        ({"interests": {"pottery": 1.0}}, {"skills": ("pottery",)}, 2),
        ({}, {"skills": ("pottery", "sql")}, 2),
        ({"mastery": {"go": 0}}, {"prerequisite_skills": ("go",)}, 2),
        ({"mastery": {"go": 0, "css": 0}}, {"prerequisite_skills": ("go", "css")}, 0),
        ({"mastery": {"sql": 0}}, {"prerequisites": ("first",)}, 1),
        ({"pace": "light"}, {"workload_hours": 60}, 2),
        ({"pace": "flexible"}, {"workload_hours": 600}, 3),
    ],
)
def test_the_written_rules(student: dict[str, Any], credential: dict[str, Any], expected: int) -> None:
    """Each rule of evals/retrieval/README.md, alone."""
    assert grade(_student(**student), TRACK, _credential(**credential), {"first": FIRST}) == expected


def test_what_was_not_told_is_as_the_base() -> None:
    """Neither a mastery nor a wish that no answer told of counts."""
    student = _student(mastery={"sql": 3, "http": 0}, interests={"sql": 1.0, "http": 1.0}).as_far_as({"http"}, {"sql"})
    assert (student.knows("sql"), student.knows("http"), student.wishes("sql"), student.wishes("http")) == (1, 0, True, False)


def test_queries_and_judgments_are_those_of_the_profiles() -> None:
    """What is stored can be computed again; after a change of seeds or profiles `python -m evals.golden` writes both anew."""
    everybody = golden.students()
    assert golden.answered() == [golden.answer(student) for student in everybody]
    assert golden.qrels() == [judgment for student in everybody for judgment in golden.judgments(student)]


def test_a_student_is_drawn_again_with_other_luck() -> None:
    """The first draw is the stored one; further ones ask and answer otherwise, of the same student, the same at every time."""
    some = golden.students()[::6]
    draws = [[golden.answer(golden.drawn_again(student, draw)) for student in some] for draw in (1, 2, 3, 2)]
    assert draws[0] == golden.answered()[::6]
    assert draws[1] == draws[3]
    asked = [[(sorted(given.theory), sorted(given.essays)) for given in drawn] for drawn in draws[:3]]
    assert sum(one == other for one, other in zip(asked[0], asked[1], strict=True)) < len(some) / 5
    assert sum(one == other for one, other in zip(asked[1], asked[2], strict=True)) < len(some) / 5


def test_the_set_is_large_enough() -> None:
    """At least sixty queries over all six tracks, each with five relevant credentials or more; texts of every quality for each topic."""
    everybody = golden.students()
    assert len(everybody) >= 60
    assert len({student.track for student in everybody}) == 6
    relevant = Counter(judgment.query_id for judgment in golden.qrels() if judgment.grade >= 2)
    assert min(relevant[student.id] for student in everybody) >= 5
    topics = Counter(essay.question for essay in golden.essays().values() if essay.question)
    assert set(topics.values()) == {3}


def test_the_held_out_half_is_balanced() -> None:
    """Of the held-out students each track has six, two on each level; all others may be looked at."""
    everybody = golden.students()
    held_out = Counter((student.track, student.base) for student in everybody if student.half is Half.TEST)
    assert len(held_out) == 18
    assert set(held_out.values()) == {2}
    assert len(of_half(Half.TEST)) == 36
    assert [given.id for given in of_half(Half.DEV)] == [student.id for student in everybody if student.half is Half.DEV]


def test_what_stands_in_for_an_essay_is_about_something_else() -> None:
    """No text of the student's own track is put in its place."""
    asked = {seed.slug: seed.tracks for seed in golden.seeds().questions}
    of = {essay.essay: essay.question for essay in golden.essays().values()}
    for given in of_half(Half.DEV):
        texts = elsewhere(given)
        assert len(texts) == len(given.essays)
        assert all(of[text] is None or given.track not in asked[str(of[text])] for text in texts)
