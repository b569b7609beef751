"""Degradation as a value: which stage ran on what substitute, why, and since when."""

from datetime import datetime
from enum import StrEnum

from assay.domain.grading import Producer
from assay.kit.model import Value


class Stage(StrEnum):
    """The stages a result goes through."""

    RULE_SCORING = "ruleScoring"
    ESSAY_SCORING = "essayScoring"
    RETRIEVAL = "retrieval"
    NARRATIVE = "narrative"


class Cause(StrEnum):
    """Why a stage is degraded. The first group mirrors `errors.Fault`."""

    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    INVALID_REPLY = "invalid_reply"
    QUOTA_EXHAUSTED = "quota_exhausted"
    MISCONFIGURED = "misconfigured"
    OUT_OF_RANGE = "out_of_range"
    CRASHED = "crashed"
    INTERNAL_ERROR = "internal_error"
    UNREADABLE_RUBRIC = "unreadable_rubric"
    UNREADABLE_RULE = "unreadable_rule"
    MISSING_ANSWER = "missing_answer"
    INDEX_EMPTY = "index_empty"


class Degradation(Value):
    """One stage that did not run as configured."""

    stage: Stage
    cause: Cause
    since: datetime
    replaced_by: Producer | None
    detail: str = ""


PLAIN_WORDS: dict[Stage, str] = {
    Stage.RULE_SCORING: "Part of the theory questions could not be scored",
    Stage.ESSAY_SCORING: "The essays were scored by the built-in evaluator",
    Stage.RETRIEVAL: "The recommendations come from a reduced search or from the track's curated list",
    Stage.NARRATIVE: "The summary was written from a template",
}
"""What a degraded stage means for the reader."""
