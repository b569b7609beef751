"""Personal data at rest: AES-256-GCM with a key ring, and a keyed hash for look-ups.

A ciphertext is `format (1 byte) ‖ length of key id (1) ‖ key id ‖ nonce (12) ‖ ciphertext and tag`. What is authenticated with it decides
where it can be read: in format 2 the place (`table.column`) and the row, so that a value moved to another column or another row does not
decrypt; in format 1, which older versions wrote, the place alone. NIST SP 800-38D: nonces are random 96-bit values, good for 2**32
encryptions under one key; rotate long before.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BOUND_TO_PLACE: Final = 1
BOUND_TO_ROW: Final = 2
ROW_TAG_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_MAX_KEY_ID_BYTES: Final = 255
_PROOF: Final = b"Assay can read what it has written."
_PROOF_PLACE: Final = "key_proofs.proof"


class KeyRingError(ValueError):
    """A key is missing or malformed, or a ciphertext was not made with this ring for this place."""


def row_tag(*key: UUID | str) -> bytes:
    """What stands for a row in its ciphertexts: SHA-256 of the values that name it, of which the last alone may be text."""
    return hashlib.sha256(b"".join(each.bytes if isinstance(each, UUID) else each.encode() for each in key)).digest()


class KeyRing:
    """Keys by id; the first encrypts, all decrypt. Of the keys for look-ups the first writes, all find."""

    def __init__(self, keys: Mapping[str, str], blind_index_keys: str, *, bind_rows: bool = True) -> None:
        """`keys` are base64 of 32 bytes each, `blind_index_keys` one or several of these with commas between them.

        Without `bind_rows` what is written is bound to its place alone, for older versions to read. Raises `KeyRingError`.
        """
        if not keys:
            msg = "no encryption key is set: ASSAY_ENCRYPTION_KEYS needs at least one `id=base64 of 32 bytes`"
            raise KeyRingError(msg)
        raw = {_key_id(key_id): _decode_key(key_id, key) for key_id, key in keys.items()}
        self._ciphers = {key_id: AESGCM(key) for key_id, key in raw.items()}
        self.current = next(iter(raw))
        """The id of the key that encrypts."""
        self.ids = tuple(raw)
        """The ids of all keys, in order."""
        self.header = _header(BOUND_TO_ROW if bind_rows else BOUND_TO_PLACE, self.current)
        """With this every ciphertext begins that need not be renewed."""
        self._bind_rows = bind_rows
        self._index_keys = [_decode_key("blind index", key.strip()) for key in blind_index_keys.split(",")]

    def encrypt(self, plain: bytes, place: str, row: bytes) -> bytes:
        """Ciphertext of `plain`, bound to `place` (`table.column`) and to the row that `row_tag` names."""
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(place, row) if self._bind_rows else place.encode()
        return self.header + nonce + self._ciphers[self.current].encrypt(nonce, plain, bound)

    def decrypt(self, sealed: bytes, place: str, row: bytes) -> bytes:
        """The plaintext. Raises `KeyRingError` for a wrong key, place or row, or a damaged value."""
        form, length = sealed[:2].ljust(2, b"\0")
        key_id = sealed[2 : 2 + length].decode(errors="replace")
        cipher = self._ciphers.get(key_id)
        if form not in {BOUND_TO_PLACE, BOUND_TO_ROW} or cipher is None:
            msg = f"{place} was encrypted with the key {key_id!r}, which is not in the ring"
            raise KeyRingError(msg)
        body = sealed[2 + length :]
        bound = _bound(place, row) if form == BOUND_TO_ROW else place.encode()
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError) as error:  # a nonce cut short is a ValueError
            msg = f"{place} does not decrypt: wrong key, moved or damaged value"
            raise KeyRingError(msg) from error

    def blind_index(self, text: str) -> bytes:
        """HMAC-SHA256 of the case-folded text: equal texts have equal indexes, and nothing else can be read from it."""
        return self.blind_indexes(text)[0]

    def blind_indexes(self, text: str) -> list[bytes]:
        """The same under each of the keys for look-ups, the one that is written first."""
        folded = text.strip().casefold().encode()
        return [hmac.new(key, folded, hashlib.sha256).digest() for key in self._index_keys]

    def proof(self) -> bytes:
        """A known text under the key that encrypts: whoever reads it has that very key."""
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(_PROOF_PLACE, row_tag(self.current))
        return _header(BOUND_TO_ROW, self.current) + nonce + self._ciphers[self.current].encrypt(nonce, _PROOF, bound)

    def proves(self, key_id: str, proof: bytes) -> bool:
        """Whether the key that made this `proof` is the one the ring calls so."""
        try:
            return self.decrypt(proof, _PROOF_PLACE, row_tag(key_id)) == _PROOF
        except KeyRingError:
            return False

    def index_proof(self) -> bytes:
        """As `proof`, of the key for look-ups."""
        return self.blind_index(_PROOF.decode())

    def proves_index(self, proof: bytes) -> bool:
        """Whether any of the keys for look-ups made this proof."""
        return any(hmac.compare_digest(each, proof) for each in self.blind_indexes(_PROOF.decode()))


def _header(form: int, key_id: str) -> bytes:
    return bytes([form, len(key_id.encode())]) + key_id.encode()


def _bound(place: str, row: bytes) -> bytes:
    return place.encode() + b"\0" + row  # no place has a zero byte, so nothing bound to a place alone can look like this


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
