"""Spelling as the built-in grader reads over it: what a misspelt or very informal word stands for, so that only clarity pays for it.

A word is known when the tokenizer of the built-in embedder has it whole; a misspelt one falls into pieces, and its vector with it. The
correction is Norvig's (2007): what is known one slip away, first among the words of the question and its key points, then the most
frequent. Initials are read as what the question or the trade means by them. Only clarity looks at the text as it was written.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase
from typing import Final

from assay.ai.builtin_language import stem
from assay.ai.builtin_vocabulary import GLOSSARY, PLAIN

_WORD: Final = re.compile(r"(?<![\w`.'\u2019/-])[a-z]{4,24}(?![\w`'\u2019/-])")
_TRADE: Final = "|".join(map(re.escape, sorted(GLOSSARY, key=len, reverse=True)))
_ABBREVIATED: Final = re.compile(rf"(?<![\w`./-])(?:{_TRADE}|[A-Z]{{3,5}})(?![\w/-])")
_JOINED: Final = re.compile(r"\b[A-Za-z]+[a-z][A-Z]\w+|\b[a-z]+_\w+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_KNOWN: Final = re.compile(r"\u2581([A-Za-z]{3,})")
_PLAIN: Final = re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in PLAIN)})(?!\w)", re.IGNORECASE)
_ENDINGS: Final = ("s", "es", "ed", "d", "ing", "ly", "er", "ers", "r", "rs", "ness", "able")
_PREFIXES: Final = ("un", "re", "in", "non", "over", "dis", "pre")
_LONG: Final = 8
"""Letters from which two slips still leave a word of the question recognisable."""

type Spelling = Callable[[str], str]


@cache
def lexicon() -> dict[str, int]:
    """Words the tokenizer has whole, with their rank (lower is more frequent); without its file empty, and nothing is corrected."""
    found = find_spec("wordllama")
    if found is None or found.origin is None:
        return {}
    path = Path(found.origin).parent / "tokenizers" / "l2_supercat_tokenizer_config.json"
    try:
        tokens: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    except (OSError, ValueError, KeyError):
        return {}
    ranked = sorted(((hit[1].lower(), rank) for token, rank in tokens.items() if (hit := _KNOWN.fullmatch(token))), key=lambda one: -one[1])
    return dict(ranked)


def spelling(texts: Sequence[str]) -> Spelling:
    """How to read an essay on the subject of `texts`: a function that gives a text with its slips and chat words replaced."""
    topic = frozenset(word for text in texts for word in re.findall(r"[a-z]{4,}", text.lower()))
    stems = frozenset(stem(word) for word in topic)
    given = frozenset(word for text in texts for word in re.findall(r"\w+", text))
    short = acronyms(texts)

    @lru_cache(maxsize=5_000)
    def read(word: str) -> str:
        if not lexicon() or word in lexicon() or word in topic or stem(word) in stems:
            return word
        return corrected(word, topic) or word

    def plain(text: str) -> str:
        text = _ABBREVIATED.sub(lambda hit: hit[0] if hit[0] in given else short.get(hit[0]) or GLOSSARY.get(hit[0], hit[0]), text)
        text = _JOINED.sub(lambda hit: hit[0] if hit[0] in given else _HUMP.sub(" ", hit[0]), text)
        text = _PLAIN.sub(lambda hit: PLAIN[hit[0].lower()], text)
        return _WORD.sub(lambda hit: read(hit[0]), text)

    return plain


def acronyms(texts: Sequence[str]) -> dict[str, str]:
    """What three to five initials can stand for: words that follow one another in `texts`, hyphenated ones in parts."""
    found: dict[str, str] = {}
    for text in texts:
        said = re.findall(r"[A-Za-z]+", text)
        for length in (3, 4, 5):
            for place in range(len(said) - length + 1):
                phrase = said[place : place + length]
                if min(map(len, phrase)) > 2:
                    found.setdefault("".join(word[0] for word in phrase).upper(), " ".join(phrase))
    return found


def corrected(word: str, topic: frozenset[str]) -> str | None:
    """The word that unknown `word` most likely stands for; None when nothing known is near."""
    near = one_slip(word)
    if meant := near & topic:
        return min(meant)
    if len(word) >= _LONG and (meant := {other for other in topic if other[0] == word[0] and two_slips(word, other)}):
        return min(meant)
    if _inflected(word):
        return None
    known = (other for other in near & lexicon().keys() if len(other) > 3)
    common = {other for other in known if _begins_alike(word, other) or sorted(other) == sorted(word)}
    return min(common, key=lexicon().__getitem__) if common else None


def one_slip(word: str) -> set[str]:
    """All strings that one left out, doubled, wrong or swapped letter away from `word`."""
    halves = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    shorter = {left + right[1:] for left, right in halves if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1}
    wrong = {left + letter + right[1:] for left, right in halves if right for letter in ascii_lowercase}
    longer = {left + letter + right for left, right in halves for letter in ascii_lowercase}
    return shorter | swapped | wrong | longer


def two_slips(word: str, other: str) -> bool:
    """Whether two slips at most lie between the two (optimal string alignment: a swap counts once)."""
    if abs(len(word) - len(other)) > 2:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(word, 1):
        above, row, older = row, [place], before
        for column, against in enumerate(other, 1):
            least = min(above[column] + 1, row[column - 1] + 1, above[column - 1] + (letter != against))
            if place > 1 and column > 1 and letter == other[column - 2] and word[place - 2] == against:
                least = min(least, older[column - 2] + 1)
            row.append(least)
        before = above
    return row[-1] <= 2


def _begins_alike(word: str, other: str) -> bool:
    return len(word) > 4 and word[0] == other[0]


def _inflected(word: str) -> bool:
    """Whether a known word stands in `word` under a common ending or prefix."""
    known = lexicon()
    for ending in _ENDINGS:
        base = word.removesuffix(ending)
        if base != word and len(base) > 3:
            forms = {base, base[:-1] if base[-1] == base[-2] else base, base[:-1] + "y" if base[-1] == "i" else base}
            if forms & known.keys() or (ending != "s" and base + "e" in known):
                return True
    return any(word.startswith(prefix) and len(word) > len(prefix) + 3 and word[len(prefix) :] in known for prefix in _PREFIXES)
