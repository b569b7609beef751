"""Several readings of one essay: which calls make them, in which order each is shown the levels, and what they say together.

A model that sees the same levels in another order should give the same one. The median of several readings is steadier than any of them
(self-consistency, Wang et al., 2022), and how far they lie apart says whether the essay is the kind that needs a person.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from statistics import median_low
from typing import Final, NamedTuple

from assay.domain.errors import Fault, ProviderError
from assay.domain.grading import DimensionDraft, DimensionVerdict, Part, Verdict, VerdictDraft
from assay.domain.rubric import MAX_LEVEL, Dimension, Rubric
from assay.kit.hashing import text_hash

QUOTES_AT_MOST: Final = 8
FEEDBACK_AT_MOST: Final = 4_000
"""What a draft has room for."""
HELD_FROM: Final = 2
"""Readings that lie so many levels apart are no basis for any of them."""
_NATURAL: Final = tuple(range(MAX_LEVEL + 1))


class Combined(NamedTuple):
    """What several readings say together, and how many levels they lie apart where there is more than one."""

    draft: VerdictDraft
    spreads: dict[Dimension, int]


def parts(*, by_dimension: bool = False, samples: int = 1) -> tuple[Part, ...]:
    """The calls about one essay: `samples` readings, each in one call or in one for each dimension."""
    dimensions = tuple(Dimension) if by_dimension else (None,)
    return tuple(Part(dimension=dimension, sample=sample) for sample in range(samples) for dimension in dimensions)


def level_order(rubric: Rubric, sample: int) -> tuple[int, ...]:
    """The order in which reading `sample` is shown the levels: from 0 up for the first, another one for each further reading.

    It depends on the rubric and the number alone, so that a reading can be asked for again.
    """
    orders = [_NATURAL]
    seed = 0
    while len(orders) <= sample:
        shuffled = sorted(_NATURAL, key=lambda level: text_hash(f"{rubric.hash}/{seed}/{level}"))
        if tuple(shuffled) not in orders:
            orders.append(tuple(shuffled))
        seed += 1
    return orders[sample]


def combine(drafts: Sequence[tuple[Part, VerdictDraft]], wanted: Iterable[Dimension] = Dimension) -> Combined:
    """The drafts of all calls as one: for each dimension the median level with the quotes of the readings that gave it.

    Words and topics are those of the reading that lies nearest to the medians. An even number of readings has the lower of the two middle
    levels. Raises `ProviderError(INVALID_REPLY)` when a reading does not cover the `wanted` dimensions.
    """
    readings = [_joined(group, set(wanted)) for group in _by_sample(drafts)]
    medians = {name: median_low([reading.dimensions[name].level for reading in readings]) for name in readings[0].dimensions}
    nearest = min(readings, key=lambda reading: sum(abs(reading.dimensions[name].level - level) for name, level in medians.items()))
    agreed = {
        name: _agreed([reading.dimensions[name] for reading in (nearest, *readings) if reading.dimensions[name].level == level])
        for name, level in medians.items()
    }
    if len(readings) == 1:
        return Combined(nearest, {})
    levels = {name: [reading.dimensions[name].level for reading in readings] for name in medians}
    return Combined(nearest.model_copy(update={"dimensions": agreed}), {name: max(each) - min(each) for name, each in levels.items()})


def settle(verdict: Verdict, spreads: dict[Dimension, int]) -> Verdict:
    """`verdict` with the spread of the readings beside each level; dimensions on which they lie too far apart are held."""
    if not spreads:
        return verdict
    dimensions = {name: _settled(given, spreads.get(name)) for name, given in verdict.dimensions.items()}
    return verdict.model_copy(update={"dimensions": dimensions})


def _by_sample(drafts: Sequence[tuple[Part, VerdictDraft]]) -> list[list[VerdictDraft]]:
    samples = sorted({part.sample for part, _ in drafts})
    return [[draft for part, draft in drafts if part.sample == sample] for sample in samples]


def _joined(drafts: Sequence[VerdictDraft], wanted: set[Dimension]) -> VerdictDraft:
    dimensions = {name: claim for draft in drafts for name, claim in draft.dimensions.items() if name in wanted}
    if set(dimensions) != wanted:
        raise ProviderError(Fault.INVALID_REPLY, "a reply without a dimension that was asked about")
    return VerdictDraft(
        dimensions={name: dimensions[name] for name in Dimension if name in wanted},
        feedback="\n".join(draft.feedback for draft in drafts if draft.feedback)[:FEEDBACK_AT_MOST],
        topics_well=tuple(chain.from_iterable(draft.topics_well for draft in drafts)),
        topics_missed=tuple(chain.from_iterable(draft.topics_missed for draft in drafts)),
    )


def _agreed(claims: Sequence[DimensionDraft]) -> DimensionDraft:
    """The first claim, with the quotes of all of them: of each its first, then of each its second, and so on."""
    quotes = dict.fromkeys(quote for row in zip_longest(*(claim.quotes for claim in claims)) for quote in row if quote)
    return claims[0].model_copy(update={"quotes": tuple(quotes)[:QUOTES_AT_MOST]})


def _settled(given: DimensionVerdict, spread: int | None) -> DimensionVerdict:
    if spread is None:
        return given
    if spread < HELD_FROM:
        return given.model_copy(update={"spread": spread})
    reason = "several readings of the essay came to levels that lie too far apart"
    return given.model_copy(update={"spread": spread, "level": None, "held": True, "held_reason": reason})
