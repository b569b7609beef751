"""Structured logs: one event, one line of JSON (or a readable line on a console), with the correlation id of what it belongs to."""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, merge_contextvars
from structlog.processors import ExceptionRenderer

from assay.observability import tracing

SECRET_KEYS: Final = frozenset(
    {"password", "token", "authorization", "cookie", "api_key", "secret", "email", "name", "answer", "essay", "comment", "text", "quote"}
)
"""Keys whose values are never written, whoever logs them, at whatever depth; `X-Api-Key` and `apiKey` are `api_key`."""
SECRET_ENDINGS: Final = ("_password", "_token", "_authorization", "_cookie", "_api_key", "_secret", "_email")
_SERVICE_KEY: Final = re.compile(r"assay_sk_\w+")
"""A key of a service account, wherever it stands; its public id goes with it."""
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")
_OURS: Final = "assay."
UNKNOWN: Final = {"track": "none", "actor": "nobody", "role": "none"}
"""What is said of a request before it is known what it is about and who asks."""


def configure_logging(log_format: Literal["json", "console"], level: str, stream: TextIO | None = None) -> None:
    """Route structlog and the standard library through one handler on `stream` (stderr). Call before anything else logs."""
    target = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        merge_contextvars,
        _traced,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                ExceptionRenderer(lambda info: without_words(info[1])),
                *last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpcore2", "httpx2", "openai", "asyncio", "rq.worker", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of secret-bearing keys, and keys of service accounts anywhere, so that no caller can leak them by mistake."""
    for key, value in event.items():
        event[key] = _redacted(key, value)
    return event


def _traced(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the trace that is going on, so that a line leads to it."""
    if trace_id := tracing.trace_id():
        event["trace_id"] = trace_id
    return event


def _redacted(key: object, value: Any) -> Any:
    if _names_a_secret(str(key)):
        return "[redacted]"
    if isinstance(value, dict):
        return {name: _redacted(name, each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", each) for each in value]
    if isinstance(value, str) and "assay_sk_" in value:
        return _SERVICE_KEY.sub("[redacted]", value)
    return value


@lru_cache(maxsize=1_000)
def _names_a_secret(key: str) -> bool:
    word = _WORD.sub("_", key).lower()
    return word in SECRET_KEYS or word.endswith(SECRET_ENDINGS)


def without_words(error: BaseException, told: frozenset[int] = frozenset()) -> str:
    """The traceback of `error` and its causes: where and which kind. Messages of errors that are not ours are left out.

    A validation, database or codec error quotes what it refused, which may be a student's sentence. `told` are errors already
    described, by identity.
    """
    if id(error) in told:
        return "(as above)"
    told |= {id(error)}
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    kind = type(error)
    message = f": {error}" if kind.__module__.startswith(_OURS) else ""
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "".join(
        [
            f"{without_words(earlier, told)}\nled to\n" if earlier else "",
            *traceback.format_tb(error.__traceback__),
            f"{kind.__module__}.{kind.__qualname__}{message}",
            *(f"\npart {number}:\n{without_words(part, told)}" for number, part in enumerate(parts, start=1)),
        ]
    )


@contextmanager
def correlated(correlation_id: str, **facts: str) -> Iterator[None]:
    """Bind the correlation id (and facts such as the track) to everything logged inside the block."""
    with bound_contextvars(correlation_id=correlation_id, **facts):
        yield


def known(**facts: str) -> None:
    """Say by now what the surrounding `correlated` left open, such as the track: for all that is logged in it from here on.

    Outside of such a block nothing is said, for it would be said of everything after.
    """
    bind_contextvars(**{name: fact for name, fact in facts.items() if name in get_contextvars()})


def current_correlation_id() -> str:
    """The correlation id in force, or an empty string."""
    return str(get_contextvars().get("correlation_id", ""))


def current_track() -> str:
    """The track slug in force for metrics labels, or `none`."""
    return str(get_contextvars().get("track", "none"))


def current_actor() -> tuple[str, str]:
    """Who asks, by pseudonym, and in which role: `nobody` and `none` until that is known."""
    facts = UNKNOWN | get_contextvars()
    return str(facts["actor"]), str(facts["role"])
