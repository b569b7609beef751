"""The promises that can be checked on a live database: what each says, and what was found."""

from enum import StrEnum
from typing import Final

from assay.kit.model import Value

EXAMPLES: Final = 5
"""How many ids are named of what breaks an invariant."""
QUEUE_RETENTION_DAYS: Final = 30
"""Jobs may be forgotten after this; what rests on them is asked of assessments that are younger, or not finished."""


class Invariant(StrEnum):
    """Everything that is checked."""

    SUBMITTED_HAS_JOBS = "submitted_has_jobs"
    FINISHED_HAS_RECOMMENDATION = "finished_has_recommendation"
    RECOMMENDED_IS_FINISHED = "recommended_is_finished"
    ONE_SCORE_SET = "one_score_set"
    VERSIONS_HAVE_JOBS = "versions_have_jobs"
    ENDED_HAS_EFFECT = "ended_has_effect"
    EFFECT_HAS_ITS_FENCE = "effect_has_its_fence"
    EFFECT_HAS_ITS_JOB = "effect_has_its_job"
    LEASES_ARE_TAKEN_BACK = "leases_are_taken_back"
    NOTHING_WAITS_FOR_EVER = "nothing_waits_for_ever"
    ONE_AT_A_TIME = "one_at_a_time"
    DELIVERY_HAS_ITS_JOB = "delivery_has_its_job"
    SNAPSHOT_OF_ITS_QUESTION = "snapshot_of_its_question"
    WRITTEN_ONCE_IS_GUARDED = "written_once_is_guarded"
    CONTENT_FITS_ITS_HASH = "content_fits_its_hash"
    AUDIT_CHAIN_HOLDS = "audit_chain_holds"


_I = Invariant
MEANINGS: Final[dict[Invariant, str]] = {
    _I.SUBMITTED_HAS_JOBS: "A submitted assessment has its two jobs: one for the essays, one for the recommendation.",
    _I.FINISHED_HAS_RECOMMENDATION: "A finished assessment has a recommendation.",
    _I.RECOMMENDED_IS_FINISHED: "An assessment whose recommendation job has ended is finished.",
    _I.ONE_SCORE_SET: "A question has one score in each version, and an assessment one recommendation in each.",
    _I.VERSIONS_HAVE_JOBS: "No verdict and no recommendation has more versions than jobs that could write one have ended.",
    _I.ENDED_HAS_EFFECT: "A job that has ended has exactly one effect.",
    _I.EFFECT_HAS_ITS_FENCE: "An effect carries the fence of its job: no worker wrote after its lease had gone to another.",
    _I.EFFECT_HAS_ITS_JOB: "An effect belongs to a job, and that job has ended.",
    _I.LEASES_ARE_TAKEN_BACK: "A lease that ran out is taken back within seconds; otherwise no sweeper is at work.",
    _I.NOTHING_WAITS_FOR_EVER: "A job that waits for another one of its assessment is released when that one ends.",
    _I.ONE_AT_A_TIME: "No assessment has two jobs of one type under way: a result is made again by one at a time.",
    _I.DELIVERY_HAS_ITS_JOB: "A webhook on its way has a job that brings it; one that arrived or was given up has none under way.",
    _I.SNAPSHOT_OF_ITS_QUESTION: "A question as asked points to a version of that very question.",
    _I.WRITTEN_ONCE_IS_GUARDED: "The triggers that refuse to change what is written once are there and enabled.",
    _I.CONTENT_FITS_ITS_HASH: "A version of a question, rubric or credential still says what its hash was taken of.",
    _I.AUDIT_CHAIN_HOLDS: "The audit chain holds: no entry was altered, and none is missing in between.",
}
"""What holds while an invariant does, in a sentence."""


class Finding(Value):
    """One invariant with how often it is broken, and up to five ids of what breaks it."""

    name: Invariant
    meaning: str
    violations: int
    examples: tuple[str, ...] = ()


class Report(Value):
    """All invariants as they stood."""

    holds: bool
    findings: tuple[Finding, ...]
