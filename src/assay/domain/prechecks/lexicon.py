"""What a single word means to the pre-checks: its concepts in English and in other languages, seen through look-alikes and digits."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from assay.domain.prechecks.concepts import ENGLISH, Concept
from assay.domain.prechecks.vocabulary import SPACED, UNSPACED

_ELIDED: Final = 2
"""Letters before an apostrophe that stand for a word of their own: `l'essai`, `m'accorder`, `qu'il`."""
MAX_WORD: Final = 40
"""Longer words are no words of any list."""

_LOOKALIKES: Final = str.maketrans(
    {
        other: letter
        for letter, others in {
            "a": "\u0430\u03b1\u1d00\u0251\u0252",
            "b": "\u0432\u03b2\u0299\u044c\u044a",
            "c": "\u0441\u1d04\u0254",
            "d": "\u0501\u1d05\u0111\u00f0",
            "e": "\u0435\u03b5\u1d07\u025b",
            "f": "\ua730",
            "g": "\u0261\u0262\u0581",
            "h": "\u04bb\u029c\u043d\u0570\u0127",
            "i": "\u0456\u0457\u03b9\u0131\u026a\u0269",
            "j": "\u0458\u1d0a\u0237\u0575",
            "k": "\u043a\u03ba\u1d0b",
            "l": "\u029f\u0142\u04cf",
            "m": "\u043c\u1d0d",
            "n": "\u03b7\u0274\u0578",
            "o": "\u043e\u03bf\u03c3\u1d0f\u0585\u00f8",
            "p": "\u0440\u03c1\u1d18",
            "q": "\u051b",
            "r": "\u0433\u0280",
            "s": "\u0455\ua731",
            "t": "\u0442\u03c4\u1d1b\u0167",
            "u": "\u03c5\u1d1c\u057d",
            "v": "\u03bd\u1d20",
            "w": "\u051d\u03c9\u1d21",
            "x": "\u0445\u03c7",
            "y": "\u0443\u03b3\u028f",
            "z": "\u1d22",
        }.items()
        for other in others
    }
)
"""Letters of other scripts, and small capitals, under the Latin letters they look like (the commonest of Unicode TR 39)."""
_DIGITS: Final = str.maketrans("0134578@$", "oieastbas")


class Meaning(NamedTuple):
    """The concepts of a word in English, and by other language."""

    english: int
    foreign: Mapping[str, int]


_NONE: Final[Mapping[str, int]] = MappingProxyType({})
NOTHING: Final = Meaning(0, _NONE)


def plain(text: str) -> str:
    """`text` in the letters of the plain text: small, compatibility forms and marks away."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in decomposed if unicodedata.category(char) not in {"Mn", "Cf"})


def _listed(words: Mapping[Concept, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for concept, text in words.items():
        for word in plain(text).split():
            found[word] = found.get(word, 0) | concept.value
    return found


_ENGLISH: Final = _listed(ENGLISH)


def _by_language(chosen: Callable[[str], str]) -> dict[str, dict[str, int]]:
    """The concepts by language of the entries for which `chosen` gives a key."""
    found: dict[str, dict[str, int]] = {}
    for language, words in SPACED.items():
        for entry, concepts in _listed(words).items():
            if key := chosen(entry):
                found.setdefault(key, {})[language] = concepts
    return found


_WORDS: Final = _by_language(lambda entry: "" if "*" in entry else entry)
_STEMS: Final = _by_language(lambda entry: entry[:-1] if entry.endswith("*") else "")
_ENDINGS: Final = _by_language(lambda entry: entry[1:] if entry.startswith("*") else "")
_STEM_LENGTHS: Final = sorted(set(map(len, _STEMS)))
_ENDING_LENGTHS: Final = sorted(set(map(len, _ENDINGS)))
_SEARCHED: Final = _listed(UNSPACED)
_UNSPACED_WORD: Final = re.compile("|".join(sorted(map(re.escape, _SEARCHED), key=len, reverse=True)))
_ARABIC_PREFIX: Final = re.compile("^(?:[\u0648\u0641]?(?:\u0627\u0644|\u0644\u0644|\u0628\u0627\u0644)|[\u0648\u0641\u0628\u0644\u0643])")
_UNSPACED_LETTER: Final = re.compile("[\u0900-\u0dff\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(maxsize=1 << 14)
def meaning(word: str) -> Meaning:
    """What `word` (of the plain text) stands for."""
    if len(word) > MAX_WORD:
        return NOTHING
    elided = ""
    if "'" in word:
        elided = word[word.index("'") + 1 :] if word.index("'") <= _ELIDED else ""
        word = word.removesuffix("'s").replace("'", "")
    english, foreign = _ENGLISH.get(word, 0), _merged([_foreign(word), _foreign(elided)]) if elided else _foreign(word)
    if english or (word.isalpha() and word.isascii()):
        return Meaning(english, foreign)
    if unmasked := unmask(word):
        return Meaning(_ENGLISH.get(unmasked, 0), foreign)
    if "-" in word:
        parts = [meaning(part) for part in word.split("-") if part]
        return Meaning(_union(part.english for part in parts), _merged([foreign, *(part.foreign for part in parts)]))
    return Meaning(0, foreign)


def unmask(word: str) -> str:
    """The word that `word` looks like when letters of other scripts or digits stand for Latin letters; "" when it is no such word."""
    if word.isdecimal():
        return ""
    latin = word.translate(_LOOKALIKES)
    if latin != word and latin.isascii() and latin.isalpha():
        return latin
    read = word.translate(_DIGITS)
    return read if read != word and read.isascii() and read.isalpha() and len(read) > 1 and sum(map(str.isalpha, word)) else ""


def searched(text: str) -> int:
    """The concepts of the words that stand anywhere in `text`, for scripts that have no spaces between words."""
    return _union(_SEARCHED[hit[0]] for hit in _UNSPACED_WORD.finditer(text))


def is_unspaced(text: str) -> bool:
    """Whether `text` has letters of a script that is searched."""
    return not text.isascii() and bool(_UNSPACED_LETTER.search(text))


def _foreign(word: str) -> Mapping[str, int]:
    found = [_WORDS[word]] if word in _WORDS else []
    found += [_STEMS[word[:length]] for length in _STEM_LENGTHS if length <= len(word) and word[:length] in _STEMS]
    found += [_ENDINGS[word[-length:]] for length in _ENDING_LENGTHS if length <= len(word) and word[-length:] in _ENDINGS]
    if not found and "\u0620" <= word[0] <= "\u06d3" and (bare := _ARABIC_PREFIX.sub("", word)) and bare != word:
        return _WORDS.get(bare) or _WORDS.get("\u0627\u0644" + bare) or _NONE
    return _merged(found)


def _merged(masks: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for mask in masks:
        for language, concepts in mask.items():
            found[language] = found.get(language, 0) | concepts
    return found or _NONE


def _union(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total
