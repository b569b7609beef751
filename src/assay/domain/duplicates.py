"""Which texts of many are nearly the same: MinHash signatures, put into buckets by bands, and each suspicion counted out.

A. Broder, "On the resemblance and containment of documents" (1997); bands as in Leskovec, Rajaraman, Ullman, "Mining of Massive
Datasets", 3.4. With 32 hashes in 8 bands of 4, two texts that share 0.8 of their word triples are found with probability 0.98.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
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


def alike(texts: Iterable[tuple[str, str]], least: float = ALIKE) -> list[Alike]:
    """Pairs of `texts` (name, text) that share at least `least` of their word triples, nearest first.

    Keeps some 500 bytes of each text. A text with fewer than three words is like none.
    """
    shingles: dict[str, npt.NDArray[np.uint64]] = {}
    buckets: dict[tuple[int, bytes], list[str]] = defaultdict(list)
    for name, text in texts:
        triples = _triples(text)
        if len(triples):
            shingles[name] = triples
            for number, band in enumerate(_bands(triples)):
                buckets[number, band].append(name)
    suspected = {pair for names in buckets.values() for pair in _pairs(names[:_CROWD])}
    found = (Alike(one, other, _share(shingles[one], shingles[other])) for one, other in suspected)
    return sorted((pair for pair in found if pair.share >= least), key=lambda pair: (-pair.share, pair.one, pair.other))


def _triples(text: str) -> npt.NDArray[np.uint64]:
    words = _TOKEN.findall(text.casefold())
    told = {" ".join(words[start : start + _WORDS]) for start in range(len(words) - _WORDS + 1)}
    return np.array(sorted(int(text_hash(each)[:16], 16) for each in told), dtype=np.uint64)


def _bands(triples: npt.NDArray[np.uint64]) -> Iterator[bytes]:
    signature = (triples[:, None] * _FACTORS + _OFFSETS).min(axis=0)
    yield from (signature[start : start + _BAND].tobytes() for start in range(0, _HASHES, _BAND))


def _pairs(names: list[str]) -> Iterator[tuple[str, str]]:
    return ((one, other) for place, one in enumerate(names) for other in names[place + 1 :])


def _share(one: npt.NDArray[np.uint64], other: npt.NDArray[np.uint64]) -> float:
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)
