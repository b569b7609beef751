"""What answers say of levels: a small Bayesian network, checked against summing over every state there is."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain import mastery
from assay.domain.mastery import TOP, Evidence, Levels, answered, declared, infer, mean, tempered, written

SKILLS = ("sql", "http", "caching")
likelihoods = st.tuples(*[st.floats(0.01, 1)] * 4)
some_evidence = st.lists(st.builds(Evidence, st.sampled_from(SKILLS), likelihoods), max_size=5)


def _summed(evidence: list[Evidence], skill: str | None) -> list[float]:
    """The distribution of `skill`, or of the general level, by summing the joint probability of all states."""
    found = [0.0] * (TOP + 1)
    kernel = mastery._kernel()
    for general, *levels in product(range(TOP + 1), repeat=1 + len(SKILLS)):
        chance = mastery._GENERAL[general]
        for level in levels:
            chance *= kernel[general][level]
        for each in evidence:
            chance *= each.likelihood[levels[SKILLS.index(each.skill)]]
        found[general if skill is None else levels[SKILLS.index(skill)]] += chance
    return [value / sum(found) for value in found]


@given(some_evidence)
def test_the_inference_is_exact(evidence: list[Evidence]) -> None:
    """The general level and each skill of which there is evidence have the probabilities of the whole network."""
    standing = infer(evidence)
    assert standing.general == pytest.approx(_summed(evidence, None))
    for skill in {each.skill for each in evidence}:
        assert standing.of(skill) == pytest.approx(_summed(evidence, skill))


@given(some_evidence)
def test_what_was_not_asked_is_as_the_rest(evidence: list[Evidence]) -> None:
    """A skill without evidence is taken to be at the general level."""
    standing = infer(evidence)
    assert standing.of("pottery") == standing.general


def _of(likelihood: Levels) -> float:
    return mean(infer([Evidence("sql", likelihood)]).of("sql"))


def test_more_shows_more() -> None:
    """More credit, a more accurate essay, more experience: each shows a higher level."""
    for difficulty in (1, 2, 3):
        assert _of(answered(0, difficulty)) < _of(answered(0.5, difficulty)) < _of(answered(1, difficulty))
    essays = [_of(written(accuracy)) for accuracy in range(5)]
    assert essays == sorted(essays)
    assert _of(declared(-0.5)) < _of(declared(0.2)) < _of(declared(0.8))


def test_an_easy_question_does_not_show_mastery_nor_a_hard_one_its_lack() -> None:
    """Right on an easy question leaves the upper levels as likely beside each other as before, wrong on a hard one the lower ones."""
    easy, hard = answered(1, 1), answered(0, 3)
    assert easy[1] == easy[2] == easy[3] > easy[0]
    assert hard[0] == hard[1] > hard[2] > hard[3]


def test_a_poor_essay_cannot_rule_out_mastery() -> None:
    """An essay may be judged wrongly or be about something else: no level becomes less than a tenth as likely by it."""
    assert min(written(0)) > 0.09


def test_what_counts_for_nothing_says_nothing() -> None:
    """A weight of 0 leaves every level as likely as before."""
    assert tempered(written(0), 0) == (1.0, 1.0, 1.0, 1.0)
