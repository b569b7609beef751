"""Caps: what was noticed bounds what a level counts for, in the open; the level itself and what is held stay."""

from typing import get_args

import pytest
from factories import rubric
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.domain import caps
from assay.domain.grading import DimensionVerdict, Verdict
from assay.domain.prechecks import FlagKind
from assay.domain.rubric import MAX_LEVEL, Dimension, FlagName, Rubric

FLAGS = st.lists(st.sampled_from(get_args(FlagName.__value__)), unique=True, max_size=4).map(tuple)
LEVELS = st.tuples(*[st.integers(0, MAX_LEVEL) | st.none()] * 3)


def verdict(*levels: int | None, flags: tuple[str, ...] = ()) -> Verdict:
    """A verdict with these levels; None is held."""
    dimensions = {
        name: DimensionVerdict(level=level, rationale="Because.", held=level is None) for name, level in zip(Dimension, levels, strict=True)
    }
    return Verdict(dimensions=dimensions, flags=flags)


def counts(found: Verdict) -> list[int | None]:
    """What each dimension counts for."""
    return [given.counts for given in found.dimensions.values()]


def test_the_names_of_flags_are_those_of_the_pre_checks() -> None:
    """The rubric knows flags by name alone; both lists are one."""
    assert set(get_args(FlagName.__value__)) == {kind.value for kind in FlagKind}
    assert set(caps.REASONS) == set(get_args(FlagName.__value__))


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("blank", [0, 0, 0]),
        ("gibberish", [1, 1, 1]),
        ("wrong_language", [1, 2, 2]),
        ("copied_prompt", [2, 2, 2]),
        ("too_short", [4, 3, 3]),
        ("repetition", [4, 4, 4]),
        ("hidden_characters", [4, 4, 4]),
        ("encoded", [4, 4, 4]),
        ("instruction_like", [4, 4, 4]),
    ],
)
def test_the_usual_caps(flag: str, expected: list[int]) -> None:
    """What a rubric that says nothing of caps does; an attempt to speak to the grader costs nothing by itself."""
    assert counts(caps.apply(verdict(4, 4, 4, flags=(flag,)), rubric())) == expected


def test_a_cap_stands_beside_the_level_with_its_reason() -> None:
    """Nothing is clamped in silence: level, what it counts for, flag, cap and a sentence are all there."""
    given = caps.apply(verdict(4, 1, 3, flags=("too_short", "copied_prompt")), rubric()).dimensions
    clarity = given[Dimension.CLARITY]
    assert (clarity.level, clarity.effective_level, clarity.counts) == (4, 2, 2)
    assert clarity.cap is not None
    assert (clarity.cap.flag, clarity.cap.level) == ("copied_prompt", 2)
    assert clarity.cap.reason == "Much of the answer repeats the question."
    assert (given[Dimension.ACCURACY].effective_level, given[Dimension.ACCURACY].cap) == (None, None)


def test_a_rubric_replaces_a_cap_or_switches_it_off() -> None:
    """Flag by flag; what the rubric does not name stays as usual."""
    own = rubric(caps={"too_short": {"clarity": 0}, "copied_prompt": None, "repetition": {"coherence": 1}})
    assert counts(caps.apply(verdict(4, 4, 4, flags=("too_short",)), own)) == [0, 4, 4]
    assert counts(caps.apply(verdict(4, 4, 4, flags=("copied_prompt",)), own)) == [4, 4, 4]
    assert counts(caps.apply(verdict(4, 4, 4, flags=("repetition",)), own)) == [4, 4, 1]
    assert counts(caps.apply(verdict(4, 4, 4, flags=("wrong_language",)), own)) == [1, 2, 2]


@pytest.mark.parametrize(
    "wrong", [{"too_long": {"clarity": 1}}, {"blank": {"style": 1}}, {"blank": {"clarity": 5}}, {"blank": {"clarity": "1"}}]
)
def test_a_cap_that_names_nothing_is_refused(wrong: dict[str, object]) -> None:
    """Unknown flags, unknown dimensions and levels outside 0 to 4."""
    with pytest.raises(ValidationError):
        rubric(caps=wrong)


def test_a_rubric_without_caps_has_the_hash_it_always_had() -> None:
    """Stored scores are addressed by it: the field counts only where it says something."""
    assert "caps" not in rubric().model_dump(mode="json")
    assert rubric(caps={}).hash == rubric().hash
    capped = rubric(caps={"too_short": None})
    assert capped.hash != rubric().hash
    assert Rubric.model_validate_json(capped.model_dump_json()).caps == {"too_short": None}


@given(levels=LEVELS, flags=FLAGS)
def test_caps_never_raise_a_level_and_never_touch_one_that_is_held(levels: tuple[int | None, ...], flags: tuple[str, ...]) -> None:
    """For every combination: the level stays, what counts is at most the level, held stays held, a cap has a reason."""
    before = verdict(*levels, flags=flags)
    after = caps.apply(before, rubric())
    for name, given_before in before.dimensions.items():
        given_after = after.dimensions[name]
        assert (given_after.level, given_after.held) == (given_before.level, given_before.held)
        assert (given_after.counts is None) == given_before.held
        assert given_after.counts is None or given_after.counts <= (given_before.level or 0)
        assert (given_after.cap is None) == (given_after.effective_level is None)
    assert after.levels() == {name: given.counts for name, given in after.dimensions.items() if not given.held}
