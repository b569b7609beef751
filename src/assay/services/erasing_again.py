"""Erasing people again whom a restored database has brought back: a backup keeps what it holds, so a list tells who was erased since."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.errors import Conflict
from assay.kit.model import Value
from assay.services import erasure
from assay.services.people import Reasoned

WHY: Final = Reasoned(reason="Erased before; a restored backup had brought them back.")


class Refused(Value):
    """Somebody who could not be erased again, and why: a hold stands in the backup, or they are the last admin in it."""

    person_id: UUID
    why: str


class ErasedAgain(Value):
    """Of the people of a list: who was erased now, how many had been already, and how many came after the backup was taken."""

    erased: tuple[UUID, ...]
    already: int
    unknown: int
    refused: tuple[Refused, ...]

    @property
    def complete(self) -> bool:
        """Whether nobody of the list is left."""
        return not self.refused


async def erase_again(open_uow: OpenUnitOfWork, people: Iterable[UUID]) -> ErasedAgain:
    """Erase each that is here and not erased; each leaves its audit entry. Repeating it does no harm. Raises `Unavailable`."""
    erased, refused, already, unknown = [], [], 0, 0
    for person_id in people:
        async with open_uow(autocommit=True) as uow:
            user = await uow.accounts.get(person_id)
        if user is None:
            unknown += 1
        elif user.erased_at:
            already += 1
        else:
            try:
                report = await erasure.erase(open_uow, None, person_id, WHY)
            except Conflict as conflict:
                refused.append(Refused(person_id=person_id, why=conflict.detail))
            else:
                if report.complete:
                    erased.append(person_id)
                else:
                    refused.append(Refused(person_id=person_id, why=f"still readable: {', '.join(report.readable)}"))
    return ErasedAgain(erased=tuple(erased), already=already, unknown=unknown, refused=tuple(refused))
