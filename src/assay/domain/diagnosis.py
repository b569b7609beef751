"""What a look over a whole deployment finds: each thing that was looked at, how it stands, and what to do about it."""

from enum import StrEnum

from assay.kit.model import Value


class State(StrEnum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"
    """It works, and somebody should see to it."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be asked, for want of something that failed."""


class Finding(Value):
    """One thing that was looked at. What is not `ok` says in `remedy` what to do."""

    name: str
    state: State
    told: str
    remedy: str = ""


class Diagnosis(Value):
    """All of it, in the order in which it was looked at; `sound` unless something failed."""

    sound: bool
    findings: tuple[Finding, ...]


def ok(name: str, told: str) -> Finding:
    """Nothing to do."""
    return Finding(name=name, state=State.OK, told=told)


def warning(name: str, told: str, remedy: str) -> Finding:
    """Something to see to."""
    return Finding(name=name, state=State.WARNING, told=told, remedy=remedy)


def failed(name: str, told: str, remedy: str) -> Finding:
    """Something to mend."""
    return Finding(name=name, state=State.FAILED, told=told, remedy=remedy)


def unknown(name: str, told: str, remedy: str) -> Finding:
    """Something that could not be asked."""
    return Finding(name=name, state=State.UNKNOWN, told=told, remedy=remedy)
