"""An advisor's own cohorts, and how far advisors agree with the models."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from assay.api.schemas.advisor import AssessmentFilter
from assay.api.v1.problems import problems
from assay.edge.dependencies import AgreementReader, CohortReader, Uow
from assay.services import agreement, cohorts
from assay.services.agreement import AgreementReport
from assay.services.cohorts import CohortList, CohortPage

router = APIRouter(prefix="/advisor", tags=["advising"])


@router.get("/cohorts", responses=problems(401, 403))
async def list_cohorts(actor: CohortReader, uow: Uow) -> CohortList:
    """My cohorts, with how many students and assessments there are in which state."""
    return await cohorts.list_own(uow, actor)


@router.get("/cohorts/{cohort_id}/assessments", responses=problems(401, 403, 404))
async def list_assessments(cohort_id: UUID, actor: CohortReader, uow: Uow, wanted: Annotated[AssessmentFilter, Query()]) -> CohortPage:
    """Assessments of a cohort's students, newest first, as far as they fit the filter."""
    return await cohorts.list_assessments(uow, actor, cohort_id, wanted.sieve(), wanted.cursor, wanted.limit)


@router.get("/agreement", responses=problems(401, 403))
async def read_agreement(actor: AgreementReader, uow: Uow) -> AgreementReport:
    """How far advisors' levels agree with the model's: in my cohorts, or for an admin in all."""
    return await agreement.report(uow, actor)
