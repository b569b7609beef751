"""Keys of service accounts: `assay_sk_`, a public id, 256 random bits and a checksum: a leaked one is found, a torn one is known."""

import hmac
import re
import secrets
import string
import zlib
from typing import Final, NamedTuple

from assay.security.tokens import secret_hash

PREFIX: Final = "assay_sk_"
_ALPHABET: Final = string.digits + string.ascii_letters
_PUBLIC_LENGTH: Final = 12
_SECRET_LENGTH: Final = 43
"""62 characters to choose from: 256 bits."""
_CHECK_LENGTH: Final = 6
_FORM: Final = re.compile(
    rf"{PREFIX}([0-9A-Za-z]{{{_PUBLIC_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH}}}([0-9A-Za-z]{{{_CHECK_LENGTH}}})", re.ASCII
)


class NewKey(NamedTuple):
    """A key as it is told this once, and what is kept of it."""

    key: str
    public_id: str
    secret_hash: str


class ShownKey(NamedTuple):
    """A key that somebody shows: its public id, and the hash to hold against the one that is kept."""

    public_id: str
    secret_hash: str

    def fits(self, kept: str) -> bool:
        """Whether `kept` is the same hash; takes as long whichever it is."""
        return hmac.compare_digest(self.secret_hash, kept)


def new_service_key() -> NewKey:
    """A key nobody has had before.

    SHA-256 is enough for keeping it: what slow hashes are for is that people choose passwords which can be guessed. 256 random bits cannot,
    however fast a hash is, and a key is hashed with each request (OWASP Password Storage Cheat Sheet is about passwords alone).
    """
    public_id = _random(_PUBLIC_LENGTH)
    body = f"{PREFIX}{public_id}_{_random(_SECRET_LENGTH)}"
    key = body + _checksum(body)
    return NewKey(key, public_id, secret_hash(key))


def is_service_key(token: str) -> bool:
    """Whether `token` claims to be one; nothing else of ours begins so."""
    return token.startswith(PREFIX)


def shown(token: str) -> ShownKey | None:
    """The key in `token`; None for one that is torn or misspelt, which needs no look-up to be told."""
    found = _FORM.fullmatch(token)
    if found is None or found[2] != _checksum(token[:-_CHECK_LENGTH]):
        return None
    return ShownKey(found[1], secret_hash(token))


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    """CRC-32 of the rest: against slips, not against anybody."""
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
