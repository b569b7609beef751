"""What changed between two states of a thing, for readers: its fields as texts, and word by word what went and what came."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")
_TOO_MANY_WORDS: Final = 4_000
"""Beyond, a text is compared as a whole: comparing takes the square of its length."""
_ALIKE: Final = 0.4
"""Texts less alike than this are told as one that went and one that came, which reads better than shreds."""

type Labelled = Sequence[tuple[str, str]]
"""A thing as its fields in reading order: name and text."""


class Piece(NamedTuple):
    """A part of a text: `kept`, `removed` or `added`."""

    kind: str
    text: str


class Difference(NamedTuple):
    """A field that changed."""

    label: str
    pieces: tuple[Piece, ...]


def differences(before: Labelled, after: Labelled) -> list[Difference]:
    """The fields that differ, in the order in which they stand."""
    old, new = dict(before), dict(after)
    found = ((label, old.get(label, ""), new.get(label, "")) for label in _in_order(before, after))
    return [Difference(label, pieces(was, now)) for label, was, now in found if was != now]


def labels(told: str) -> Labelled:
    """Labelled texts out of a hidden field; nothing when it holds something else."""
    try:
        return [(str(label), str(text)) for label, text in json.loads(told)]
    except (TypeError, ValueError):
        return []


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """How one text became another, word by word where that can be read."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if not old or not new or len(old) + len(new) > _TOO_MANY_WORDS:
        return tuple(_whole(before, after))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return tuple(_whole(before, after))
    return tuple(_joined(matcher, old, new))


def _in_order(before: Labelled, after: Labelled) -> Iterable[str]:
    return dict.fromkeys([*(label for label, _ in after), *(label for label, _ in before)])


def _whole(before: str, after: str) -> Iterator[Piece]:
    if before:
        yield Piece("removed", before)
    if after:
        yield Piece("added", after)


def _joined(matcher: SequenceMatcher[str], old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("kept", "".join(old[old_from:old_to]))
            continue
        if old_from < old_to:
            yield Piece("removed", "".join(old[old_from:old_to]))
        if new_from < new_to:
            yield Piece("added", "".join(new[new_from:new_to]))
