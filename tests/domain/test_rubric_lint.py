"""Weak rubrics are found by place; those that we ship have none."""

import pytest

from assay.domain.rubric import DimensionRubric, KeyPoint, Rubric
from assay.domain.rubric_lint import Fault, lint
from assay.embedded.content import seeds_folder
from assay.services import seeding

LEVELS = (
    "Nothing is said about caches.",
    "A cache is named without what it holds.",
    "What a cache holds is said, but not when it is wrong.",
    "Staleness is explained for one kind of cache.",
    "Staleness, eviction and invalidation follow from each other.",
)
POINTS = (
    KeyPoint(id="copy", text="A cache holds a copy of what is far away."),
    KeyPoint(id="stale", text="What was copied may have changed since."),
)


def rubric(*changed: tuple[int, str], points: tuple[KeyPoint, ...] = POINTS) -> Rubric:
    """A sound rubric whose levels of accuracy are `changed`."""
    levels = list(LEVELS)
    for level, text in changed:
        levels[level] = text
    plain = DimensionRubric(levels=LEVELS)
    return Rubric(clarity=plain, accuracy=DimensionRubric(levels=tuple(levels)), coherence=plain, key_points=points)


def test_a_sound_rubric_has_no_findings() -> None:
    """Distinct levels that say what is seen."""
    assert lint(rubric()) == ()


@pytest.mark.parametrize(
    ("changed", "kind", "pointer"),
    [
        ((3, "A good explanation of staleness."), Fault.VAGUE, "/accuracy/levels/3"),
        ((2, "What a cache holds, its size etc. are said."), Fault.OPEN_END, "/accuracy/levels/2"),
        ((4, "Complete."), Fault.TOO_SHORT, "/accuracy/levels/4"),
        ((4, "Staleness is explained for each kind of cache."), Fault.LEVELS_ALIKE, "/accuracy/levels/4"),
    ],
)
def test_a_weak_level_is_found(changed: tuple[int, str], kind: Fault, pointer: str) -> None:
    """By its place and kind, and nothing else is complained about."""
    assert [(found.kind, found.pointer) for found in lint(rubric(changed))] == [(kind, pointer)]


def test_two_points_that_are_one() -> None:
    """Whoever makes one makes both, so that it would count twice."""
    twice = (*POINTS, KeyPoint(id="again", text="A cache holds a copy of what was far away."))
    assert [(found.kind, found.pointer) for found in lint(rubric(points=twice))] == [(Fault.POINTS_ALIKE, "/keyPoints/2/text")]


def test_the_rubrics_we_ship_are_sound() -> None:
    """Each rubric of the seed bank passes its own lint."""
    found = [
        (seed.slug, each.pointer, each.message)
        for seed in seeding.read(seeds_folder()).questions
        if seed.rubric
        for each in lint(seed.rubric)
    ]
    assert found == []
