"""Logs: one event is one line of JSON, secrets and words of students never in it, the correlation id always."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import BaseModel, ValidationError

from assay.domain.errors import Fault, ProviderError
from assay.observability.logging import configure_logging, correlated, current_correlation_id, current_track, redact

CANARY = "canary 7f3a: I once lost my way"
NASTY = [
    "two\nlines",
    "carriage\r\nreturn",
    "\x1b[2J\x1b[31mred",
    'quote" , "level": "critical',
    '"}\n{"event": "forged"}',
    "\u2028separators\u2029\x85",
    "nul \x00 and bell \x07",
    "back\\slash",
]
type Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def logged(request: pytest.FixtureRequest) -> Iterator[Read]:
    """Logging as in a process, into memory; calling it gives the events so far, and refuses lines that are no events."""
    root, quiet = logging.getLogger(), structlog.get_config()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    configure_logging(getattr(request, "param", "json"), "DEBUG", stream)

    def read() -> list[dict[str, Any]]:
        written = stream.getvalue()
        assert not set(written) & {"\x1b", "\r", "\x00", "\u2028"}
        return [json.loads(line) for line in written.split("\n") if line]

    yield read
    root.handlers, root.level = before
    structlog.configure(**quiet)


def boom(message: str) -> None:
    """Fail with words of somebody."""
    raise ValueError(message)


@pytest.mark.parametrize("nasty", NASTY)
def test_one_event_is_one_line(logged: Read, nasty: str) -> None:
    """Line ends, escape sequences and JSON in an event, a value, a nested value, a key or a library's message forge nothing."""
    structlog.get_logger("test").warning(nasty, value=nasty, inside={"list": [nasty]}, **{nasty: 1})
    logging.getLogger("library").error("said %s", nasty)
    first, second = logged()
    assert (first["event"], first["value"], first["inside"], first[nasty]) == (nasty, nasty, {"list": [nasty]}, 1)
    assert second["event"] == f"said {nasty}"


def test_half_a_character_is_escaped(logged: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be encoded is still logged, and the stream can still be written."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler for handler in root.handlers if type(handler) is logging.StreamHandler])
    structlog.get_logger("test").warning("half \ud83d")
    assert logged()[0]["event"] == "half \ud83d"


@pytest.mark.parametrize("nasty", NASTY)
def test_an_exception_is_part_of_its_line(logged: Read, nasty: str) -> None:
    """A traceback has many lines and stays one event."""
    try:
        boom(nasty)
    except ValueError:
        structlog.get_logger("test").exception("failed")
        logging.getLogger("library").exception("failed")
    for event in logged():
        assert "ValueError" in event["exception"]
        assert "in boom" in event["exception"]


def test_every_line_says_when_who_and_how_grave(logged: Read) -> None:
    """Time in UTC, level and logger are on our own lines and on those of libraries."""
    structlog.get_logger("assay.test").info("ours")
    logging.getLogger("library").warning("theirs")
    ours, theirs = logged()
    assert (ours["level"], ours["logger"], theirs["level"], theirs["logger"]) == ("info", "assay.test", "warning", "library")
    assert ours["timestamp"].endswith("Z")
    assert theirs["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "key",
    [
        "password", "token", "authorization", "cookie", "api_key", "secret", "email", "name", "answer", "essay", "comment", "text", "quote",
        "Authorization", "PASSWORD", "Set-Cookie", "X-API-Key", "access_token", "refresh_token", "resumeToken", "client_secret",
        "user_email",
    ],
)  # fmt: skip
def test_a_secret_is_redacted_wherever_it_stands(logged: Read, key: str) -> None:
    """As a key of the event, in whatever spelling, and inside of dictionaries and lists."""
    structlog.get_logger("test").info("event", **{key: CANARY})
    structlog.get_logger("test").info("event", request={"headers": {key: CANARY}}, rows=[{key: CANARY}, ({key: [CANARY]},)])
    assert "canary" not in json.dumps(logged())
    assert logged()[0][key] == "[redacted]"


def test_a_service_key_is_redacted_whatever_it_is_called(logged: Read) -> None:
    """In the event, in a value, nested, beside other words, and in what a library says."""
    canary = "assay_sk_0123456789ab_canary7f3a"
    structlog.get_logger("test").info(f"shown {canary}", header=f"Bearer {canary}", rows=[{"inside": (f"x={canary}&y",)}])
    logging.getLogger("library").warning("refused %s", canary)
    first, second = logged()
    assert "canary" not in json.dumps([first, second])
    assert (first["event"], first["header"], second["event"]) == ("shown [redacted]", "Bearer [redacted]", "refused [redacted]")
    assert first["rows"] == [{"inside": ["x=[redacted]&y"]}]


@pytest.mark.parametrize(
    "key", ["job_type", "input_tokens", "output_tokens", "track_name", "context", "milliseconds", "token_count", "event_name"]
)
def test_figures_and_names_of_things_stay(logged: Read, key: str) -> None:
    """Redaction takes what could tell about a person, not what an operator needs."""
    structlog.get_logger("test").info("event", **{key: 42})
    assert logged()[0][key] == 42


def test_redaction_leaves_the_callers_value_alone() -> None:
    """A caller's dictionary is not changed by being logged."""
    headers = {"authorization": "Bearer x"}
    assert redact(None, "info", {"headers": headers}) == {"headers": {"authorization": "[redacted]"}}
    assert headers == {"authorization": "Bearer x"}


class Form(BaseModel):
    """Something that refuses a student's words."""

    score: int


@pytest.mark.parametrize("logged", ["json", "console"], indirect=True)
def test_an_exception_does_not_repeat_a_students_words(logged: Read, capsys: pytest.CaptureFixture[str]) -> None:
    """Validation errors and the like quote their input: kinds and places are logged, also of causes and groups, messages are not."""
    log = structlog.get_logger("test")
    missing: dict[str, str] = {}
    for raise_it in (lambda: boom(CANARY), lambda: Form.model_validate({"score": CANARY}), lambda: missing[CANARY]):
        try:
            try:
                raise_it()
            except (ValueError, KeyError) as error:
                raise RuntimeError(CANARY) from ExceptionGroup(CANARY, [error])
        except RuntimeError:
            log.exception("failed")
    stream = logging.getLogger().handlers[0].stream  # type: ignore[attr-defined]
    written = stream.getvalue()
    assert "canary" not in written
    assert all(kind in written for kind in ("RuntimeError", "ExceptionGroup", ValidationError.__name__, "KeyError", "boom"))


def test_an_exception_that_causes_itself_is_told_once(logged: Read) -> None:
    """A circle of causes does not bring the logging down."""
    try:
        error = KeyError("a")
        raise error from error
    except KeyError:
        structlog.get_logger("test").exception("failed")
    assert logged()[0]["exception"].count("KeyError") == 1


def test_our_own_errors_keep_their_message(logged: Read) -> None:
    """Messages of this project hold no student's words and help to find the cause."""
    structlog.get_logger("test").error("failed", exc_info=ProviderError(Fault.TIMEOUT, "no answer in 15 s"))
    assert "no answer in 15 s" in logged()[0]["exception"]


def test_a_correlation_id_is_on_every_line_of_its_block(logged: Read) -> None:
    """Also on lines of libraries; blocks nest, and nothing is left behind."""
    assert (current_correlation_id(), current_track()) == ("", "none")
    with correlated("outer", track="backend-engineer"):
        structlog.get_logger("test").info("one")
        with correlated("inner"):
            logging.getLogger("library").info("two")
            assert (current_correlation_id(), current_track()) == ("inner", "backend-engineer")
        structlog.get_logger("test").info("three")
    structlog.get_logger("test").info("four")
    assert [event.get("correlation_id") for event in logged()] == ["outer", "inner", "outer", None]
    assert [event.get("track") for event in logged()] == ["backend-engineer"] * 3 + [None]


def test_a_value_json_does_not_know_is_still_a_line(logged: Read) -> None:
    """An object, a set or bytes are written as text rather than lost."""
    structlog.get_logger("test").info("event", thing=object(), members={1}, raw=b"\xff\n")
    (event,) = logged()
    assert "object" in event["thing"]
