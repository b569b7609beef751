"""Asking the service's own public address, as a stranger would: does it answer, and how long is its certificate good."""

import ssl
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx2

from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import assert_no_transaction


class Answered(NamedTuple):
    """The status of `/healthz`, and until when the certificate is good; None over plain HTTP."""

    status: int
    good_until: datetime | None

    def left(self, now: datetime) -> timedelta | None:
        """For how long it is good from `now` on."""
        return self.good_until - now if self.good_until else None


async def ask(url: str, *, seconds: float = 5.0, secure: ssl.SSLContext | None = None) -> Answered:
    """What is answered at `url` + `/healthz`; the certificate is checked, no redirect followed. Raises `ProviderError`."""
    assert_no_transaction()
    verify = secure or ssl.create_default_context()  # the system's authorities, or those that SSL_CERT_FILE names
    try:
        async with (
            httpx2.AsyncClient(timeout=seconds, trust_env=False, verify=verify) as client,
            client.stream("GET", f"{url}/healthz") as answer,
        ):
            secure = answer.extensions["network_stream"].get_extra_info("ssl_object")
            return Answered(answer.status_code, _good_until(secure) if isinstance(secure, ssl.SSLObject) else None)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderError(Fault.UNAVAILABLE, f"{type(error).__name__}: {error}") from error


def _good_until(secure: ssl.SSLObject) -> datetime:
    ends = str((secure.getpeercert() or {})["notAfter"])
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
