"""Everything that is encrypted, whatever it says: counted by key, and encrypted anew in small pieces that nobody waits for."""

# ruff: noqa: S608 - statements are put together from the names of our own tables and columns, values are bound

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Table, TextClause, bindparam, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import ExternalIdentity, KeyProof, User
from assay.db.models.base import table
from assay.db.repositories.external_identities import indexes as external_indexes
from assay.db.sealing import SEALED, SealedTable
from assay.db.types import KeyRing, KeyRingError, key_ring
from assay.domain.keys import IndexCount, KeyCount, KeyPurpose, KeyState

type Key = tuple[Any, ...]

TABLES: Final = tuple(SEALED)
"""In the order in which they refer to each other."""


class _Index(NamedTuple):
    """A column of keyed hashes, what they are made of, and how."""

    table: Table
    column: str
    said: tuple[str, ...]
    of: Callable[[Any], list[bytes]]


_INDEXES: Final[Mapping[str, _Index]] = {
    "users": _Index(table(User), "email_index", ("email",), lambda row: key_ring().blind_indexes(row.email)),
    "external_identities": _Index(
        table(ExternalIdentity), "subject_index", ("issuer", "subject"), lambda row: external_indexes(row.issuer, row.subject)
    ),
}
LOOK_UPS: Final = tuple(_INDEXES)
"""Tables with keyed hashes."""
_RENEWING: Final = text("SELECT set_config('assay.rekeying', 'on', true)")


class Piece(NamedTuple):
    """Some rows in a row: how many there are, where the next ones begin, and which of them need a rotation."""

    rows: int
    last: Key | None
    stale: list[Key]


class Renewed(NamedTuple):
    """What became of rows that needed a rotation; those that are neither were being written by somebody else."""

    renewed: int
    unreadable: int


class SealedValues:
    """What is encrypted, in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def count(self) -> list[KeyCount]:
        """Values of every column by format and key."""
        return [count for sealed in SEALED.values() for column in sealed.columns for count in await self._counted(sealed, column)]

    async def look_at(self, table: str, after: Key | None, size: int) -> Piece:
        """The next `size` rows of a table by primary key."""
        sealed = SEALED[table]
        stale = " OR ".join(f"coalesce(substr({name}, 1, :length) <> :header, false)" for name in sealed.columns)
        behind = f"WHERE ({_listed(_primary(sealed))}) > ({_listed(_primary(sealed), ':')})" if after else ""
        query = f"SELECT {_listed(_primary(sealed))}, {stale} FROM {table} {behind} ORDER BY {_listed(_primary(sealed))} LIMIT :size"
        header = key_ring().header
        values = {"size": size, "length": len(header), "header": header, **dict(zip(_primary(sealed), after or (), strict=False))}
        rows = [tuple(row) for row in await self._session.execute(text(query), values)]
        return Piece(len(rows), rows[-1][:-1] if rows else None, [row[:-1] for row in rows if row[-1]])

    async def renew(self, table: str, keys: Sequence[Key]) -> Renewed:
        """Encrypt rows anew that nobody else is writing; what cannot be read stays as it is."""
        sealed, ring = SEALED[table], key_ring()
        wanted = {name: [key[place] for key in keys] for place, name in enumerate(_primary(sealed))}
        rows = (await self._session.execute(_held(sealed), wanted)).all()
        renewed = [values for row in rows if (values := _renewed(sealed, row._asdict(), ring))]
        if renewed:
            await self._session.execute(_RENEWING)
            changes = ", ".join(f"{name} = :new_{name}" for name in sealed.columns)
            where = " AND ".join(f"{name} = :{name}" for name in _primary(sealed))
            await self._session.execute(text(f"UPDATE {table} SET {changes} WHERE {where}"), renewed)
        return Renewed(len(renewed), len(rows) - len(renewed))

    async def count_look_ups(self, which: str, after: UUID | None, size: int) -> tuple[IndexCount, UUID | None]:
        """The next `size` rows with look-ups (one of `LOOK_UPS`) by the key of these, and behind whom to go on; None at the end."""
        people = await self._looked_up(which, after, size)
        found = {"current": 0, "old": 0, "missing": 0}
        for person in people:
            indexes = _INDEXES[which].of(person)
            found["current" if person.index == indexes[0] else "old" if person.index in indexes else "missing"] += 1
        return IndexCount(**found), people[-1].id if len(people) == size else None

    async def renew_look_ups(self, which: str, after: UUID | None, size: int) -> tuple[int, int, UUID | None]:
        """Make the look-ups of the next `size` rows anew, of those that need it and that nobody else is writing.

        How many, how many somebody was writing, and behind whom to go on.
        """
        people = await self._looked_up(which, after, size)
        renewed = busy = 0
        for person in people:
            first, *others = _INDEXES[which].of(person)
            if person.index in others:
                row = _INDEXES[which].table.c
                index = row[_INDEXES[which].column]
                free = select(row.id).where(row.id == person.id, index == person.index).with_for_update(skip_locked=True)
                query = update(_INDEXES[which].table).where(row.id.in_(free)).values({index: first}).returning(row.id)
                done = (await self._session.execute(query, execution_options={"synchronize_session": False})).all()
                renewed, busy = renewed + len(done), busy + (not done)
        return renewed, busy, people[-1].id if len(people) == size else None

    async def forget_proofs(self, *, look_ups: bool) -> None:
        """Leave the proof of the key that encrypts alone, and with `look_ups` that of the key that these are made with."""
        ring = key_ring()
        other = (KeyProof.purpose == KeyPurpose.ENCRYPTION.value) & (KeyProof.key_id != ring.current)
        await self._session.execute(delete(KeyProof).where(other))
        if look_ups:
            await self._session.execute(delete(KeyProof).where(KeyProof.purpose == KeyPurpose.LOOK_UPS.value))
            proof = {"purpose": KeyPurpose.LOOK_UPS.value, "key_id": "", "proof": ring.index_proof()}
            await self._session.execute(insert(KeyProof).values(proof))

    async def _looked_up(self, which: str, after: UUID | None, size: int) -> Sequence[Any]:
        index = _INDEXES[which]
        row = index.table.c
        query = select(row.id, *(row[name] for name in index.said), row[index.column].label("index")).order_by(row.id).limit(size)
        return (await self._session.execute(query if after is None else query.where(row.id > after))).all()

    async def _counted(self, sealed: SealedTable, column: str) -> list[KeyCount]:
        table, ring = sealed.table.name, key_ring()
        query = (
            f"SELECT get_byte({column}, 0), encode(substr({column}, 3, get_byte({column}, 1)), 'hex'), count(*)"
            f" FROM {table} WHERE length({column}) > 1 GROUP BY 1, 2 ORDER BY 1, 2"
        )
        found = []
        for form, raw_id, values in await self._session.execute(text(query)):
            key_id = bytes.fromhex(raw_id).decode(errors="replace")
            state = _state(ring, form, key_id)
            found.append(KeyCount(table=table, column=column, key_id=key_id, format=form, values=values, state=state))
        return found


def _state(ring: KeyRing, form: int, key_id: str) -> KeyState:
    if key_id not in ring.ids:
        return KeyState.MISSING
    return KeyState.CURRENT if ring.header[0] == form and key_id == ring.current else KeyState.OLD


def _renewed(sealed: SealedTable, row: Mapping[str, Any], ring: KeyRing) -> Mapping[str, Any] | None:
    """The row's ciphertexts as they are to be; None where one of them cannot be read."""
    key = [row[name] for name in sealed.row]
    try:
        changed = {
            f"new_{name}": None if row[name] is None else kind.renewed(ring, row[name], *key) for name, kind in sealed.columns.items()
        }
    except KeyRingError:
        return None
    return {**changed, **{name: row[name] for name in _primary(sealed)}}


def _primary(sealed: SealedTable) -> list[str]:
    return [column.name for column in sealed.table.primary_key.columns]


def _listed(names: Sequence[str], before: str = "") -> str:
    return ", ".join(f"{before}{name}" for name in names)


def _held(sealed: SealedTable) -> TextClause:
    """Rows by primary key, held until the transaction ends, without those that somebody else holds."""
    primary = _primary(sealed)
    wanted = [bindparam(name, type_=ARRAY(sealed.table.c[name].type)) for name in primary]
    columns = dict.fromkeys([*primary, *sealed.row, *sealed.columns])
    return text(
        f"SELECT {_listed(list(columns))} FROM {sealed.table.name} WHERE ({_listed(primary)})"
        f" IN (SELECT * FROM unnest({_listed(primary, ':')})) FOR NO KEY UPDATE SKIP LOCKED"
    ).bindparams(*wanted)
