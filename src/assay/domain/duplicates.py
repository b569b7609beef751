"""Which texts of many are nearly the same: MinHash signatures, put into buckets by bands, and each suspicion counted out.

A. Broder, "On the resemblance and containment of documents" (1997); bands as in Leskovec, Rajaraman, Ullman, "Mining of Massive
Datasets", 3.4. With 32 hashes in 8 bands of 4, two texts that share 0.8 of their word triples are found with probability 0.98.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from assay.kit.hashing import text_hash

ALIKE: Final = 0.8
"""Share of word triples (Jaccard) from which on two texts are told as nearly the same."""
_HASHES: Final = 32
_BAND: Final = 4
_WORDS: Final = 3
_CROWD: Final = 50
"""Of a bucket with more texts the first are compared: a boilerplate text would be compared with itself a million times."""
_TOKEN: Final = re.compile(r"\w+")
_DICE: Final = np.random.default_rng(1997)
_FACTORS: Final = _DICE.integers(1, 2**32, _HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_OFFSETS: Final = _DICE.integers(0, 2**63, _HASHES, dtype=np.uint64)


class Alike(NamedTuple):
    """Two texts by their names, and the share of word triples that they have in common."""

    one: str
    other: str
    share: float


class Wordings:
    """Texts as far as they are needed to compare them: some 600 bytes of each, whatever its length."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._triples: list[npt.NDArray[np.uint64]] = []
        self._bands: list[npt.NDArray[np.uint64]] = []

    def add(self, name: str, text: str) -> None:
        """Take notice of a text. One with fewer than three words is like none."""
        triples = _triples(text)
        if len(triples):
            self._names.append(name)
            self._triples.append(triples)
            signature = (triples[:, None] * _FACTORS + _OFFSETS).min(axis=0).reshape(-1, _BAND)
            self._bands.append((signature * _FACTORS[:_BAND]).sum(axis=1, dtype=np.uint64))

    def alike(self, least: float = ALIKE) -> list[Alike]:
        """Pairs that share at least `least` of their word triples, nearest first."""
        bands = np.stack(self._bands) if self._bands else np.empty((0, 0), dtype=np.uint64)
        suspected = {pair for band in bands.T for bucket in _buckets(band) for pair in _pairs(bucket)}
        found = (Alike(self._names[one], self._names[other], self._share(one, other)) for one, other in suspected)
        return sorted((pair for pair in found if pair.share >= least), key=lambda pair: (-pair.share, pair.one, pair.other))

    def _share(self, one: int, other: int) -> float:
        mine, theirs = self._triples[one], self._triples[other]
        common = len(np.intersect1d(mine, theirs, assume_unique=True))
        return common / (len(mine) + len(theirs) - common)


def _triples(text: str) -> npt.NDArray[np.uint64]:
    words = _TOKEN.findall(text.casefold())
    told = {" ".join(words[start : start + _WORDS]) for start in range(len(words) - _WORDS + 1)}
    return np.array(sorted(int(text_hash(each)[:16], 16) for each in told), dtype=np.uint64)


def _buckets(band: npt.NDArray[np.uint64]) -> Iterator[list[int]]:
    """Places with an equal value, of each value that occurs more than once."""
    order = np.argsort(band, kind="stable")
    ends = np.flatnonzero(np.diff(band[order])) + 1
    for bucket in np.split(order, ends):
        if len(bucket) > 1:
            yield [int(place) for place in bucket[:_CROWD]]


def _pairs(places: list[int]) -> Iterator[tuple[int, int]]:
    return ((one, other) for number, one in enumerate(places) for other in places[number + 1 :])
