"""From what the SDK raises to a named fault. Details name statuses and codes only: a provider's message may echo the essay."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from openai import APIStatusError
from pydantic import ValidationError

from assay.domain.errors import Fault, ProviderError

CODES: Final[dict[str, Fault]] = {
    "insufficient_quota": Fault.QUOTA_EXHAUSTED,
    "billing_hard_limit_reached": Fault.QUOTA_EXHAUSTED,
    "billing_not_active": Fault.QUOTA_EXHAUSTED,
    "rate_limit_exceeded": Fault.RATE_LIMITED,
    "server_error": Fault.UNAVAILABLE,
    "content_filter": Fault.REFUSED,
    "content_policy_violation": Fault.REFUSED,
    "invalid_prompt": Fault.REFUSED,
    "bio_policy": Fault.REFUSED,
    "misalignment_policy_violation": Fault.REFUSED,
}
"""Error codes that say more than the status does; OpenAI's and Azure's."""
STATUSES: Final[dict[int, Fault]] = {
    402: Fault.QUOTA_EXHAUSTED,
    408: Fault.TIMEOUT,
    409: Fault.UNAVAILABLE,
    425: Fault.UNAVAILABLE,
    429: Fault.RATE_LIMITED,
}
"""Statuses below 500 that pass; the others (400, 401, 403, 404, 413, 422, a redirect) stay until someone changes the settings."""
ABOUT_REQUEST: Final = frozenset({400, 413, 422})
"""Statuses that find fault with one request: an essay that is too long for the model says nothing of the next one."""
FIRST_SERVER_ERROR: Final = 500
_CODE: Final = re.compile(r"^[\w.-]{1,60}$")


def named_fault(error: Exception) -> ProviderError:
    """The fault behind an exception of the SDK or its transport."""
    if isinstance(error, APIStatusError):
        return _from_status(error)
    if any(isinstance(link, TimeoutError) for link in _chain(error)):
        return ProviderError(Fault.TIMEOUT, "the connection or the reply took too long")
    return ProviderError(Fault.UNAVAILABLE, f"no reply: {type(_chain(error)[-1]).__name__}")


def fault_of_code(code: str | None) -> Fault:
    """The fault behind an error code inside a reply; an unknown one counts as a provider in trouble."""
    return CODES.get(code or "", Fault.UNAVAILABLE)


def unreadable(error: ValidationError) -> ProviderError:
    """The fault behind a reply that does not fit its schema: a numeric level outside 0-4 has its own name.

    Names places and kinds of errors only, since a reply quotes the essay.
    """
    problems = error.errors(include_url=False, include_context=False)
    if any(_is_level_out_of_range(problem["loc"], problem["input"]) for problem in problems):
        return ProviderError(Fault.OUT_OF_RANGE, "a level outside 0 to 4")
    first = problems[0]
    place = ".".join(part if isinstance(part, str) and _CODE.match(part) else "*" for part in first["loc"])
    return ProviderError(Fault.INVALID_REPLY, f"{first['type']} at {place or 'the root'} ({len(problems)} in all)")


def _is_level_out_of_range(place: tuple[int | str, ...], given: object) -> bool:
    return bool(place) and place[-1] == "level" and isinstance(given, (int, float)) and not isinstance(given, bool)


def _from_status(error: APIStatusError) -> ProviderError:
    status = error.status_code
    fault = CODES.get(error.code or "") or STATUSES.get(status)
    if fault is None:
        fault = Fault.UNAVAILABLE if status >= FIRST_SERVER_ERROR else Fault.MISCONFIGURED
    names = [name for name in (error.code, error.type, error.request_id) if isinstance(name, str) and _CODE.match(name)]
    about_request = fault is Fault.MISCONFIGURED and status in ABOUT_REQUEST
    return ProviderError(fault, " ".join([f"HTTP {status}", *names]), retry_after=_retry_after(error), about_request=about_request)


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds to wait: `retry-after-ms` (OpenAI's), else `Retry-After` as seconds or as a date (RFC 9110, 10.2.3)."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _chain(error: BaseException) -> list[BaseException]:
    """`error` and its causes. The transport reports any lost connection as a timeout; only the causes tell which it was."""
    links = [error]
    while (cause := links[-1].__cause__) is not None:
        links.append(cause)
    return links
