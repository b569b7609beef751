"""What moved between a recommendation and a ranking under other assumptions, credential by credential, and why. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from assay.domain.ranking import ADJUSTMENTS, Appraisal, RankedItem, Ranking
from assay.domain.suitability import Objection, Reason, joined
from assay.kit.model import Value

_SIGNAL: Final = {"level_fit": "level", "level_misfit": "level"}
"""Reason codes that are two sides of one signal."""
_TOLD: Final = 2
"""Changed reasons that are told of a credential."""
_SEEN: Final = 0.005
"""A smaller change of a contribution is not told: it would read 0.00."""
_NOTHING: Final = Reason(code="", text="", contribution=0.0)


class Recommended(NamedTuple):
    """A credential as it was recommended, `rank` counting from 1."""

    credential_id: UUID
    title: str
    rank: int
    score: float
    reasons: tuple[Reason, ...]


class MovedItem(Value):
    """A credential as it would be recommended. `moved` counts places, upwards positive; null for one that was not recommended."""

    credential_id: UUID
    title: str
    rank: int
    previous_rank: int | None
    moved: int | None
    score: float
    reasons: tuple[Reason, ...]
    why: str


class RemovedItem(Value):
    """A credential that would no longer be recommended, and why not."""

    credential_id: UUID
    title: str
    previous_rank: int
    code: str
    reason: str


class Moves(NamedTuple):
    """A ranking against what was recommended."""

    items: tuple[MovedItem, ...]
    removed: tuple[RemovedItem, ...]

    @property
    def summary(self) -> str:
        """How many moved where, as a sentence."""
        counted = Counter(_direction(item.moved) for item in self.items)
        counted["no longer recommended"] = len(self.removed)
        told = [f"{counted[what]} {what}" for what in ("up", "down", "new", "no longer recommended") if counted[what]]
        return f"Of {len(self.items)} recommendations: {joined(told)}." if told else "Nothing changes its place."


def compare(
    recommended: Sequence[Recommended], before: Appraisal, after: Ranking, ruled_out: Mapping[UUID, Objection] = MappingProxyType({})
) -> Moves:
    """What moved from `recommended` to `after`, and why; `before` tells how what was not recommended stood.

    `ruled_out` says what speaks against credentials (by id) that are not even among the candidates any more: that nothing finds them
    would be a poorer reason.
    """
    was = {each.credential_id: each for each in recommended}
    now = {item.candidate.credential_id for item in after.items}
    excluded = {**ruled_out, **{each.credential_id: (each.code, each.reason) for each in after.excluded}}
    items = tuple(_moved(rank, item, was.get(item.candidate.credential_id), before) for rank, item in enumerate(after.items, start=1))
    return Moves(
        items, tuple(_removed(each, *excluded.get(each.credential_id, _NOT_FOUND)) for each in recommended if each.credential_id not in now)
    )


_NOT_FOUND: Final = ("not_found", "The search finds others closer to the role and to you.")


def _removed(was: Recommended, code: str, reason: str) -> RemovedItem:
    return RemovedItem(credential_id=was.credential_id, title=was.title, previous_rank=was.rank, code=code, reason=reason)


def _moved(rank: int, item: RankedItem, was: Recommended | None, before: Appraisal) -> MovedItem:
    return MovedItem(
        credential_id=item.candidate.credential_id,
        title=item.candidate.content.title,
        rank=rank,
        previous_rank=was.rank if was else None,
        moved=was.rank - rank if was else None,
        score=item.score,
        reasons=item.reasons,
        why=_why_still(rank, item, was) if was else _why_now(item, before),
    )


def _direction(moved: int | None) -> str:
    if moved is None:
        return "new"
    return "up" if moved > 0 else "down" if moved < 0 else "unmoved"


def _why_still(rank: int, item: RankedItem, was: Recommended) -> str:
    """Why a credential that was recommended stands where it would."""
    if differences := _differences(was.reasons, item.reasons):
        gain = item.score - was.score
        fits = "Fits better" if gain > 0 else "Fits less" if gain < 0 else "Fits as well as before"
        return f"{fits}: {differences}."
    return "Stays as it was." if rank == was.rank else "Fits as before; others changed places with it."


def _why_now(item: RankedItem, before: Appraisal) -> str:
    """Why a credential that was not recommended would be."""
    slug = item.candidate.slug
    if slug in before.refused:
        return f"Was left out before: {_inside(before.refused[slug].text)}."
    if slug not in before.scored:
        return f"Newly found: {_inside(item.reasons[0].text)} ({item.reasons[0].contribution:+.2f})."
    # what the list as a whole does to it has no counterpart in what it scored by itself
    own = [reason for reason in item.reasons if reason.code not in ADJUSTMENTS]
    differences = _differences(before.scored[slug].reasons, own)
    return f"New in the list: {differences}." if differences else "New in the list, where others made room."


def _differences(before: Sequence[Reason], after: Sequence[Reason]) -> str:
    """The signals whose contributions changed most, in words; empty when none did to speak of."""
    old, new = _by_signal(before), _by_signal(after)
    changes = {signal: new.get(signal, _NOTHING).contribution - old.get(signal, _NOTHING).contribution for signal in {**old, **new}}
    most = sorted((signal for signal in changes if abs(changes[signal]) >= _SEEN), key=lambda signal: (-abs(changes[signal]), signal))
    return "; ".join(f"{_said(old.get(signal), new.get(signal), changes[signal])} ({changes[signal]:+.2f})" for signal in most[:_TOLD])


def _said(old: Reason | None, new: Reason | None, change: float) -> str:
    if new is None:
        return f"no longer holds that “{old.text}”" if old else ""
    return f"less weight on “{new.text}”" if new.contribution * change < 0 else _inside(new.text)


def _by_signal(reasons: Sequence[Reason]) -> dict[str, Reason]:
    """One reason for each signal; of several with one code the last speaks for their sum."""
    found: dict[str, Reason] = {}
    for reason in reasons:
        signal = _SIGNAL.get(reason.code, reason.code)
        total = reason.contribution + found.get(signal, _NOTHING).contribution
        found[signal] = Reason(code=signal, text=reason.text, contribution=round(total, 4))
    return found


def _inside(text: str) -> str:
    """A sentence as part of another."""
    return f"{text[:1].lower()}{text[1:]}".rstrip(".")
