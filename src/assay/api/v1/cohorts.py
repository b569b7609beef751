"""Cohorts as admins keep them: names, members, and lists of people."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response, status

from assay.api.v1.problems import problems
from assay.edge.conditional import Seen, tagged
from assay.edge.dependencies import CohortKeeper, IdempotencyHeader, Uow
from assay.services import enrolment, idempotency, roster_import
from assay.services.enrolment import CohortWrite, KeptCohort, KeptCohortPage, MemberPage
from assay.services.roster_import import RosterReport

router = APIRouter(prefix="/cohorts", tags=["cohorts"])

type Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("", responses=problems(401, 403))
async def list_cohorts(_actor: CohortKeeper, uow: Uow, limit: Limit = 50, cursor: UUID | None = None) -> KeptCohortPage:
    """All cohorts with how many students and advisors each has, the newest first."""
    return await enrolment.page(uow, cursor, limit)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 409))
async def create(body: CohortWrite, actor: CohortKeeper, uow: Uow, response: Response, key: IdempotencyHeader = None) -> KeptCohort:
    """A cohort without anybody."""

    async def act() -> idempotency.JsonObject:
        return (await enrolment.create(uow, actor, body)).model_dump(mode="json")

    done = await idempotency.once(uow, actor, key, ["cohort", body.name], act)
    return tagged(response, KeptCohort.model_validate(done.response))


@router.get("/{cohort_id}", responses=problems(401, 403, 404))
async def get_cohort(cohort_id: UUID, _actor: CohortKeeper, uow: Uow, response: Response) -> KeptCohort:
    """One cohort."""
    return tagged(response, await enrolment.get(uow, cohort_id))


@router.put("/{cohort_id}", responses=problems(401, 403, 404, 409, 412, 428))
async def rename(cohort_id: UUID, body: CohortWrite, actor: CohortKeeper, uow: Uow, seen: Seen, response: Response) -> KeptCohort:
    """Call a cohort otherwise."""
    return tagged(response, await enrolment.rename(uow, actor, cohort_id, body, seen))


@router.get("/{cohort_id}/members", responses=problems(401, 403, 404))
async def list_members(cohort_id: UUID, _actor: CohortKeeper, uow: Uow, limit: Limit = 50, cursor: UUID | None = None) -> MemberPage:
    """Students of a cohort, and the advisors who see them."""
    return await enrolment.members(uow, cohort_id, cursor, limit)


@router.put("/{cohort_id}/members/{person_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(401, 403, 404, 409))
async def join(cohort_id: UUID, person_id: UUID, actor: CohortKeeper, uow: Uow) -> None:
    """Put a student or an advisor into a cohort; doing it again changes nothing."""
    await enrolment.join(uow, actor, cohort_id, person_id)


@router.delete("/{cohort_id}/members/{person_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(401, 403, 404))
async def leave(cohort_id: UUID, person_id: UUID, actor: CohortKeeper, uow: Uow) -> None:
    """Take somebody out of a cohort: its advisors see them no more, or they see its students no more."""
    await enrolment.leave(uow, actor, cohort_id, person_id)


@router.post("/{cohort_id}/members/import", responses=problems(401, 403, 404, 409))
async def import_members(
    cohort_id: UUID,
    content: Annotated[
        bytes, Body(media_type="text/csv", min_length=1, description="email,name,role[,cohort]; role is student or advisor")
    ],
    actor: CohortKeeper,
    uow: Uow,
    key: IdempotencyHeader = None,
    *,
    dry_run: Annotated[bool, Query(alias="dryRun", description="Check every row, write nothing")] = False,
    skip_bad: Annotated[bool, Query(alias="skipBad", description="Enrol the good rows; without it all or none")] = False,
) -> RosterReport:
    """Enrol a list of people, every row answered. Whoever is not known gets an account to which single sign-on is the way in."""

    async def act() -> idempotency.JsonObject:
        report = await roster_import.enrol(uow, actor, content, cohort_id=cohort_id, dry_run=dry_run, skip_bad=skip_bad)
        return report.model_dump(mode="json")

    request = ["roster", str(cohort_id), hashlib.sha256(content).hexdigest(), dry_run, skip_bad]
    return RosterReport.model_validate((await idempotency.once(uow, actor, key, request, act)).response)
