"""What a grader is given and what it gives back, before and after its evidence is checked."""

from typing import Annotated, Any, Literal

from pydantic import Field

from assay.domain.rubric import Dimension, Level, Rubric
from assay.kit.model import Value

type Producer = Literal["openai", "built-in", "static"]


class EssayTask(Value):
    """One essay to be graded. Carries no identity: nothing here names the student."""

    prompt: str
    essay: str
    rubric: Rubric


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
    """What a call cost: tokens as the provider counted them, wall time in milliseconds."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    duration_ms: float = 0.0


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

    dimensions: dict[Dimension, DimensionDraft] = Field(min_length=3, max_length=3)
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


class DimensionVerdict(Value):
    """A level that is proved by quotes, or held for a person."""

    level: Level | None
    rationale: str
    quotes: tuple[Quote, ...] = ()
    improvement: str = ""
    features: dict[str, float] = Field(default_factory=dict)
    held: bool = False
    held_reason: str | None = None


class Verdict(Value):
    """The verified judgement of one essay."""

    dimensions: dict[Dimension, DimensionVerdict]
    feedback: str = ""
    flags: tuple[str, ...] = ()
    topics_well: tuple[str, ...] = ()
    topics_missed: tuple[str, ...] = ()

    def levels(self) -> dict[Dimension, int]:
        """The levels that stand; held dimensions are absent."""
        return {name: verdict.level for name, verdict in self.dimensions.items() if verdict.level is not None}


class Provenance(Value):
    """How a stored score or summary came to be."""

    producer: Producer
    model: str
    prompt_hash: str
    rubric_hash: str | None = None
    parameters: Parameters = Parameters()
    usage: Usage = Usage()
    replayed: bool = False
    """True when a stored reply was used instead of a new call."""
