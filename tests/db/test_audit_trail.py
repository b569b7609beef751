"""The audit chain as stored: one line whatever happens at once, nothing from what was rolled back, and manipulation shows."""

import asyncio

import pytest
from sqlalchemy import text

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.audit import GENESIS, AuditAction, ChainLink, first_broken


async def append(open_uow: OpenUnitOfWork, target: str) -> None:
    """One entry in a transaction of its own."""
    async with open_uow() as uow:
        await uow.audit.append(
            actor_id=None,
            action=AuditAction.ASSESSMENT_FLAGGED,
            target_type="assessment",
            target_id=target,
            changes={"code": "followUp", "nested": {"b": [1, 2.5, None], "a": "ü"}},
            correlation_id="c",
        )


async def links(open_uow: OpenUnitOfWork) -> list[ChainLink]:
    """The chain as it stands."""
    async with open_uow(autocommit=True) as uow:
        return await uow.audit.chain()


async def test_entries_written_at_once_form_one_chain(open_uow: OpenUnitOfWork) -> None:
    """Twelve transactions in parallel: every entry stands behind another, none twice."""
    await asyncio.gather(*(append(open_uow, str(number)) for number in range(12)))
    found = await links(open_uow)
    assert first_broken(found, GENESIS) is None
    assert sorted(int(link.entry.target_id) for link in found) == list(range(12))
    assert len({link.previous_hash for link in found}) == 12


async def test_what_is_rolled_back_leaves_no_gap_in_the_chain(open_uow: OpenUnitOfWork) -> None:
    """The next entry stands behind the last that was committed."""
    await append(open_uow, "1")
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the unit of work fails on the way out
        async with open_uow() as uow:
            await uow.audit.append(
                actor_id=None, action=AuditAction.ASSESSMENT_FLAGGED, target_type="t", target_id="2", changes={}, correlation_id="c"
            )
            raise ZeroDivisionError
    await append(open_uow, "3")
    found = await links(open_uow)
    assert [link.entry.target_id for link in found] == ["1", "3"]
    assert first_broken(found, GENESIS) is None


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("UPDATE audit_logs SET changes = '{}' WHERE sequence = 2", 2),
        ("UPDATE audit_logs SET actor_id = uuidv7() WHERE sequence = 3", 3),
        ("DELETE FROM audit_logs WHERE sequence = 2", 3),
    ],
)
async def test_manipulation_shows_when_it_was_not_prevented(open_uow: OpenUnitOfWork, change: str, broken_at: int) -> None:
    """Whoever can switch the trigger off cannot make the chain fit again without writing all that follows."""
    for number in range(4):
        await append(open_uow, str(number))
    async with open_uow() as uow:
        await uow.session.execute(text("ALTER TABLE audit_logs DISABLE TRIGGER immutable"))
        await uow.session.execute(text(change))
    assert first_broken(await links(open_uow), GENESIS) == broken_at
