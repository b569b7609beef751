"""Personal data at rest: AES-256-GCM with a key ring, and a keyed hash for look-ups.

A ciphertext is `version (1 byte) ‖ length of key id (1) ‖ key id ‖ nonce (12) ‖ ciphertext and tag`. The context (table and
column) is authenticated with it, so a value moved to another column does not decrypt. NIST SP 800-38D: nonces are random
96-bit values, good for 2**32 encryptions under one key; rotate long before.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = 1
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_MAX_KEY_ID_BYTES: Final = 255


class KeyRingError(ValueError):
    """A key is missing or malformed, or a ciphertext was not made with this ring for this place."""


class KeyRing:
    """Keys by id; the first encrypts, all decrypt."""

    def __init__(self, keys: Mapping[str, str], blind_index_key: str) -> None:
        """`keys` and `blind_index_key` are base64 of 32 bytes. Raises `KeyRingError` when one is not."""
        if not keys:
            msg = "no encryption key is set: ASSAY_ENCRYPTION_KEYS needs at least one `id=base64 of 32 bytes`"
            raise KeyRingError(msg)
        raw = {_key_id(key_id): _decode_key(key_id, key) for key_id, key in keys.items()}
        self._ciphers = {key_id: AESGCM(key) for key_id, key in raw.items()}
        self._current = next(iter(raw))
        self._index_key = _decode_key("blind index", blind_index_key)

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """Ciphertext of `plain`, bound to `context` (`table.column`)."""
        nonce = os.urandom(_NONCE_BYTES)
        key_id = self._current.encode()
        sealed = self._ciphers[self._current].encrypt(nonce, plain, context.encode())
        return bytes([_VERSION, len(key_id)]) + key_id + nonce + sealed

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """The plaintext. Raises `KeyRingError` for a wrong key, place or damaged value."""
        version, length = sealed[:2].ljust(2, b"\0")
        key_id = sealed[2 : 2 + length].decode(errors="replace")
        cipher = self._ciphers.get(key_id)
        if version != _VERSION or cipher is None:
            msg = f"{context} was encrypted with the key {key_id!r}, which is not in the ring"
            raise KeyRingError(msg)
        body = sealed[2 + length :]
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:  # a nonce cut short is a ValueError
            msg = f"{context} does not decrypt: wrong key, moved or damaged value"
            raise KeyRingError(msg) from error

    def blind_index(self, text: str) -> bytes:
        """HMAC-SHA256 of the case-folded text: equal texts have equal indexes, and nothing else can be read from it."""
        return hmac.new(self._index_key, text.strip().casefold().encode(), hashlib.sha256).digest()


def _key_id(name: str) -> str:
    if not 1 <= len(name.encode()) <= _MAX_KEY_ID_BYTES:
        msg = f"a key id has 1 to {_MAX_KEY_ID_BYTES} bytes, {name[:20]!r} has {len(name.encode())}"
        raise KeyRingError(msg)
    return name


def _decode_key(name: str, key: str) -> bytes:
    try:
        raw = base64.b64decode(key, validate=True)
    except ValueError as error:
        msg = f"the key {name!r} is not base64"
        raise KeyRingError(msg) from error
    if len(raw) != _KEY_BYTES:
        msg = f"the key {name!r} has {len(raw)} bytes, not {_KEY_BYTES}"
        raise KeyRingError(msg)
    return raw


def new_key() -> str:
    """A fresh random key, base64."""
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode()
