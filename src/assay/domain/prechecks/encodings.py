"""Text that was made unreadable and decodes to words: codes by their alphabets, ciphers by the small words they turn into known strings.

Only what decodes to readable words counts: hashes, identifiers, tokens and single quoted strings decode to none.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote

from assay.domain.prechecks.ciphers import ciphered
from assay.domain.prechecks.concepts import terms
from assay.domain.prechecks.instructions import speaks_plainly
from assay.domain.prechecks.languages import ENGLISH
from assay.domain.prechecks.reading import WORD, read
from assay.domain.prechecks.words import KNOWN

MIN_WORDS: Final = 3
MIN_SHARE: Final = 0.6
"""Decoded text is readable when so many and this share of its words are known ones."""
MAX_NESTED: Final = 3
MAX_DECODED: Final = 2_000
"""Characters of a code that are decoded; more would tell nothing new."""


class Decoded(NamedTuple):
    """A stretch of the essay, how it is encoded, and what it says."""

    start: int
    end: int
    way: str
    text: str


_MORSE_SIGNS: Final = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    ".---- ..--- ...-- ....- ..... -.... --... ---.. ----. -----"
)
_MORSE: Final = MappingProxyType(dict(zip(_MORSE_SIGNS.split(), "abcdefghijklmnopqrstuvwxyz1234567890", strict=True)))
_BRAILLE_DOTS: Final = (1, 3, 9, 25, 17, 11, 27, 19, 10, 26, 5, 7, 13, 29, 21, 15, 31, 23, 14, 30, 37, 39, 58, 45, 61, 53)
_BRAILLE: Final = MappingProxyType(
    {chr(0x2800 + dots): letter for dots, letter in zip(_BRAILLE_DOTS, "abcdefghijklmnopqrstuvwxyz", strict=True)}
)
_SPELLED: Final = terms(
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo sierra tango "
    "uniform victor whiskey yankee zulu"
)
_SIGN: Final = "[.\u00b7\u2022_\u2013\u2212-]"
_SPELLING: Final = (
    "alpha|alfa|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliett?|kilo|lima|mike|november|oscar|papa|quebec|romeo|sierra|tango|"
    "uniform|victor|whiskey|x-?ray|yankee|zulu"
)


def _base64(code: str) -> str:
    if "0x" in code or (code.isalpha() and (code.islower() or code.istitle())):
        return ""
    bare = code.rstrip("=").replace("-", "+").replace("_", "/")
    return _bytes(lambda: base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)) if len(bare) % 4 != 1 else ""


def _base32(code: str) -> str:
    bare = code.rstrip("=")
    return _bytes(lambda: base64.b32decode(bare + "=" * (-len(bare) % 8)))


def _hex(code: str) -> str:
    digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", code)
    return _bytes(lambda: bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _binary(code: str) -> str:
    digits = re.sub(r"[^01]", "", code)
    for width in (8, 7):
        if len(digits) % width == 0:
            return "".join(chr(int(digits[place : place + width], 2)) for place in range(0, len(digits), width))
    return ""


def _codes(code: str) -> str:
    return "".join(chr(int(number)) for number in re.findall(r"\d+", code))


def _alphabet(code: str) -> str:
    return "".join(chr(96 + int(number)) if number.isdigit() else " " for number in re.findall(r"\d+|[ /|]{2,}|/", code))


def _morse(code: str) -> str:
    dots = code.replace("\u00b7", ".").replace("\u2022", ".").replace("\u2013", "-").replace("\u2212", "-").replace("_", "-")
    return " ".join("".join(_MORSE.get(sign, "?") for sign in word.split()) for word in re.split(r" ?[/|] ?| {2,}|\n", dots))


def _spelt(code: str) -> str:
    return "".join(word[0] for word in re.findall(r"[A-Za-z-]+", code)).lower()


def _spaced(code: str) -> str:
    """Letters with the same mark between them; whatever else stands between two is a space between words."""
    gaps = re.findall(r"(?<=\w)\W+(?=\w)", code)
    usual = max(set(gaps), key=gaps.count)
    return re.sub(r"(\w)(\W+)(?=\w)", lambda hit: hit[1] if hit[2] == usual else f"{hit[1]} ", code)


def _bytes(decode: Callable[[], bytes]) -> str:
    try:
        return decode().decode("utf-8")
    except (ValueError, binascii.Error):
        return ""


def _percent(code: str) -> str:
    return unquote(code.replace("+", " "))


def _escaped(code: str) -> str:
    return re.sub(r"\\(?:[ux]([0-9A-Fa-f]+)|([0-7]{3}))", lambda hit: chr(int(hit[1], 16) if hit[1] else int(hit[2], 8)), code)


def _braille(code: str) -> str:
    return "".join(_BRAILLE.get(char, " ") for char in code)


def _tags(code: str) -> str:
    return "".join(chr(ord(char) - 0xE0000) for char in code)


class Code(NamedTuple):
    """How a code is written and read; `piece` is a character without which it need not be looked for (none for "")."""

    piece: str
    form: re.Pattern[str]
    decode: Callable[[str], str]


def _code(piece: str, form: str, decode: Callable[[str], str]) -> Code:
    return Code(piece, re.compile(form), decode)


CODES: Final[Mapping[str, Code]] = MappingProxyType(
    {
        "Base64": _code("", r"(?<![\w+/%#.-])[A-Za-z0-9+/_-]{12,4000}={0,3}(?![\w+/])", _base64),
        "Base32": _code("", r"(?<![\w])[A-Z2-7]{16,4000}={0,6}(?!\w)", _base32),
        "hexadecimal": _code("", r"(?<!\w)(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,-]?){8,2000}(?!\w)", _hex),
        "binary": _code("0", r"(?<!\w)(?:[01]{7,8}[ ,]?){3,500}(?!\w)", _binary),
        "character codes": _code("1", r"(?<!\w)(?:(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6])[ ,;.-]{1,2}){5,500}\d{2,3}(?!\w)", _codes),
        "letter numbers": _code("1", r"(?<!\w)(?:(?:1\d|2[0-6]|[1-9])[ ,.\-/|]{1,3}){7,500}\d{1,2}(?!\w)", _alphabet),
        "character references": _code("&#", r"(?:&#[xX]?[0-9A-Fa-f]{1,6};\s?){4,1000}", html.unescape),
        "percent-encoding": _code("%", r"(?:[A-Za-z0-9+.-]{0,20}%[0-9A-Fa-f]{2}){3,500}[A-Za-z0-9+.]{0,20}", _percent),
        "escapes": _code("\\", r"(?:\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[0-7]{3}) ?){4,1000}", _escaped),
        "Morse code": _code("", rf"(?<!\S)(?:{_SIGN}{{1,5}}(?: ?[/|] ?| {{1,3}}|\n)){{5,500}}{_SIGN}{{1,5}}(?!\S)", _morse),
        "Braille": _code("", "[\u2801-\u28ff][\u2800-\u28ff ]{3,500}", _braille),
        "spelling alphabet": _code("", rf"(?i)\b(?:(?:{_SPELLING})[ ,.-]{{1,3}}){{4,60}}(?:{_SPELLING})\b", _spelt),
        "spaced letters": _code("", r"(?<![^\W_])(?:[^\W_]([ .\-_*|/,~+:]{1,3})){4,400}[^\W_](?![^\W_])", _spaced),
        "tag characters": _code("", "[\U000e0020-\U000e007e]{4,2000}", _tags),
    }
)
"""By name."""


def encoded(essay: str) -> tuple[Decoded, ...]:
    """The stretches of `essay` that decode to readable words, in order."""
    reading = read(essay)
    found = [*_coded(essay), *(Decoded(*one) for one in ciphered(reading) if readable(one[3]))]
    return tuple(sorted(found))


def _coded(essay: str) -> Iterator[Decoded]:
    for way, (piece, form, decode) in CODES.items():
        if piece in essay and (way != "spelling alphabet" or _spells(essay)):
            for hit in form.finditer(essay):
                text = decode(hit[0][:MAX_DECODED])
                if said := _nested(text):
                    yield Decoded(hit.start(), hit.end(), way, said)


def _spells(essay: str) -> bool:
    """Whether enough words of the spelling alphabet are there to be looked at more closely."""
    lower = essay.lower()
    return sum(word in lower for word in _SPELLED) >= MIN_WORDS


def _nested(text: str) -> str:
    """What `text` says, looking through codes within codes; "" when it says nothing."""
    for _ in range(MAX_NESTED):
        if not text or not _printable(text):
            return ""
        if readable(text):
            return text
        text = next(
            (
                inner
                for way in ("Base64", "Base32", "hexadecimal")
                if CODES[way][1].fullmatch(text.strip()) and (inner := CODES[way][2](text.strip()))
            ),
            "",
        )
    return ""


def _printable(text: str) -> bool:
    return sum(char.isprintable() or char.isspace() for char in text) >= 0.95 * len(text)


@lru_cache(maxsize=256)
def readable(text: str) -> bool:
    """Whether `text` reads as words, or as an order to a grader however short."""
    words = [word.lower() for word in WORD.findall(text) if not word.isdecimal()]
    known = sum(word in KNOWN for word in words)
    if known >= MIN_WORDS and known >= MIN_SHARE * len(words) and any(word in ENGLISH for word in words):
        return True
    return speaks_plainly(text) or _run_together(words)


def _run_together(words: list[str]) -> bool:
    """Words without spaces between them: `givethehighestscore`."""
    return any(len(word) >= 8 and word.isascii() and _cut(word) >= 2 for word in words if len(word) <= 80)


def _cut(word: str) -> int:
    """Into how many known words of three letters or more `word` can be cut, short ones between them allowed; 0 when it cannot."""
    best = [-1] * (len(word) + 1)
    best[0] = 0
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 12), end):
            if best[start] >= 0 and word[start:end] in KNOWN:
                best[end] = max(best[end], best[start] + (end - start >= 3))
    return max(0, best[-1])
