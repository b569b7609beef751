"""Checking a live database: every invariant, what it means, how often it is broken and by what. Nothing is changed."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from assay.db.repositories.invariants import QUERIES, Broken, Content
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.invariants import EXAMPLES, MEANINGS, Finding, Invariant, Report
from assay.kit.hashing import content_hash
from assay.services import audit

PAGE: Final = 500
"""Versions read at a time."""

type _Page = Callable[[UUID | None, int], Awaitable[list[Content]]]


async def check(open_uow: OpenUnitOfWork) -> Report:
    """Check them all, while others write: each query sees what is committed when it begins, and holds no lock."""
    findings = [_finding(invariant, await _broken(open_uow, invariant)) for invariant in Invariant]
    return Report(holds=not any(finding.violations for finding in findings), findings=tuple(findings))


async def _broken(open_uow: OpenUnitOfWork, invariant: Invariant) -> Broken:
    async with open_uow(autocommit=True) as uow:
        if invariant in QUERIES:
            return await uow.invariants.broken(invariant)
        return await DERIVED[invariant](uow)


async def _content_fits(uow: UnitOfWork) -> Broken:
    altered = [*await _altered(uow.invariants.question_contents), *await _altered(uow.invariants.credential_contents)]
    return Broken(len(altered), tuple(str(each) for each in altered[:EXAMPLES]))


async def _altered(page: _Page) -> list[UUID]:
    after, altered = None, list[UUID]()
    while contents := await page(after, PAGE):
        altered += [each.id for each in contents if not _fits(each)]
        after = contents[-1].id
    return altered


def _fits(version: Content) -> bool:
    rubric = version.content.get("rubric")
    hash_of_rubric = content_hash(rubric) if version.rubric_hash is not None else None
    return content_hash(version.content) == version.content_hash and hash_of_rubric == version.rubric_hash


async def _chain_holds(uow: UnitOfWork) -> Broken:
    chain = await audit.verify(uow)
    return Broken(0, ()) if chain.holds else Broken(1, (str(chain.broken_at),))


def _finding(invariant: Invariant, broken: Broken) -> Finding:
    return Finding(name=invariant, meaning=MEANINGS[invariant], violations=broken.violations, examples=broken.examples)


DERIVED: Final[dict[Invariant, Callable[[UnitOfWork], Awaitable[Broken]]]] = {
    Invariant.CONTENT_FITS_ITS_HASH: _content_fits,
    Invariant.AUDIT_CHAIN_HOLDS: _chain_holds,
}
"""What SQL alone cannot say, because a hash is taken by our own code."""
