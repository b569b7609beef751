"""What must hold in the database after any fault: what `assay check` asks."""

from assay.db.unit_of_work import OpenUnitOfWork
from assay.services import invariants


async def broken(open_uow: OpenUnitOfWork) -> dict[str, tuple[int, tuple[str, ...]]]:
    """The invariants that do not hold, with how often and by what; empty when all is well."""
    report = await invariants.check(open_uow)
    return {finding.name.value: (finding.violations, finding.examples) for finding in report.findings if finding.violations}
