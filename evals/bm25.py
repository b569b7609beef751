"""Okapi BM25, the usual baseline of text retrieval, over texts that fit into memory."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import Final

K1: Final = 1.2
B: Final = 0.75
_WORD: Final = re.compile(r"[a-z0-9]+(?:[+#]+)?")


def terms(text: str) -> list[str]:
    """The words of `text`, folded, plural s taken off; no stop words are left out, since BM25 gives them next to nothing."""
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in _WORD.findall(text.lower())]


class Bm25:
    """Scores as in Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the inverse document frequency of Lucene."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._counts = {name: Counter(terms(text)) for name, text in texts.items()}
        self._lengths = {name: counts.total() for name, counts in self._counts.items()}
        self._mean = sum(self._lengths.values()) / len(self._lengths) if self._lengths else 0.0
        self._containing = Counter(term for counts in self._counts.values() for term in counts)

    def rank(self, query: str, limit: int) -> Sequence[str]:
        """The `limit` best names for `query`, best first, ties by name; those without any of its words are left out."""
        wanted = Counter(terms(query))
        scores = {name: sum(times * self._score(name, term) for term, times in wanted.items()) for name in self._counts}
        return sorted((name for name, score in scores.items() if score > 0), key=lambda name: (-scores[name], name))[:limit]

    def _score(self, name: str, term: str) -> float:
        count = self._counts[name][term]
        if not count:
            return 0.0
        containing = self._containing[term]
        rarity = log(1 + (len(self._counts) - containing + 0.5) / (containing + 0.5))
        return rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * self._lengths[name] / self._mean))
