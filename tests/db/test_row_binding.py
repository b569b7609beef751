"""A ciphertext belongs to its row: written with it, read with it, and worth nothing in another one."""

from typing import Any
from uuid import UUID

import pytest
from sealed_rows import PLACES, fill, read_all, word
from sqlalchemy import Select, insert, select, text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import aliased

from assay.db.models import AssessmentFlag, RecommendationFeedback, User
from assay.db.sealing import SEALED
from assay.db.types import KeyRingError, Sealed
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.actors import Role
from assay.kit.ids import new_id

AS_SUPERUSER = text("SET LOCAL session_replication_role = replica")
"""Past triggers, as somebody does who has the database and not the keys."""


@pytest.fixture
async def two_of_each(open_uow: OpenUnitOfWork, new_assessment: Any) -> tuple[UUID, UUID]:
    """Two rows in every table with encrypted columns, about two people."""
    async with open_uow() as uow:
        return await fill(uow, await new_assessment(uow), "Alice"), await fill(uow, await new_assessment(uow), "Bertha")


async def test_everything_comes_back(open_uow: OpenUnitOfWork, two_of_each: tuple[UUID, UUID]) -> None:
    """Whatever the way it was written (objects, statements, one or many rows, raw SQL): each place holds the two words."""
    del two_of_each
    async with open_uow() as uow:
        found = await read_all(uow)
    assert {place for place in PLACES for mark in ("Alice", "Bertha") if word(mark, place) not in found[place]} == set()
    assert len(PLACES) >= 17


async def test_everything_is_written_bound_to_its_row(open_uow: OpenUnitOfWork, two_of_each: tuple[UUID, UUID]) -> None:
    """No way of writing leaves the older format behind, those of the seeds and of the demo accounts included."""
    del two_of_each
    async with open_uow() as uow:
        assert {count.format for count in await uow.sealed_values.count()} == {2}
        assert {f"{count.table}.{count.column}" for count in await uow.sealed_values.count()} == set(PLACES)


@pytest.mark.parametrize("place", PLACES)
async def test_a_ciphertext_in_another_row_does_not_decrypt(open_uow: OpenUnitOfWork, two_of_each: tuple[UUID, UUID], place: str) -> None:
    """Two rows with their ciphertexts exchanged: neither is read."""
    del two_of_each
    table, column = place.split(".")
    name = SEALED[table].row[0]
    pair = text(f"SELECT {name} AS key, {column} AS sealed FROM {table} ORDER BY {name} DESC LIMIT 2")
    exchange = text(f"UPDATE {table} SET {column} = :sealed WHERE {name} = :key")
    async with open_uow() as uow:
        await uow.session.execute(AS_SUPERUSER)
        rows = (await uow.session.execute(pair)).all()
        for row, other in zip(rows, reversed(rows), strict=True):
            await uow.session.execute(exchange, {"sealed": other.sealed, "key": row.key})
    async with open_uow() as uow:
        stored = SEALED[table].table.c
        for row in rows:
            with pytest.raises(KeyRingError, match="moved or damaged"):
                await uow.session.scalar(select(stored[column]).where(stored[name] == row.key))


async def test_it_is_read_whatever_the_statement(open_uow: OpenUnitOfWork, two_of_each: tuple[UUID, UUID]) -> None:
    """Objects, columns, labels, aliases, RETURNING, and rows of an outer join that are not there."""
    alice, bertha = two_of_each
    other = aliased(User)
    queries: list[Select[Any]] = [
        select(User.name).where(User.id == alice),
        select(User.name.label("called")).where(User.id == alice),
        select(User.name, other.name).join(other, other.id == bertha).where(User.id == alice),
        select(User.name, other.external_id).outerjoin(other, other.id == new_id()).where(User.id == alice),
    ]
    async with open_uow() as uow:
        first, labelled, both, half = [(await uow.session.execute(query)).one() for query in queries]
        assert first.name == labelled.called == both[0] == half[0] == "AliceUsersName"
        assert (both[1], half[1]) == ("BerthaUsersName", None)
        user = await uow.session.scalar(update(User).where(User.id == alice).values(is_active=False).returning(User))
        assert user is not None
        assert (user.name, user.email) == ("AliceUsersName", "AliceUsersEmail@uni.example")


async def test_objects_are_sealed_when_they_change(open_uow: OpenUnitOfWork, two_of_each: tuple[UUID, UUID]) -> None:
    """A flush knows the row from the object, one that is new as well as one that was read; to null and back."""
    alice, _ = two_of_each
    for external in (None, "again"):
        async with open_uow() as uow:
            user = await uow.accounts.get(alice)
            assert user is not None
            user.name, user.external_id = "Alice Liddell", external
        async with open_uow() as uow:
            user = await uow.accounts.get(alice)
            assert user is not None
            assert (user.name, user.external_id, user.email) == ("Alice Liddell", external, "AliceUsersEmail@uni.example")


async def test_what_names_no_row_is_not_written(open_uow: OpenUnitOfWork, two_of_each: tuple[UUID, UUID]) -> None:
    """An UPDATE by a condition, and an object of a table whose ciphertexts are not bound to its id, are refused with what to do."""
    alice, _ = two_of_each
    async with open_uow() as uow:
        with pytest.raises(StatementError, match=r"users\.name was to be written without its row"):
            await uow.session.execute(update(User).where(User.id == alice).values(name="Eve"))
    async with open_uow() as uow:
        said = (await uow.session.scalars(select(RecommendationFeedback))).first()
        assert said is not None
        said.comment = "Eve"
        with pytest.raises(StatementError, match=r"give it as sealed\(value, recommendation_id, author_id\)"):
            await uow.session.flush()
        await uow.session.rollback()
    async with open_uow() as uow:
        name = SEALED["users"].columns["name"].sealed("Alice Liddell", alice)
        assert isinstance(name, Sealed)
        await uow.session.execute(update(User).where(User.id == alice).values(name=name), execution_options={"synchronize_session": False})
        assert await uow.session.scalar(select(User.name).where(User.id == alice)) == "Alice Liddell"


async def test_many_rows_at_once_each_get_their_own(open_uow: OpenUnitOfWork, two_of_each: tuple[UUID, UUID], new_assessment: Any) -> None:
    """Rows without an id get one before they are sealed; words beside none do not disturb each other."""
    alice, _ = two_of_each
    async with open_uow() as uow:
        assessment_id = await new_assessment(uow)
        shared = {"assessment_id": assessment_id, "author_id": alice, "code": "followUp"}
        notes = ["one", None, "two"]
        await uow.session.execute(insert(SEALED["assessment_flags"].table), [{**shared, "note": note} for note in notes])
        read = await uow.session.scalars(select(AssessmentFlag.note).where(AssessmentFlag.assessment_id == assessment_id))
        assert sorted(map(str, read)) == ["None", "one", "two"]
        users = [User(email=f"{n}@uni.example", name=f"n{n}", role=Role.STUDENT, pseudonym=new_id()) for n in range(3)]
        for user in users:
            uow.accounts.add(user)
        await uow.session.flush()
        assert [(await uow.session.scalar(select(User.name).where(User.id == user.id))) for user in users] == ["n0", "n1", "n2"]
