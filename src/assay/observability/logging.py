"""Structured logs: one event, one line of JSON (or a readable line on a console), with the correlation id of what it belongs to."""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars, merge_contextvars

SECRET_KEYS: Final = frozenset(
    {"password", "token", "authorization", "cookie", "api_key", "secret", "email", "name", "answer", "essay", "comment", "text", "quote"}
)
"""Event keys whose values are never written, whoever logs them."""


def configure_logging(log_format: Literal["json", "console"], level: str, stream: TextIO | None = None) -> None:
    """Route structlog and the standard library through one handler on `stream` (stderr). Call before anything else logs."""
    target = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        merge_contextvars,
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
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=target.isatty())]
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpcore2", "httpx2", "openai", "asyncio", "rq.worker"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of secret-bearing keys, so that no caller can leak them by mistake."""
    for key in event:
        if key in SECRET_KEYS:
            event[key] = "[redacted]"
    return event


@contextmanager
def correlated(correlation_id: str, **facts: str) -> Iterator[None]:
    """Bind the correlation id (and facts such as the track) to everything logged inside the block."""
    with bound_contextvars(correlation_id=correlation_id, **facts):
        yield


def current_correlation_id() -> str:
    """The correlation id in force, or an empty string."""
    return str(get_contextvars().get("correlation_id", ""))


def current_track() -> str:
    """The track slug in force for metrics labels, or `none`."""
    return str(get_contextvars().get("track", "none"))
