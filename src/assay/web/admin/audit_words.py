"""Words for what the audit log names by codes: what was done, with what, and what was different before and after."""

import re
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any, Final, NamedTuple

from assay.domain.audit import AuditAction

_A = AuditAction
ACTIONS: Final[Mapping[str, str]] = {
    _A.ESSAY_SCORE_OVERRIDDEN: "Level of an essay changed",
    _A.ESSAY_SCORE_CONFIRMED: "Level of an essay confirmed",
    _A.ASSESSMENT_FLAGGED: "Assessment flagged",
    _A.ASSESSMENT_NOTED: "Note of an advisor's written",
    _A.ASSESSMENT_INSPECTED: "Assessment inspected",
    _A.ASSESSMENT_RELEASED: "Result released",
    _A.ASSESSMENT_STARTED_FOR: "Assessment started for a student by a machine",
    _A.RECOMMENDATION_JUDGED: "Recommendation judged by an advisor",
    _A.TRACK_CREATED: "Track made",
    _A.TRACK_UPDATED: "Track edited",
    _A.TRACK_RETIRED: "Track retired",
    _A.QUESTION_CREATED: "Question written",
    _A.QUESTION_UPDATED: "Question edited",
    _A.QUESTION_ACTIVATED: "Question switched on",
    _A.QUESTION_DEACTIVATED: "Question switched off",
    _A.QUESTION_DELETED: "Question deleted",
    _A.QUESTION_TRIED: "Question tried out",
    _A.CREDENTIAL_CREATED: "Credential written",
    _A.CREDENTIAL_UPDATED: "Credential edited",
    _A.CREDENTIAL_PUBLISHED: "Credential published",
    _A.CREDENTIAL_RETIRED: "Credential retired",
    _A.CATALOG_IMPORTED: "Catalog imported",
    _A.CATALOG_CONFIRMED: "Catalog import confirmed",
    _A.INDEX_REQUESTED: "Index build asked for",
    _A.INDEX_SWITCHED: "Index switched",
    _A.JOB_RESENT: "Job sent again",
    _A.RESULT_SENT_AGAIN: "Result made again",
    _A.WEBHOOK_REGISTERED: "Webhook endpoint registered",
    _A.WEBHOOK_SECRET_ROTATED: "Webhook secret replaced",
    _A.WEBHOOK_ENABLED: "Webhook endpoint switched on",
    _A.WEBHOOK_DISABLED: "Webhook endpoint switched off",
    _A.WEBHOOK_REMOVED: "Webhook endpoint removed",
    _A.WEBHOOK_RESENT: "Webhook delivery sent again",
    _A.PERSON_CREATED: "Account made for a person",
    _A.PERSON_FOUND: "Person looked for",
    _A.PERSON_ARRIVED: "Person came by another sign-on for the first time",
    _A.PERSON_ROLE_CHANGED: "Role changed",
    _A.PERSON_LINKED: "Link to choose a password made",
    _A.PERSON_PASSWORD_SET: "Password set",
    _A.PERSON_EXPORTED: "Person's data handed out",
    _A.PERSON_ERASED: "Person erased",
    _A.PERSON_HELD: "Legal hold set",
    _A.PERSON_RELEASED: "Legal hold lifted",
    _A.SERVICE_ACCOUNT_CREATED: "Service account made",
    _A.SERVICE_ACCOUNT_CLOSED: "Service account closed",
    _A.SERVICE_KEY_MADE: "Second key made for a service account",
    _A.SERVICE_KEY_REVOKED: "Key of a service account revoked",
    _A.COHORT_CREATED: "Cohort made",
    _A.COHORT_UPDATED: "Cohort renamed",
    _A.COHORT_JOINED: "Somebody added to a cohort",
    _A.COHORT_LEFT: "Somebody taken out of a cohort",
    _A.COHORT_IMPORTED: "List of people brought in",
    _A.RETENTION_RUN: "Retention removed what was past its time",
    _A.AUDIT_EXPORTED: "Audit log taken along as a file",
    _A.KEYS_ROTATED: "Keys of encryption changed",
    _A.DATABASE_BACKED_UP: "Backup taken",
    _A.DATABASE_RESTORED: "Database restored from a backup",
}
KINDS: Final[Mapping[str, str]] = {
    "assessment": "Assessment",
    "audit": "Audit log",
    "backup": "Backup",
    "cohort": "Cohort",
    "credential": "Credential",
    "catalog_import": "Catalog import",
    "essay_score": "Essay",
    "index_version": "Index version",
    "job": "Job",
    "keys": "Keys",
    "person": "Person",
    "question": "Question",
    "question_draft": "Draft of a question",
    "retention_run": "Retention run",
    "roster": "List of people",
    "service_account": "Service account",
    "track": "Track",
    "webhook_delivery": "Webhook delivery",
    "webhook_endpoint": "Webhook endpoint",
}
PAGES: Final[Mapping[str, str]] = {
    "assessment": "/admin/people/assessments/{}",
    "catalog_import": "/admin/catalog/imports/{}",
    "cohort": "/admin/cohorts/{}",
    "credential": "/admin/catalog/{}",
    "index_version": "/admin/index/versions/{}",
    "person": "/admin/people/{}",
    "service_account": "/operations/service-accounts/{}",
    "webhook_delivery": "/operations/webhooks/deliveries/{}",
    "webhook_endpoint": "/operations/webhooks/{}",
}
"""Where an object has a page of its own."""


class Side(NamedTuple):
    """What a field said: its text, or that there was nothing (None)."""

    text: str | None


class Difference(NamedTuple):
    """One field before and after."""

    name: str
    before: Side
    after: Side


class Fact(NamedTuple):
    """Something else that an entry says."""

    name: str
    lines: tuple[str, ...]


def action(code: str) -> str:
    """What was done; an action of a later version is told by its code."""
    return ACTIONS.get(code) or code.replace(":", ": ").replace("_", " ").capitalize()


def kind(code: str) -> str:
    """What it was done with."""
    return KINDS.get(code) or code.replace("_", " ").capitalize()


def place(target_type: str, target_id: str) -> str:
    """The page of an object; empty when it has none."""
    return PAGES[target_type].format(target_id) if target_type in PAGES else ""


def differences(changes: Mapping[str, Any]) -> Iterator[Difference]:
    """The fields of an entry that were one thing before and another after."""
    for pointer, value in changes.items():
        if _is_pair(pointer, value):
            yield Difference(name(pointer), Side(_text(value, "before")), Side(_text(value, "after")))


def facts(changes: Mapping[str, Any]) -> Iterator[Fact]:
    """Whatever else an entry says."""
    for key, value in changes.items():
        if not _is_pair(key, value):
            yield Fact(name(key), tuple(_lines(value)))


def name(pointer: str) -> str:
    """A JSON pointer or a key in words: `/options/0/text` is `Options / 1 / text`."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.strip("/").split("/")]
    told = [str(int(part) + 1) if part.isdecimal() else _spaced(part) for part in parts]
    words = " / ".join(told)
    return words[:1].upper() + words[1:]


def _spaced(part: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", part).replace("_", " ").lower()


def _is_pair(key: str, value: object) -> bool:
    return key.startswith("/") and isinstance(value, Mapping) and bool(value) and set(value) <= {"before", "after"}


def _text(pair: Mapping[str, Any], when: str) -> str | None:
    return _told(pair[when]) if when in pair else None


def _lines(value: object) -> Iterator[str]:
    match value:
        case Mapping():
            yield from (f"{_spaced(str(key))}: {_told(each)}" for key, each in value.items()) if value else iter(("nothing",))
        case list():
            yield from (_told(each) for each in value) if value else iter(("none",))
        case _:
            yield _told(value)


def _told(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str():
            return value or "(empty)"
        case dict() | list():
            return dumps(value, ensure_ascii=False)
    return str(value)
