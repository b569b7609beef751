"""Words for what webhooks name by codes: events, states of a delivery, answers."""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from assay.domain.errors import Fault
from assay.domain.webhooks import DeliveryStatus, EventType

EVENTS: Final = {
    EventType.ASSESSMENT_COMPLETED: ("A result is there", "The first result of an assessment."),
    EventType.ASSESSMENT_DEGRADED: ("A result ran on a substitute", "Beside the first result, when a stage of it was degraded."),
    EventType.ASSESSMENT_FAILED: ("A stage was given up", "A person has to look; the result follows, or is there, without it."),
    EventType.RESULT_UPGRADED: ("A result got better", "A finished assessment has a newer result than before."),
    EventType.RECOMMENDATION_FEEDBACK: ("Somebody has spoken", "A student or an advisor, on a recommendation. What they said is not told."),
}
STATES: Final = {
    DeliveryStatus.PENDING: ("Under way", "info"),
    DeliveryStatus.DELIVERED: ("Delivered", "good"),
    DeliveryStatus.FAILED: ("Given up", "bad"),
}

_FAULTS: Final = frozenset(fault.value for fault in Fault)


def event(code: EventType) -> str:
    """What happened."""
    return EVENTS[code][0]


def host(url: str) -> str:
    """Where an endpoint is, without what its path or query may hold."""
    return urlsplit(url).netloc.rpartition("@")[2]


def answer(status: int | None, attempts: int = 1) -> str:
    """What an endpoint answered."""
    if status is None:
        return "No answer" if attempts else "Not tried yet"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def trouble(error: str | None) -> str:
    """What went wrong with a try, without the code that stands before it; empty when nothing did."""
    words = (error or "").partition(": ")[2] if (error or "").partition(": ")[0] in _FAULTS else error or ""
    return words[:1].upper() + words[1:]
