"""Words for what the domain names by codes: levels, stages, causes, flags. One table each, for all pages."""

from collections.abc import Mapping
from typing import Final

from assay.domain.degradation import PLAIN_WORDS, Cause, Degradation, Stage
from assay.domain.prechecks import FlagKind
from assay.domain.progress import AssessmentStatus, Progress, StageState
from assay.domain.questions import QuestionFormat, QuestionType
from assay.domain.release import ReleaseWhen
from assay.domain.retrieval import PartName
from assay.domain.rubric import Dimension
from assay.services.upgrades import StageChange

LANGUAGES: Final[Mapping[str, str]] = {
    "bg": "Bulgarian", "hr": "Croatian", "cs": "Czech", "da": "Danish", "nl": "Dutch", "en": "English", "et": "Estonian", "fi": "Finnish",
    "fr": "French", "de": "German", "el": "Greek", "hu": "Hungarian", "ga": "Irish", "it": "Italian", "lv": "Latvian", "lt": "Lithuanian",
    "mt": "Maltese", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "sk": "Slovak", "sl": "Slovenian", "es": "Spanish",
    "sv": "Swedish",
}  # fmt: skip
"""The official languages of the European Union, by ISO 639-1 code."""

INTERESTS: Final[Mapping[str, tuple[float, str]]] = {
    "drawn": (1.0, "I would love it"),
    "indifferent": (0.0, "I would not mind"),
    "averse": (-1.0, "I would rather not"),
}
"""How somebody may feel about a skill: its weight, and how it is said."""

LEVELS: Final = ("Not shown yet", "Beginning", "Developing", "Good", "Excellent")
"""Rubric levels 0 to 4."""

DIMENSIONS: Final[Mapping[Dimension, str]] = {
    Dimension.CLARITY: "How easily a reader follows",
    Dimension.ACCURACY: "Whether it is right, and complete",
    Dimension.COHERENCE: "Whether one thought leads to the next",
}

TYPES: Final[Mapping[QuestionType, tuple[str, str]]] = {
    QuestionType.THEORETICAL: ("Theory", "These have right answers. They are scored the moment you submit."),
    QuestionType.ESSAY: ("Essays", "Reason in full sentences. What counts is what you say and how you justify it, not how long it is."),
    QuestionType.PROFILE: ("About you", "Nothing here is right or wrong. Your answers steer what is recommended to you."),
}
"""Heading and introduction of each part of an assessment."""

FORMATS: Final[Mapping[QuestionFormat, str]] = {
    QuestionFormat.SINGLE_CHOICE: "Choose one",
    QuestionFormat.TRUE_FALSE: "True or false",
    QuestionFormat.MULTIPLE_CHOICE: "Choose all that apply",
    QuestionFormat.ORDERING: "Put in order",
    QuestionFormat.MATCHING: "Match the pairs",
    QuestionFormat.NUMERIC: "A number",
    QuestionFormat.SHORT_TEXT: "One or two words",
    QuestionFormat.LIKERT: "Choose one",
    QuestionFormat.RANKING: "Put in your order",
    QuestionFormat.FREE_TEXT: "A few words",
    QuestionFormat.ESSAY: "Essay",
}

STATUSES: Final[Mapping[AssessmentStatus, str]] = {
    AssessmentStatus.IN_PROGRESS: "In progress",
    AssessmentStatus.EXPIRED: "Expired",
    AssessmentStatus.PROCESSING: "Being scored",
    AssessmentStatus.COMPLETED: "Result ready",
}

RELEASES: Final[Mapping[ReleaseWhen, str]] = {
    ReleaseWhen.AFTER_REVIEW: "An advisor looks at your result before you see it",
    ReleaseWhen.ON_DATE: "Results are shown from",
}
"""When the result is seen, where that is not at once; a date follows its words."""

STATES: Final[Mapping[StageState, str]] = {
    StageState.PENDING: "Not yet",
    StageState.WAITING: "Waiting",
    StageState.RUNNING: "In progress",
    StageState.RETRYING: "Trying again",
    StageState.COMPLETED: "Done",
    StageState.DEGRADED: "Done with a substitute",
    StageState.FAILED: "Needs a person",
}

CAUSES: Final[Mapping[Cause, str]] = {
    Cause.TIMEOUT: "{who} did not answer in time.",
    Cause.RATE_LIMITED: "{who} was taking no more requests at that moment.",
    Cause.UNAVAILABLE: "{who} could not be reached.",
    Cause.REFUSED: "{who} declined to answer.",
    Cause.TRUNCATED: "The answer of {who} broke off.",
    Cause.INVALID_REPLY: "The answer of {who} could not be used.",
    Cause.QUOTA_EXHAUSTED: "The allowance for {who} is used up.",
    Cause.MISCONFIGURED: "{who} is not set up correctly.",
    Cause.OUT_OF_RANGE: "{who} gave a level that the rubric does not have.",
    Cause.CRASHED: "The work was interrupted several times.",
    Cause.INTERNAL_ERROR: "There was a fault on our side.",
    Cause.UNREADABLE_RUBRIC: "The rubric of a question could not be read.",
    Cause.UNREADABLE_RULE: "A question was asked in a form that can no longer be read.",
    Cause.MISSING_ANSWER: "An answer could not be found.",
    Cause.INDEX_EMPTY: "The catalog was not ready to be searched.",
}
"""Why a stage is degraded; `{who}` is what was asked."""

ASKED: Final[Mapping[Stage, str]] = {Stage.RETRIEVAL: "the search by meaning"}
"""Whom a stage asks; the language model unless named here."""

HEADINGS: Final[Mapping[tuple[Stage, str | None], str]] = {
    (Stage.ESSAY_SCORING, "static"): "The essays wait for a person",
    (Stage.ESSAY_SCORING, None): "Part of the essays could not be scored",
    (Stage.RETRIEVAL, "built-in"): "The recommendations come from a reduced search",
    (Stage.RETRIEVAL, "static"): "The recommendations come from the track's curated list",
}
"""What a degraded stage means by what stands in for it, where that is known better than by the stage alone."""

NEXT: Final[Mapping[tuple[Stage, str | None], str]] = {
    (Stage.RULE_SCORING, None): "The questions concerned are left out of the score and cost you nothing.",
    (Stage.ESSAY_SCORING, "built-in"): "The levels still rest on the words of the essay, and an advisor sees who gave them.",
    (Stage.ESSAY_SCORING, "static"): "No level was given, so nothing counts against you. An advisor sees that the essays are waiting.",
    (Stage.ESSAY_SCORING, None): "What could not be scored is left out and costs you nothing.",
    (Stage.RETRIEVAL, "built-in"): "The list is safe to use, though it may miss a credential that says the same in other words.",
    (Stage.RETRIEVAL, "static"): "The list is safe to use, though it is the same for everybody on this track.",
    (Stage.NARRATIVE, "built-in"): "Scores and recommendations are not affected; only the wording is plainer.",
}
"""What follows from it, by stage and by what stands in."""

UPGRADED: Final[Mapping[Stage, str]] = {
    Stage.ESSAY_SCORING: "The essays are scored by {now}; at first it was {before}.",
    Stage.RETRIEVAL: "The recommendations come from {now}; at first it was {before}.",
    Stage.NARRATIVE: "The summary is written by {now}; at first it was {before}.",
}
"""What has been made again since the first result."""

_DOERS: Final[Mapping[str, str]] = {
    "openai": "the language model",
    "built-in": "the built-in evaluator",
    "static": "nobody",
    "curated": "the track's curated list",
    "reduced": "a reduced search",
    "complete": "the complete search",
}
_TELLERS: Final[Mapping[str, str]] = {**_DOERS, "built-in": "a template"}

FLAGS: Final[Mapping[str, str]] = {
    FlagKind.BLANK: "This essay was left empty.",
    FlagKind.TOO_SHORT: "This essay is shorter than was asked for.",
    FlagKind.COPIED_PROMPT: "Much of this essay repeats the question.",
    FlagKind.REPETITION: "This essay repeats the same phrases.",
    FlagKind.HIDDEN_CHARACTERS: "This essay contains characters that cannot be seen. They had no effect.",
    FlagKind.WRONG_LANGUAGE: "This essay is not in the language of the question.",
    FlagKind.GIBBERISH: "Parts of this essay cannot be read as sentences.",
    FlagKind.ENCODED: "This essay contains text in a code. It was not taken as part of the answer.",
    FlagKind.INSTRUCTION_LIKE: "This essay contains words addressed to whoever scores it. They had no effect.",
}

PRODUCERS: Final = {"openai": "Language model", "built-in": "Built-in evaluator", "static": "No evaluator"}
PARTS: Final = {
    PartName.ROLE: "The role",
    PartName.INTERESTS: "Your interests",
    PartName.GAPS: "What there is to learn",
    PartName.ESSAYS: "Your essays",
}
_PART_NAMES: Final = {str(part): name for part, name in PARTS.items()}
SEARCHES: Final = {"vector": "by meaning", "text": "by words"}
SECTIONS: Final = {"title": "Title", "description": "Description", "outcomes": "Learning outcomes", "skills": "Skills"}
RATINGS: Final = ("Not at all", "A little", "Partly", "Mostly", "Very much")
"""What the ratings 1 to 5 mean."""


def level(number: int | None) -> str:
    """A rubric level in a word or two; None is one that is held."""
    return "Held for a person" if number is None else LEVELS[number]


def headline(progress: Progress) -> str:
    """Where an assessment stands, in one short sentence."""
    if progress.status is not AssessmentStatus.PROCESSING:
        if progress.held_back:
            return "You will see your result later"
        return {AssessmentStatus.COMPLETED: "Your result is ready"}.get(progress.status, "Not submitted yet")
    steps = (
        (progress.essay_scoring, "Reading and scoring your essays"),
        (progress.recommendations, "Choosing credentials for you"),
    )
    for stage, doing in steps:
        if stage.finished_at is None:
            return f"{doing}{' (trying again)' if stage.state is StageState.RETRYING else ''}"
    return "Putting your result together"


def search_name(key: str) -> str:
    """`role.vector` in words."""
    part, _, search = key.partition(".")
    return ", ".join(filter(None, [_PART_NAMES.get(part, part), SEARCHES.get(search, search)]))


def plain(degradation: Degradation) -> str:
    """What did not go as planned, in one sentence."""
    return HEADINGS.get((degradation.stage, degradation.replaced_by), PLAIN_WORDS[degradation.stage])


def cause(degradation: Degradation) -> str:
    """Why it did not go as planned."""
    words = CAUSES[degradation.cause].format(who=ASKED.get(degradation.stage, "the language model"))
    return words[0].upper() + words[1:]


def upgraded(change: StageChange) -> str:
    """Who or what does a stage now, and who or what did at first."""
    names = _TELLERS if change.stage is Stage.NARRATIVE else _DOERS
    return UPGRADED[change.stage].format(now=names[change.now], before=names[change.before])


def consequence(degradation: Degradation) -> str:
    """What follows from it for the reader."""
    return NEXT.get((degradation.stage, degradation.replaced_by), "")
