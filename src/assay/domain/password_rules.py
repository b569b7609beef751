"""Which passwords people may choose (NIST SP 800-63B-4, 3.1.1.2): long, not guessable, and otherwise as they like."""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

LEAST: Final = 15
"""What the guideline demands of a password that is the only factor; no rule says which characters."""
MOST: Final = 256
_UNGUESSED: Final = 8
"""So many characters must be left without words that everybody tries, runs and repetitions."""
_TRIED: Final = (
    *(
        "password",
        "passwort",
        "passwd",
        "passphrase",
        "motdepasse",
        "contrasena",
        "welcome",
        "willkommen",
        "letmein",
        "changeme",
        "default",
    ),
    *("administrator", "admin", "login", "signin", "secret", "qwerty", "qwertz", "azerty", "asdfgh", "zxcvbn", "iloveyou", "sunshine"),
    *("princess", "dragon", "monkey", "football", "baseball", "superman", "batman", "starwars", "trustno", "master", "shadow", "whatever"),
    *("student", "advisor", "teacher", "professor", "university", "universitaet", "college", "school", "campus", "assay", "assessment"),
    *("spring", "summer", "autumn", "winter", "january", "february", "march", "april", "june", "july", "august", "september", "october"),
    *("november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
"""The most frequent words of lists of leaked passwords, and the ones of this place."""
_ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_REPEATED: Final = re.compile(r"(.+?)\1+")


def normal(password: str) -> str:
    """As it is hashed and compared: the same letters typed on another keyboard are the same password (NFC)."""
    return normalize("NFC", password)


def objection(password: str, about: Iterable[str] = ()) -> str | None:
    """Why a password is not taken, as a sentence for whoever chose it; None when it is. `about` are words of theirs: name, address."""
    chosen = normal(password)
    if len(chosen) < LEAST:
        return f"Choose at least {LEAST} characters. Some words in a row are easy to keep in mind."
    if len(chosen) > MOST:
        return f"Choose at most {MOST} characters."
    own = [word for text in about for word in re.split(r"[\W_]+", text.casefold()) if len(word) > 2]
    if len(_rest(chosen.casefold(), own)) < _UNGUESSED:
        return "This is among the first that others try: common words, your own name, runs, repetitions. Add words that fit you less."
    return None


def _rest(text: str, own: Iterable[str]) -> str:
    """What nobody would guess of it."""
    left = _YEAR.sub("", text)
    for word in sorted({*_TRIED, *own}, key=len, reverse=True):
        left = left.replace(word, "")
    left = _REPEATED.sub(r"\1", left)
    for row in (*_ROWS, *(row[::-1] for row in _ROWS)):
        left = _without_runs(left, row)
    return left


def _without_runs(text: str, row: str) -> str:
    """Without what stands side by side in `row`, four or more at a time."""
    for length in range(len(row), 3, -1):
        for start in range(len(row) - length + 1):
            text = text.replace(row[start : start + length], "")
    return text
