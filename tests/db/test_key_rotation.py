"""Rotation: everything encrypted gets to the first key while others read and write, whatever ends it; wrong keys are refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sealed_rows import PLACES, fill, read_all, word
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.db import key_proofs
from assay.db.engine import create_engine
from assay.db.models import AuditLog, KeyProof, User
from assay.db.sealing import SEALED
from assay.db.types import KeyRing, KeyRingError, key_ring, use_key_ring
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.keys import Progress
from assay.security.encryption import new_key
from assay.services import audit, key_rotation
from assay.settings import Settings

IMMUTABLE = ("advisor_notes", "assessment_flags", "essay_score_overrides", "essay_scores", "rag_traces", "recommendations")
NEW, LOOK_UPS = new_key(), new_key()


@pytest.fixture
def rings(settings: Settings, engine: AsyncEngine) -> dict[str, KeyRing]:
    """The ring that the content was written with, one with a new first key as well, and one with the new key alone."""
    del engine
    ((name, key),) = settings.encryption_keys.items()
    old, index = {name: key.get_secret_value()}, settings.blind_index_key.get_secret_value()
    return {
        "old": KeyRing(old, index),
        "older version": KeyRing(old, index, bind_rows=False),
        "both": KeyRing({"new": NEW, **old}, f"{LOOK_UPS},{index}"),
        "new": KeyRing({"new": NEW}, LOOK_UPS),
    }


@pytest_asyncio.fixture
async def filled(open_uow: OpenUnitOfWork, new_assessment: Any, rings: dict[str, KeyRing]) -> AsyncIterator[UUID]:
    """A row of everything by this version, one by an older one; the ring with both keys is installed from then on."""
    for mark, ring in (("Alice", "old"), ("Bertha", "older version")):
        use_key_ring(rings[ring])
        async with open_uow() as uow:
            person = await fill(uow, await new_assessment(uow), mark)
    use_key_ring(rings["both"])
    yield person
    use_key_ring(rings["old"])


def untold(_progress: Progress) -> None:
    """Nobody looks."""


async def test_everything_gets_to_the_first_key(open_uow: OpenUnitOfWork, filled: UUID, rings: dict[str, KeyRing]) -> None:
    """Every column of every table, immutable ones too: afterwards the new key alone reads it and finds people; the audit trail tells."""
    before = await key_rotation.check(open_uow)
    assert {f"{count.table}.{count.column}" for count in before.counts if count.format == 1} == set(PLACES)
    assert (before.readable, before.rotated) == (True, False)
    done = await key_rotation.rotate(open_uow, untold)
    assert done.report.rotated
    assert {each.table for each in done.tables if each.renewed} == set(SEALED)
    assert {(count.key_id, count.format) for count in done.report.counts} == {("new", 2)}
    use_key_ring(rings["new"])
    async with open_uow() as uow:
        found = await read_all(uow)
        assert {place for place in PLACES for mark in ("Alice", "Bertha") if word(mark, place) not in found[place]} == set()
        person = await uow.accounts.by_email(f"{word('Bertha', 'users.email')}@uni.example")
        assert person is not None
        assert person.id == filled
        known = await uow.external_identities.known("https://idp.example", word("Bertha", "external_identities.subject"))
        assert known is not None
        assert known.id == filled
        assert await audit.verify(uow)
        entries = (await uow.session.scalars(select(AuditLog).where(AuditLog.action == "keys:rotate").order_by(AuditLog.sequence))).all()
        assert [entry.changes["state"] for entry in entries] == ["begun", "ended"]
        assert (entries[0].changes["to"], entries[1].changes["left"]) == ("new", 0)
        assert (await uow.session.scalars(select(KeyProof.key_id).where(KeyProof.purpose == "encryption"))).all() in ([], ["new"])


async def test_a_second_rotation_does_nothing(open_uow: OpenUnitOfWork, filled: UUID) -> None:
    """Not a row is written, and nothing is said of it."""
    del filled
    await key_rotation.rotate(open_uow, untold)
    versions = text("SELECT array_agg(xmin::text ORDER BY id) FROM users")
    async with open_uow() as uow:
        before, entries = await uow.session.scalar(versions), await uow.session.scalar(text("SELECT count(*) FROM audit_logs"))
    again = await key_rotation.rotate(open_uow, untold)
    assert (again.tables, again.look_ups, again.report.rotated) == ((), 0, True)
    async with open_uow() as uow:
        assert await uow.session.scalar(versions) == before
        assert await uow.session.scalar(text("SELECT count(*) FROM audit_logs")) == entries


async def test_what_ends_a_rotation_costs_one_piece(open_uow: OpenUnitOfWork, filled: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off after each table in turn, everything stays readable; the next run does what is left."""
    del filled
    monkeypatch.setattr(key_rotation, "LOOKED_AT_ONCE", 1)

    class Ended(BaseException):
        """What Ctrl-C raises."""

    def told(progress: Progress) -> None:
        if progress.renewed:
            raise Ended

    rounds = 0
    with_marks = dict.fromkeys(PLACES, 2)
    while True:
        try:
            await key_rotation.rotate(open_uow, told)
        except Ended:
            rounds += 1
        else:
            break
        async with open_uow() as uow:
            found = await read_all(uow)
        assert {place: sum(word(mark, place) in found[place] for mark in ("Alice", "Bertha")) for place in PLACES} == with_marks
    assert rounds >= len(SEALED)
    assert (await key_rotation.check(open_uow)).rotated


async def test_whoever_writes_meanwhile_wins(open_uow: OpenUnitOfWork, filled: UUID) -> None:
    """A row that somebody holds is left, not waited for; it is renewed once it is free, with what was written in between."""
    async with open_uow() as writer:
        person = await writer.accounts.held(filled)
        assert person is not None
        begun = asyncio.get_running_loop().time()
        left = await key_rotation.rotate(open_uow, untold)
        assert asyncio.get_running_loop().time() - begun < 30
        assert not left.report.rotated
        assert {each.table: each.busy for each in left.tables if each.busy} == {"users": 1}
        person.name = "Bertha Newly"
    assert (await key_rotation.rotate(open_uow, untold)).report.rotated
    async with open_uow() as uow:
        assert await uow.session.scalar(select(User.name).where(User.id == filled)) == "Bertha Newly"


async def test_what_cannot_be_read_is_left_and_told(open_uow: OpenUnitOfWork, filled: UUID) -> None:
    """A damaged value and one under a lost key stop nobody; the report is not clean."""
    lost = KeyRing({"lost": new_key()}, LOOK_UPS).encrypt(b"x", "legal_holds.reason", b"")
    async with open_uow() as uow:
        await uow.session.execute(text("UPDATE webhook_endpoints SET secret = overlay(secret placing '\\x00' from length(secret))"))
        await uow.session.execute(text("UPDATE legal_holds SET reason = :lost WHERE person_id = :person"), {"lost": lost, "person": filled})
    done = await key_rotation.rotate(open_uow, untold)
    assert not done.report.rotated
    assert not done.report.readable
    assert {(count.table, count.key_id) for count in done.report.counts if count.state == "missing"} == {("legal_holds", "lost")}
    assert {each.table: each.unreadable for each in done.tables if each.unreadable} == {"webhook_endpoints": 2, "legal_holds": 1}


async def test_while_look_ups_change_both_keys_find(open_uow: OpenUnitOfWork, filled: UUID, rings: dict[str, KeyRing]) -> None:
    """Before the rotation the old key's people are found beside those of the new; with the new key alone they are missing."""
    email = f"{word('Bertha', 'users.email')}@uni.example"
    async with open_uow() as uow:
        found = await uow.accounts.by_email(email)
        assert found is not None
        assert found.id == filled
    report = await key_rotation.check(open_uow)
    assert (report.look_ups.current, report.look_ups.missing) == (0, 0)
    assert report.look_ups.old > 2
    ((name, _),) = ((each, None) for each in rings["old"].ids)
    assert name in report.keys


@pytest.mark.parametrize("table", IMMUTABLE)
async def test_the_gate_lets_ciphertexts_through_and_nothing_else(open_uow: OpenUnitOfWork, filled: UUID, table: str) -> None:
    """Of an immutable row neither another column, nor a ciphertext of another length, nor its loss; and nothing without the setting."""
    del filled
    (column,) = SEALED[table].columns
    others = {"about", "level", "code", "percent", "processing_ms", "weight"}
    plain = next(each.name for each in SEALED[table].table.columns if each.name in others)
    other = {"about": "'student'", "code": "'resolved'"}.get(plain, f"{plain} + 1")
    same = f"overlay({column} placing '\\x00' from length({column}))"
    refused = [f"{column} = {same}, {plain} = {other}", f"{column} = {column} || '\\x00'", f"{column} = NULL", f"{plain} = {other}"]
    for rekeying, change in [("on", each) for each in refused] + [("", f"{column} = {same}"), ("off", f"{column} = {same}")]:
        async with open_uow() as uow:
            await uow.session.execute(text("SELECT set_config('assay.rekeying', :on, true)"), {"on": rekeying})
            with pytest.raises(DBAPIError, match=r"immutable|not-null"):
                await uow.session.execute(text(f"UPDATE {table} SET {change}"))
            await uow.session.rollback()
    async with open_uow() as uow:
        await uow.session.execute(text("SELECT set_config('assay.rekeying', 'on', true)"))
        await uow.session.execute(text(f"UPDATE {table} SET {column} = {same}"))


async def test_immutable_tables_with_ciphertexts_are_known(open_uow: OpenUnitOfWork) -> None:
    """A new one has to open its gate to rotation as well: its trigger says so."""
    query = text("SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'immutable'")
    async with open_uow() as uow:
        triggers = {row[0]: row[1] for row in await uow.session.execute(query)}
    gated = {table for table, trigger in triggers.items() if "only_renewed" in trigger}
    assert gated == set(triggers) & set(SEALED)
    for table in gated:
        assert "{" + ",".join(sorted(SEALED[table].columns)) + "}" in triggers[table]


async def test_other_keys_are_refused_by_name(engine: AsyncEngine, filled: UUID, rings: dict[str, KeyRing]) -> None:
    """A key that is not there, another one of the same name, another one for look-ups: each is said, with what to do."""
    del filled
    (name,) = rings["old"].ids
    await key_proofs.prove(engine, rings["old"])
    await key_proofs.prove(engine, rings["both"])
    another, old = new_key(), rings["both"]
    wrong = {
        f"under the key '{name}', which ASSAY_ENCRYPTION_KEYS does not have": rings["new"],
        f"another key '{name}' than": KeyRing({"new": NEW, name: another}, LOOK_UPS),
    }
    for sentence, ring in wrong.items():
        with pytest.raises(KeyRingError, match=sentence) as refused:
            await key_proofs.prove(engine, ring)
        assert "Put the key back" in str(refused.value)
        assert another not in str(refused.value)
    await key_proofs.prove(engine, old)


async def test_a_key_for_look_ups_that_is_another_is_refused(engine: AsyncEngine, settings: Settings, rings: dict[str, KeyRing]) -> None:
    """Nobody could sign in any more, and everybody could be enrolled twice."""
    await key_proofs.prove(engine, rings["old"])
    keys = {name: key.get_secret_value() for name, key in settings.encryption_keys.items()}
    with pytest.raises(KeyRingError, match="another key than ASSAY_BLIND_INDEX_KEY"):
        await key_proofs.prove(engine, KeyRing(keys, LOOK_UPS))


@pytest.mark.parametrize("wrong", ["encryption", "look-ups"])
async def test_before_there_is_a_proof_somebodys_row_decides(
    engine: AsyncEngine, settings: Settings, open_uow: OpenUnitOfWork, wrong: str
) -> None:
    """A database of an older version: wrong keys leave no proof of themselves."""
    async with open_uow() as uow:
        await uow.session.execute(text("DELETE FROM key_proofs"))
    keys = {name: key.get_secret_value() for name, key in settings.encryption_keys.items()}
    index = settings.blind_index_key.get_secret_value()
    (name,) = keys
    with pytest.raises(KeyRingError, match="another key"):
        await key_proofs.prove(engine, KeyRing({name: NEW}, index) if wrong == "encryption" else KeyRing(keys, LOOK_UPS))
    async with open_uow() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM key_proofs")) == 0
    await key_proofs.prove(engine, KeyRing(keys, index))


async def test_a_database_that_comes_later_is_asked_then(
    engine: AsyncEngine, settings: Settings, rings: dict[str, KeyRing], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process starts without it; once it is there wrong keys are used for nothing any more."""
    await key_proofs.prove(engine, rings["old"])
    away = create_engine("postgresql+asyncpg://nobody@127.0.0.1:9/none", pool_size=1, pool_timeout=1, statement_timeout_ms=100)
    assert not await key_proofs.prove_when_there(away, rings["new"])
    await away.dispose()
    monkeypatch.setattr(key_proofs, "AGAIN_SECONDS", 0.01)
    use_key_ring(rings["new"])
    await key_proofs.keep_proving(engine, rings["new"])
    with pytest.raises(KeyRingError, match="Put the key back"):
        key_ring()
    use_key_ring(rings["old"])
    assert key_ring() is rings["old"]
