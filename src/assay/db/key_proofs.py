"""The keys of a process held against the database: wrong ones are refused before anything is read or written with them."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from assay.db.models import User
from assay.db.models.base import encrypted
from assay.db.types import KeyRing, KeyRingError, refuse_key_ring
from assay.domain.keys import KeyPurpose

log = structlog.get_logger(__name__)

FIRST_SECONDS: Final = 2.0
"""How long a start waits for the comparison; a database that is away is no reason not to start."""
AGAIN_SECONDS: Final = 2.0
_MIGRATED: Final = text("SELECT to_regclass('key_proofs') IS NOT NULL")
_PROOFS: Final = text("SELECT purpose, key_id, proof FROM key_proofs ORDER BY key_id")
# before there are proofs the oldest and the newest account have to do
_SOMEBODY: Final = text(
    "(SELECT id, email, email_index FROM users ORDER BY id LIMIT 1)"
    " UNION (SELECT id, email, email_index FROM users ORDER BY id DESC LIMIT 1)"
)
_ADD: Final = text("INSERT INTO key_proofs (purpose, key_id, proof) VALUES (:purpose, :key_id, :proof) ON CONFLICT DO NOTHING")
_EMAIL: Final = encrypted(User, "email")
_WHAT_TO_DO: Final = (
    " Nothing was read or written. Put the key back (it is where the settings of this installation were kept, or in the backup of its"
    " secrets), or point DATABASE_URL at the database that these keys belong to. `assay keys check` counts what needs which key."
)


class Proof(NamedTuple):
    """Of a key that something in a database is under: a text that this key alone makes readable."""

    purpose: KeyPurpose
    key_id: str
    proof: bytes


async def prove(engine: AsyncEngine, ring: KeyRing) -> None:
    """Hold `ring` against the database, and leave a proof of its keys there.

    Raises `KeyRingError` with what is missing and what to do, and what the driver raises. Before the migration there is nothing to compare.
    """
    async with engine.begin() as connection:
        if not await connection.scalar(_MIGRATED):
            return
        if not await _compared(connection, ring):
            await _compare_somebody(connection, ring)
        await connection.execute(
            _ADD,
            [
                {"purpose": KeyPurpose.ENCRYPTION.value, "key_id": ring.current, "proof": ring.proof()},
                {"purpose": KeyPurpose.LOOK_UPS.value, "key_id": "", "proof": ring.index_proof()},
            ],
        )
        await _compared(connection, ring)  # somebody else's may have been quicker


async def prove_when_there(engine: AsyncEngine, ring: KeyRing) -> bool:
    """As `prove`; False while the database is away or slow. Raises `KeyRingError`."""
    try:
        async with asyncio.timeout(FIRST_SECONDS):
            await prove(engine, ring)
    except KeyRingError as error:
        log.critical("keys_refused", problem=str(error))
        raise
    except Exception as error:  # noqa: BLE001 - whoever needs the database will say what is wrong with it
        log.info("keys_not_compared", error=type(error).__name__)
        return False
    return True


async def keep_proving(engine: AsyncEngine, ring: KeyRing) -> None:
    """Compare as soon as the database is there; keys that turn out wrong are used for nothing from then on."""
    try:
        while not await prove_when_there(engine, ring):  # noqa: ASYNC110 - nobody tells when a database is back
            await asyncio.sleep(AGAIN_SECONDS)
    except KeyRingError as error:
        refuse_key_ring(error)


async def _compared(connection: AsyncConnection, ring: KeyRing) -> bool:
    """Whether there was anything to compare with. Raises `KeyRingError`."""
    proofs = [Proof(KeyPurpose(row.purpose), row.key_id, row.proof) for row in await connection.execute(_PROOFS)]
    compare(ring, proofs)
    return bool(proofs)


def compare(ring: KeyRing, proofs: Sequence[Proof]) -> None:
    """Hold `ring` against what proves the keys that something was encrypted or hashed with. Raises `KeyRingError`."""
    sealed = {row.key_id: row.proof for row in proofs if row.purpose == KeyPurpose.ENCRYPTION}
    missing = [key_id for key_id in sealed if key_id not in ring.ids]
    other = [key_id for key_id in sealed if key_id in ring.ids and not ring.proves(key_id, sealed[key_id])]
    problems = [
        *(f"the key {key_id!r}, which ASSAY_ENCRYPTION_KEYS does not have" for key_id in missing),
        *(f"another key {key_id!r} than the one that ASSAY_ENCRYPTION_KEYS calls so" for key_id in other),
    ]
    if problems:
        raise KeyRingError(f"Personal data in this database is encrypted under {' and '.join(problems)}.{_WHAT_TO_DO}")
    if not all(ring.proves_index(row.proof) for row in proofs if row.purpose == KeyPurpose.LOOK_UPS):
        raise KeyRingError(f"E-mail look-ups in this database were made with another key than ASSAY_BLIND_INDEX_KEY.{_WHAT_TO_DO}")


async def _compare_somebody(connection: AsyncConnection, ring: KeyRing) -> None:
    for person in await connection.execute(_SOMEBODY):
        try:
            email = _EMAIL.opened_by(ring, person.email, person.id)
        except KeyRingError as error:
            raise KeyRingError(f"Personal data in this database was encrypted under another key: {error}.{_WHAT_TO_DO}") from error
        if person.email_index not in ring.blind_indexes(email):
            raise KeyRingError(f"E-mail look-ups in this database were made with another key than ASSAY_BLIND_INDEX_KEY.{_WHAT_TO_DO}")
