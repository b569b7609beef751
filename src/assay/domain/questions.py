"""Questions: a type says what it is for, a format says how it is answered, the content says all of it in one immutable value."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from assay.domain.rubric import Rubric
from assay.domain.rules import MatchingRule, OptionId, ScoringRule
from assay.domain.signals import SignalRule
from assay.kit.hashing import content_hash
from assay.kit.model import Value

type Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class QuestionType(StrEnum):
    """What a question is for."""

    THEORETICAL = "theoretical"
    ESSAY = "essay"
    PROFILE = "profile"


class QuestionFormat(StrEnum):
    """How a question is answered."""

    SINGLE_CHOICE = "singleChoice"
    TRUE_FALSE = "trueFalse"
    MULTIPLE_CHOICE = "multipleChoice"
    ORDERING = "ordering"
    MATCHING = "matching"
    NUMERIC = "numeric"
    SHORT_TEXT = "shortText"
    LIKERT = "likert"
    RANKING = "ranking"
    FREE_TEXT = "freeText"
    ESSAY = "essay"


_F = QuestionFormat
FORMATS: Final[dict[QuestionType, frozenset[QuestionFormat]]] = {
    QuestionType.THEORETICAL: frozenset(
        {
            _F.SINGLE_CHOICE,
            _F.TRUE_FALSE,
            _F.MULTIPLE_CHOICE,
            _F.ORDERING,
            _F.MATCHING,
            _F.NUMERIC,
            _F.SHORT_TEXT,
        }
    ),
    QuestionType.ESSAY: frozenset({_F.ESSAY}),
    QuestionType.PROFILE: frozenset({_F.SINGLE_CHOICE, _F.MULTIPLE_CHOICE, _F.LIKERT, _F.RANKING, _F.FREE_TEXT}),
}
"""Which formats each type may take."""

CHOICES: Final = frozenset({_F.SINGLE_CHOICE, _F.TRUE_FALSE, _F.MULTIPLE_CHOICE, _F.LIKERT, _F.ORDERING, _F.RANKING})
TEXTS: Final = frozenset({_F.SHORT_TEXT, _F.FREE_TEXT, _F.ESSAY})
SIGNAL_KINDS: Final = {
    _F.SINGLE_CHOICE: "optionSignals",
    _F.MULTIPLE_CHOICE: "optionSignals",
    _F.LIKERT: "optionSignals",
    _F.RANKING: "rankingSignals",
    _F.FREE_TEXT: "textSignals",
}


class Option(Value):
    """One thing to choose, order, rank or match."""

    id: OptionId
    text: Annotated[str, Field(min_length=1, max_length=500)]


class MatchingOptions(Value):
    """The two columns of a matching question."""

    left: tuple[Option, ...] = Field(min_length=2, max_length=12)
    right: tuple[Option, ...] = Field(min_length=2, max_length=12)


class NumericOptions(Value):
    """A unit, where the number has one."""

    unit: str | None = None


class TextOptions(Value):
    """Bounds of a written answer, in characters and words."""

    max_length: int = Field(default=10_000, ge=1, le=20_000)
    min_words: int | None = Field(default=None, ge=0, le=2_000)


type Options = tuple[Option, ...] | MatchingOptions | NumericOptions | TextOptions


class QuestionContent(Value):
    """A question exactly as asked, with how it is judged: a rule, a rubric or signals, by its type."""

    type: QuestionType
    format: QuestionFormat
    prompt: Annotated[str, Field(min_length=10, max_length=4_000)]
    skills: tuple[Slug, ...] = Field(default=(), max_length=6)
    options: Options = Field(default_factory=TextOptions)
    rule: ScoringRule | None = None
    rubric: Rubric | None = None
    signals: SignalRule | None = None
    explanation: str = Field(default="", max_length=2_000)
    """Why the right answer is right; shown with the result, never before."""

    @cached_property
    def hash(self) -> str:
        """The content address of this question."""
        return content_hash(self)

    @model_validator(mode="before")
    @classmethod
    def _default_options(cls, raw: Any) -> Any:
        # empty options fit several formats: left out or empty, they are the defaults of the question's own
        if not isinstance(raw, dict) or raw.get("options", {}) != {}:
            return raw
        return {**raw, "options": NumericOptions() if raw.get("format") == QuestionFormat.NUMERIC else TextOptions()}

    @model_validator(mode="after")
    def _whole(self) -> "QuestionContent":
        for problem in (self._wrong_format(), self._wrong_judge(), self._wrong_options(), self._wrong_references()):
            if problem:
                raise ValueError(problem)
        return self

    def _wrong_format(self) -> str | None:
        if self.format not in FORMATS[self.type]:
            return f"{self.type} questions cannot have the format {self.format}"
        return None

    def _wrong_judge(self) -> str | None:
        given = {"rule": self.rule, "rubric": self.rubric, "signals": self.signals}
        needed = {QuestionType.THEORETICAL: "rule", QuestionType.ESSAY: "rubric", QuestionType.PROFILE: "signals"}[self.type]
        if [name for name, judge in given.items() if judge is not None] != [needed]:
            return f"{self.type} questions need {needed} and nothing else to be judged by"
        if self.rule is not None and self.rule.kind != self.format:
            return f"the rule is for {self.rule.kind}, the format is {self.format}"
        if self.signals is not None and self.signals.kind != SIGNAL_KINDS[self.format]:
            return f"the format {self.format} takes {SIGNAL_KINDS[self.format]}, not {self.signals.kind}"
        return None

    def _wrong_options(self) -> str | None:
        expected: type = TextOptions
        if self.format in CHOICES:
            expected = tuple
        elif self.format is QuestionFormat.MATCHING:
            expected = MatchingOptions
        elif self.format is QuestionFormat.NUMERIC:
            expected = NumericOptions
        if not isinstance(self.options, expected):
            return f"the options do not fit the format {self.format}"
        columns = [self.options] if isinstance(self.options, tuple) else []
        if isinstance(self.options, MatchingOptions):
            columns = [self.options.left, self.options.right]
        if any(not 2 <= len(_ids(column)) == len(column) for column in columns):
            return "choices need at least two options with distinct ids"
        if self.format is QuestionFormat.TRUE_FALSE and self.option_ids() != {"true", "false"}:
            return "the options of a true/false question are true and false"
        return None

    def _wrong_references(self) -> str | None:
        known = self.option_ids()
        named: set[str] = set()
        match self.rule or self.signals:
            case None:
                pass
            case judge if judge.kind in {"singleChoice", "trueFalse"}:
                named = {judge.correct}
            case judge if judge.kind in {"multipleChoice", "ordering"}:
                named = set(judge.correct)
                if judge.kind == "ordering" and named != known:
                    return "the right order must name every option"
            case judge if judge.kind == "matching":
                named = set(judge.pairs) | set(judge.pairs.values())
            case judge if judge.kind in {"optionSignals", "rankingSignals"}:
                named = set(judge.options)
        if unknown := sorted(named - known):
            return f"no such option: {', '.join(unknown)}"
        return self._wrong_pairs()

    def _wrong_pairs(self) -> str | None:
        if not isinstance(self.options, MatchingOptions) or not isinstance(self.rule, MatchingRule):
            return None
        if set(self.rule.pairs) != _ids(self.options.left):
            return "the right pairs must name every option on the left"
        return None if set(self.rule.pairs.values()) <= _ids(self.options.right) else "the partners must stand on the right"

    def option_ids(self) -> set[str]:
        """The ids of all options, both columns of a matching question included."""
        match self.options:
            case tuple():
                return _ids(self.options)
            case MatchingOptions():
                return _ids((*self.options.left, *self.options.right))
            case _:
                return set()


def _ids(column: tuple[Option, ...]) -> set[str]:
    return {option.id for option in column}
