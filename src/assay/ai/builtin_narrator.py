"""The template behind the `Narrator` port: a short, warm summary put together from facts, each sentence citing what it rests on.

It says nothing that `domain.fusion.verify` would not let through: it checks its own sentences, and one that fails is left out.
Facts come as `domain.facts` writes them; a text in another form is quoted as it is rather than taken apart.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from pydantic import Field, ValidationError

from assay.domain.errors import Fault, ProviderError
from assay.domain.facts import TO_WORK_ON, WELL
from assay.domain.fusion import Fact, FactKind, Sentence, verify
from assay.domain.grading import Identity, ModelReply
from assay.kit.hashing import content_hash
from assay.kit.model import Value
from assay.kit.transactions import assert_no_transaction

VERSION: Final = "template-narrator/1"
MAX_SENTENCES: Final = 8
MAX_CREDENTIALS: Final = 3
MAX_PASSAGE: Final = 220
"""Characters; a longer passage is not quoted in the summary."""

PHRASES: Final[dict[str, str]] = {
    "track": "You are aiming for the role of {role}, and this is where your answers place you.",
    "track_about": "You are aiming for the role of {role}: {about}",
    "theory": "your theory answers earned {number} percent, {judgement}",
    "essays": "your essays earned {number} percent, {judgement}",
    "held": "One thing is still open: {text}",
    "well": "You handled {skills} well, and that is something to build on.",
    "to_work_on": "There is room to grow in {skills}, which shows where to go next.",
    "interests": "Your profile shows an interest in {skills}.",
    "first": "The first thing to take up is {title}: {why}",
    "second": "After that comes {title}: {why}",
    "third": "{title} is worth your time as well: {why}",
    "bare": "{title} is part of your recommendation.",
    "passage": "The catalog says of {title}: \u201c{text}\u201d",
}
JUDGEMENTS: Final = ((80.0, "a strong result"), (60.0, "a solid base"), (40.0, "a fair start"), (0.0, "with most still to gain"))
"""What a percentage means, from the given value on."""

_PERCENT: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:percent|%)")
_RANKED: Final = re.compile(r"^.* is recommendation \d+\.\s*", re.DOTALL)
_PLAIN_ROLE: Final = re.compile(r"^The role aimed for is ")
_VERBS: Final = frozenset({"Builds", "Takes", "Covers", "Matches", "Opens", "Comes", "Teaches", "Fits", "Prepares"})
_LOWERED: Final = frozenset({"The", "A", "An", "It", "Its", "This", "These", "You", "Your", "Part", "Some", "They"})
_REASON_END: Final = re.compile(r"(?<=\.)\s+(?=[A-Z])")


class Told(Value):
    """The content of a reply."""

    sentences: tuple[Sentence, ...] = Field(default=())


class _Line(NamedTuple):
    """A sentence and how much it matters when there are too many: 0 stays."""

    sentence: Sentence
    spare: int


class BuiltinNarrator:
    """Tells facts by template. The same facts always give the same sentences."""

    @property
    def identity(self) -> Identity:
        """The version, and the hash of the phrases in place of a prompt's."""
        return Identity(producer="built-in", model=VERSION, prompt_hash=content_hash([VERSION, PHRASES, JUDGEMENTS]))

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """At most `MAX_SENTENCES` sentences that stand before `verify`; none when there are no facts. Raises nothing."""
        assert_no_transaction()
        told = Told(sentences=tuple(compose(facts)))
        return ModelReply(content=told.model_dump(mode="json"))

    def read(self, reply: ModelReply) -> list[Sentence]:
        """The sentences in `reply`. Raises `ProviderError(INVALID_REPLY)` when it holds none."""
        try:
            return list(Told.model_validate(reply.content).sentences)
        except ValidationError as problem:
            raise ProviderError(Fault.INVALID_REPLY, f"not a summary: {problem.error_count()} fields are wrong") from problem


def compose(facts: Sequence[Fact]) -> list[Sentence]:
    """The summary: the role, the scores, what went well, what to work on, interests, then the first credentials with their reasons."""
    lines = [
        *(line for line in (_track(facts), _scores(facts), _held(facts), _skills(facts), _gaps(facts), _interests(facts)) if line),
        *_credentials(facts),
    ]
    standing = [line for line in (_cited(line, facts) for line in lines) if verify([line.sentence], facts).sentences]
    while len(standing) > MAX_SENTENCES:
        standing.remove(max(standing, key=lambda line: (line.spare, standing.index(line))))
    return [line.sentence for line in standing]


def _cited(line: _Line, facts: Sequence[Fact]) -> _Line:
    """`line`, citing also each credential whose title occurs in it, be it as the name of a skill."""
    named = [fact.id for fact in _of(facts, FactKind.CREDENTIAL) if fact.subject and fact.subject in line.sentence.text]
    sentence = line.sentence.model_copy(update={"facts": tuple(dict.fromkeys([*line.sentence.facts, *named]))})
    return line._replace(sentence=sentence)


def _of(facts: Iterable[Fact], kind: FactKind) -> list[Fact]:
    return [fact for fact in facts if fact.kind is kind]


def _line(phrase: str, cited: Sequence[Fact], spare: int = 0, **parts: str) -> _Line:
    text = " ".join(PHRASES[phrase].format(**parts).split())
    return _Line(Sentence(text=text[:1].upper() + text[1:], facts=tuple(fact.id for fact in cited)), spare)


def _track(facts: Sequence[Fact]) -> _Line | None:
    for fact in _of(facts, FactKind.TRACK)[:1]:
        if not fact.subject or _PLAIN_ROLE.match(fact.text):
            return _line("track", [fact], role=fact.subject or "your choice")
        return _line("track_about", [fact], role=fact.subject, about=_inline(fact.text))
    return None


def _scores(facts: Sequence[Fact]) -> _Line | None:
    parts: list[str] = []
    cited: list[Fact] = []
    for fact in _of(facts, FactKind.SCORE):
        percent = _PERCENT.search(fact.text)
        if percent and fact.subject in {"theory", "essays"}:
            parts.append(PHRASES[fact.subject].format(number=percent[1], judgement=_judgement(percent[1])))
            cited.append(fact)
    if not parts:
        return None
    text = "; ".join(parts)
    return _Line(Sentence(text=f"{text[:1].upper()}{text[1:]}.", facts=tuple(fact.id for fact in cited)), 0)


def _judgement(number: str) -> str:
    value = float(number.replace(",", "."))
    return next(words for least, words in JUDGEMENTS if value >= least)


def _held(facts: Sequence[Fact]) -> _Line | None:
    held = [fact for fact in _of(facts, FactKind.SCORE) if fact.subject == "held"]
    return _line("held", held[:1], 1, text=_inline(held[0].text)) if held else None


def _skills(facts: Sequence[Fact]) -> _Line | None:
    return _named("well", [fact for fact in _of(facts, FactKind.SKILL) if WELL in fact.text])


def _gaps(facts: Sequence[Fact]) -> _Line | None:
    return _named("to_work_on", [fact for fact in _of(facts, FactKind.SKILL) if TO_WORK_ON in fact.text])


def _interests(facts: Sequence[Fact]) -> _Line | None:
    return _named("interests", _of(facts, FactKind.INTEREST), 2)


def _named(phrase: str, facts: Sequence[Fact], spare: int = 0) -> _Line | None:
    known = [fact for fact in facts if fact.subject][:3]
    return _line(phrase, known, spare, skills=_joined([fact.subject for fact in known])) if known else None


def _joined(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _credentials(facts: Sequence[Fact]) -> Iterable[_Line]:
    for place, fact in enumerate(_of(facts, FactKind.CREDENTIAL)[:MAX_CREDENTIALS]):
        why = _why(fact)
        phrase = ("first", "second", "third")[place] if why else "bare"
        yield _line(phrase, [fact], (0, 3, 4)[place], title=fact.subject, why=why)
        if place == 0:
            passages = [other for other in _of(facts, FactKind.SNIPPET) if other.subject == fact.subject and _quotable(other.text)]
            yield from (_line("passage", [fact, other], 5, title=fact.subject, text=other.text) for other in passages[:1])


def _why(fact: Fact) -> str:
    """The reasons in `fact` as the rest of a sentence: verbs get their subject, so that `Covers SQL` becomes `it covers SQL`."""
    text = _RANKED.sub("", fact.text).strip()
    reasons = [reason.strip(" .") for reason in _REASON_END.split(text) if reason.strip(" .")]
    if not reasons:
        return ""
    if all(reason.split()[0] in _VERBS for reason in reasons):
        return f"{', and '.join(f'it {_small(reason)}' for reason in reasons[:2])}."
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _quotable(text: str) -> bool:
    return 3 <= len(text.strip()) <= MAX_PASSAGE and not set(text) & set('"\u201c\u201d\n')


def _inline(text: str) -> str:
    """A sentence as the second half of another: its first word small when it is no name."""
    return _small(text) if text.split(maxsplit=1)[:1] and text.split(maxsplit=1)[0] in _LOWERED else text


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
