"""From facts to a summary that carries its proof: sentences cite fact ids, and what cannot be proved is dropped.

What a fact of each kind carries (`domain.facts` writes them so); every `text` is a whole, true sentence in plain words.

| kind | subject | text says |
|---|---|---|
| track | the role's name | which role is aimed for, and what it is about where that is known |
| score | `theory`, `essays` or `held` | the percentage earned, or what is held for a person |
| skill | the skill's name as shown to people | that it was handled well, or that it left room to grow |
| interest | the skill's name | that the profile shows an interest in it |
| credential | the exact title | which rank it has, then the reasons for it, strongest first |
| snippet | the title of its credential | a passage of the catalog, word for word, so that it can be quoted |

Facts come in the order in which a summary tells them, credentials by rank, each followed by its passage.

A sentence stands when it cites at least one fact, all facts it cites exist, and in the text or subject of those facts stand: every number
it states, with the same digits; everything it puts between double quotation marks; and every credential of the list that it names.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from assay.kit.model import Value


class FactKind(StrEnum):
    """What a fact is about."""

    TRACK = "track"
    SCORE = "score"
    SKILL = "skill"
    INTEREST = "interest"
    CREDENTIAL = "credential"
    SNIPPET = "snippet"


class Fact(Value):
    """One thing known, with an id a sentence can cite, for instance `f3`. `text` states it; numbers in prose must stand in it."""

    id: str
    kind: FactKind
    text: str
    subject: str = ""
    """The exact name a sentence must use when it speaks of it: a credential's title, a skill."""


class Sentence(Value):
    """One sentence of a summary and the ids of the facts it rests on."""

    text: str
    facts: tuple[str, ...] = ()


class DroppedSentence(Value):
    """A sentence that was not let through, and why."""

    text: str
    reason: str


class CheckedSummary(Value):
    """The sentences that stand and those that were dropped."""

    sentences: tuple[Sentence, ...]
    dropped: tuple[DroppedSentence, ...] = ()

    @property
    def text(self) -> str:
        """The summary as prose."""
        return " ".join(sentence.text for sentence in self.sentences)


_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_SPELLED: Final = re.compile(
    r"\b(?:eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand)\b",
    re.IGNORECASE,
)
"""Numbers in words from eleven on; smaller ones are everyday words."""
_QUOTED: Final = re.compile(
    '["\u201c\u201d\u201e]([^"\u201c\u201d]{3,})["\u201c\u201d]|\u00ab([^\u00bb]{3,})\u00bb|\u2018([^\u2019]{8,})\u2019'
)
_NAME: Final = re.compile(r"(?<=[\w,;:)] )[A-Z][\w&+#-]*(?: (?:(?:and|for|from|in|of|on|the|to|with) )*[A-Z0-9][\w&+#-]*)+")
"""Two or more capitalised words in the middle of a sentence: somebody or something is named."""


def verify(sentences: Iterable[Sentence], facts: Sequence[Fact]) -> CheckedSummary:
    """Let a sentence stand only if each fact it cites exists and its numbers, quotations and credentials are in those facts."""
    known = {fact.id: fact for fact in facts}
    titles = {fact.subject for fact in facts if fact.kind is FactKind.CREDENTIAL}
    kept: list[Sentence] = []
    dropped: list[DroppedSentence] = []
    for sentence in sentences:
        reason = _objection(sentence, known, titles)
        if reason:
            dropped.append(DroppedSentence(text=sentence.text, reason=reason))
        else:
            kept.append(sentence)
    return CheckedSummary(sentences=tuple(kept), dropped=tuple(dropped))


def _objection(sentence: Sentence, known: dict[str, Fact], titles: set[str]) -> str | None:  # noqa: PLR0911 - one objection each
    if not sentence.facts:
        return "cites no fact"
    if missing := [name for name in sentence.facts if name not in known]:
        return f"cites facts that do not exist: {', '.join(missing)}"
    cited = [known[name] for name in sentence.facts]
    proof = " ".join(f"{fact.text} {fact.subject}" for fact in cited)
    prose = sentence.text
    for groups in _QUOTED.findall(prose):
        quotation = "".join(groups).strip(" .,")
        if quotation not in proof:
            return f"quotes what no cited fact says: {quotation}"
    subjects = {fact.subject for fact in cited if fact.subject}
    for title in sorted(titles | subjects, key=len, reverse=True):
        whole = re.compile(rf"(?<!\w){re.escape(title)}(?!\w)")
        if whole.search(prose):
            if title not in subjects:
                return f"names {title} without citing it"
            prose = whole.sub("it", prose)
    if invented := [name for name in _NAME.findall(prose) if name.casefold() not in proof.casefold()]:
        return f"names what no cited fact names: {', '.join(invented)}"
    numbers = {*_NUMBER.findall(proof), *map(str.casefold, _SPELLED.findall(proof))}
    stated = [*_NUMBER.findall(prose), *map(str.casefold, _SPELLED.findall(prose))]
    if unproved := [number for number in stated if number not in numbers]:
        return f"states a number that no cited fact has: {', '.join(unproved)}"
    return None
