"""The static recommendation: the track's curated list in its own order, for when no search could speak."""

from collections.abc import Collection, Sequence
from typing import Final

from assay.domain.questions import Slug
from assay.domain.ranking import MAX_ITEMS, Excluded, RankedItem, Ranking, ranked
from assay.domain.suitability import COMPLETED, Candidate, Sign, discounted
from assay.domain.tracks import TrackContent

_LISTED: Final = "Comes from the curated list of the role, which stands in because the search could not run."
_BY_FOCUS: Final = "Teaches what the role asks for; it stands in because the search could not run."


def curated(
    track: TrackContent, listed: Sequence[Candidate], catalog: Sequence[Candidate] = (), completed: Collection[Slug] = ()
) -> Ranking:
    """The published ones of `listed` as they come; of `catalog`, those nearest to the role's focus, when there are none.

    What is `completed` is left out, and of the listed ones that is said. Scores fall evenly from 1 and say nothing but the place.
    """
    done = tuple(_done(candidate) for candidate in listed if candidate.published and candidate.slug in completed)
    if chosen := _open(listed, completed)[:MAX_ITEMS]:
        return _placed(chosen, _LISTED, done)
    return _placed(sorted(_open(catalog, completed), key=lambda each: _order(each, track))[:MAX_ITEMS], _BY_FOCUS, done)


def _open(candidates: Sequence[Candidate], completed: Collection[Slug]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.published and candidate.slug not in completed]


def _done(candidate: Candidate) -> Excluded:
    return Excluded(credential_id=candidate.credential_id, title=candidate.content.title, code=COMPLETED.code, reason=COMPLETED.text)


def _placed(chosen: Sequence[Candidate], text: str, excluded: tuple[Excluded, ...]) -> Ranking:
    return Ranking(
        items=tuple(_item(candidate, text, round(1 - place / len(chosen), 4)) for place, candidate in enumerate(chosen)), excluded=excluded
    )


def _item(candidate: Candidate, text: str, score: float) -> RankedItem:
    return ranked(candidate, [Sign("curated", score, str, (text,))])


def _order(candidate: Candidate, track: TrackContent) -> tuple[float, int, str]:
    focus = discounted(candidate.content.skills, (skill in track.skill_focus for skill in candidate.content.skills))
    return -focus, abs(candidate.content.level.rank - track.target_level.rank), candidate.slug
