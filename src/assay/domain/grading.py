"""What a grader is given and what it gives back, before and after its evidence is checked."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from assay.domain.rubric import MAX_LEVEL, Dimension, FlagName, Level, Rubric
from assay.kit.model import Value

type Producer = Literal["openai", "built-in", "static"]


class Part(Value):
    """Which of the calls about an essay this is: about one dimension or (None) all of them, and the reading it belongs to, from 0."""

    dimension: Dimension | None = None
    sample: int = Field(default=0, ge=0)


class EssayTask(Value):
    """One essay to be graded. Carries no identity: nothing here names the student."""

    prompt: str
    essay: str
    rubric: Rubric
    part: Part = Part()


class Parameters(Value):
    """The knobs of a model call, as stored for replay."""

    temperature: float | None = None
    max_output_tokens: int | None = None
    seed: int | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    """How long a reasoning model may think; other models refuse the knob, so it is sent only when set."""


class Identity(Value):
    """Who graded or wrote: enough to repeat it."""

    producer: Producer
    model: str
    prompt_hash: str
    parameters: Parameters = Parameters()


class Usage(Value):
    """What a call cost: tokens as the provider counted them, wall time in milliseconds, US dollars where a price is known."""

    input_tokens: int = 0
    cached_tokens: int = 0
    """Those of the input tokens that the provider had read before."""
    output_tokens: int = 0
    duration_ms: float = 0.0
    cost_usd: float | None = None


def total(usages: Iterable[Usage]) -> Usage:
    """All calls together; milliseconds are added up too, also of calls made side by side. The cost is known when that of each call is."""
    each = list(usages)
    costs = [usage.cost_usd for usage in each if usage.cost_usd is not None]
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in each),
        cached_tokens=sum(usage.cached_tokens for usage in each),
        output_tokens=sum(usage.output_tokens for usage in each),
        duration_ms=sum(usage.duration_ms for usage in each),
        cost_usd=sum(costs) if each and len(costs) == len(each) else None,
    )


class ModelReply(Value):
    """A reply as stored: the parsed JSON that `read` turns into a verdict again at any time, and what it cost."""

    content: dict[str, Any]
    usage: Usage = Usage()


class DimensionDraft(Value):
    """A grader's claim about one dimension; its quotes are not yet believed."""

    level: Level
    rationale: Annotated[str, Field(max_length=2_000)]
    quotes: tuple[Annotated[str, Field(max_length=1_000)], ...] = Field(default=(), max_length=8)
    improvement: Annotated[str, Field(max_length=1_000)] = ""
    """What would raise this dimension one level."""
    features: dict[str, float] = Field(default_factory=dict)
    """Measured signals behind the level (the built-in grader's), empty for a model."""


class VerdictDraft(Value):
    """A grader's claim about an essay."""

    dimensions: dict[Dimension, DimensionDraft] = Field(min_length=1, max_length=3)
    """All three, or the one that was asked about."""
    feedback: Annotated[str, Field(max_length=4_000)] = ""
    topics_well: tuple[str, ...] = ()
    """Ids of key points the essay covers."""
    topics_missed: tuple[str, ...] = ()
    """Ids of key points the essay leaves out."""


class Quote(Value):
    """A span of the student's own essay, found there by code: `essay[start:end] == text`."""

    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Cap(Value):
    """The most a dimension may count for, what was noticed about the essay that sets it, and why, in plain words."""

    flag: FlagName
    level: Level
    reason: str


class DimensionVerdict(Value):
    """A level that is proved by quotes, or held for a person."""

    level: Level | None
    """What the grader gave and the quotes prove, whatever it counts for."""
    effective_level: Level | None = None
    """What it counts for where a `cap` lies below the level. None without a cap: then `level` counts, if there is one."""
    cap: Cap | None = None
    rationale: str
    quotes: tuple[Quote, ...] = ()
    improvement: str = ""
    features: dict[str, float] = Field(default_factory=dict)
    spread: int | None = Field(default=None, ge=0, le=MAX_LEVEL)
    """How far several readings of the essay lay apart, in levels. None when it was read once."""
    held: bool = False
    held_reason: str | None = None

    @property
    def counts(self) -> int | None:
        """The level that goes into the score; None when it is held."""
        return self.level if self.effective_level is None else self.effective_level


type CorrectionKind = Literal["figure", "praise", "blame", "missing"]
"""Why a sentence of a grader was replaced: it names a level as a figure, praises what was not shown, blames what was, or is not there."""


class Correction(Value):
    """A sentence of a grader that the student is not shown, since it says other than the level. The rubric's own words stand instead."""

    field: Literal["rationale", "improvement", "feedback"]
    dimension: Dimension | None = None
    kind: CorrectionKind
    sentence: str = ""


class Verdict(Value):
    """The verified judgement of one essay."""

    dimensions: dict[Dimension, DimensionVerdict]
    feedback: str = ""
    flags: tuple[str, ...] = ()
    topics_well: tuple[str, ...] = ()
    topics_missed: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def levels(self) -> dict[Dimension, int]:
        """The levels that count, caps applied; held dimensions are absent."""
        return {name: level for name, verdict in self.dimensions.items() if (level := verdict.counts) is not None}


class UsedReply(Value):
    """A stored reply that a score rests on, and what it was for: reading it again gives the same levels."""

    key: str
    part: Part = Part()
    again: bool = False
    """Asked once more, after quotes of the first reply were not found."""
    twin: bool = False
    """About the essay without what speaks to the grader."""
    core: bool = False
    """About the essay without the sentences that do not touch its question."""
    second: Identity | None = None
    """Who gave it, where that was not who gave the score: a second reader, whose reply can hold a level and gives none."""


class Provenance(Value):
    """How a stored score or summary came to be."""

    producer: Producer
    model: str
    prompt_hash: str
    rubric_hash: str | None = None
    parameters: Parameters = Parameters()
    usage: Usage = Usage()
    replayed: bool = False
    """True when stored replies were used and no call was made."""
    replies: tuple[UsedReply, ...] = ()
    """All replies the score rests on, the first one first."""
