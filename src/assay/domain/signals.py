"""Profile signals: what a student's interests and experience weigh, read from answers that are neither right nor wrong.

A signal is a tag `kind:name`, for instance `interest:data-modelling` or `experience:sql`, with a weight. The name of an
`interest` or `experience` tag is a skill of the vocabulary; `pace` and `goal` tags are free words.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from assay.domain.rules import Answer, OptionId, only_ids
from assay.domain.stance import Stance, stance
from assay.kit.model import Value

type SignalTag = Annotated[str, Field(pattern=r"^(interest|experience|goal|pace):[a-z0-9-]{1,60}$")]
type Weight = Annotated[float, Field(ge=-1, le=1)]


class OptionSignals(Value):
    """Signals of single choice, multiple choice and Likert: what each picked option says."""

    kind: Literal["optionSignals"] = "optionSignals"
    options: dict[OptionId, dict[SignalTag, Weight]]


class RankingSignals(Value):
    """Signals of a ranking: an option in place k of n (from 0) counts (n - k) / n of its weight."""

    kind: Literal["rankingSignals"] = "rankingSignals"
    options: dict[OptionId, dict[SignalTag, Weight]]


class TextSignals(Value):
    """Signals of free text: each phrase that occurs as whole words counts once, against what the text turns away from."""

    kind: Literal["textSignals"] = "textSignals"
    phrases: dict[Annotated[str, Field(pattern=r"\S")], dict[SignalTag, Weight]] = Field(default_factory=dict)


type SignalRule = Annotated[OptionSignals | RankingSignals | TextSignals, Field(discriminator="kind")]


def read_signals(rule: SignalRule, answer: Answer) -> dict[str, float]:
    """Tag weights that `answer` yields under `rule`; nothing for an unanswered or misshapen one."""
    match rule, answer:
        case OptionSignals(), str():
            return dict(rule.options.get(answer, {}))
        case OptionSignals(), list() if only_ids(answer):
            return merge_signals(rule.options.get(option, {}) for option in answer)
        case RankingSignals(), list() if only_ids(answer):
            return merge_signals(
                {tag: weight * (len(answer) - place) / len(answer) for tag, weight in rule.options.get(option, {}).items()}
                for place, option in enumerate(answer)
            )
        case TextSignals(), str():
            return merge_signals(_told(answer, phrase, tags) for phrase, tags in rule.phrases.items())
        case _:
            return {}


def merge_signals(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Sum weights per tag; the sums are unbounded, consumers normalise."""
    total: dict[str, float] = defaultdict(float)
    for part in parts:
        for tag, weight in part.items():
            total[tag] += weight
    return dict(total)


def _told(text: str, phrase: str, tags: Mapping[str, float]) -> Mapping[str, float]:
    """`tags` as `text` means them: an interest turned round by a dislike, an experience by its lack; nothing when it is not named."""
    match stance(text, phrase):
        case None:
            return {}
        case Stance.WISH:
            return tags
        case told:
            turned = "interest:" if told is Stance.DISLIKE else "experience:"
            return {tag: -weight if tag.startswith(turned) else weight for tag, weight in tags.items()}
