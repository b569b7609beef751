"""Figures for advisors and admins: what people think, how the work goes, and the pilot's criteria."""

from typing import Annotated

from fastapi import APIRouter, Query

from assay.api.schemas.dashboards import DashboardQuery
from assay.api.v1.problems import problems
from assay.edge.dependencies import FeedbackReader, OperationsReader, Uow
from assay.services import dashboards, pilot
from assay.services.dashboards import FeedbackReport, OperationsReport
from assay.services.pilot import Scorecard

router = APIRouter(prefix="/dashboards", tags=["dashboards"])


@router.get("/feedback", responses=problems(401, 403))
async def read_feedback(actor: FeedbackReader, uow: Uow, wanted: Annotated[DashboardQuery, Query()]) -> FeedbackReport:
    """What students and advisors think, and how long they wait: in my cohorts, or for an admin in all; then by track."""
    return await dashboards.feedback(uow, actor, wanted.look())


@router.get("/operations", responses=problems(401, 403))
async def read_operations(actor: OperationsReader, uow: Uow, wanted: Annotated[DashboardQuery, Query()]) -> OperationsReport:
    """The queue now; jobs, models with tokens and cost, degraded results and failures of the period, by track."""
    return await dashboards.operations(uow, actor, wanted.look())


@router.get("/pilot", responses=problems(401, 403))
async def read_pilot(actor: OperationsReader, uow: Uow, wanted: Annotated[DashboardQuery, Query()]) -> Scorecard:
    """Each criterion of the pilot with its figure, its target and how it is counted, and what they say together."""
    return await pilot.scorecard(uow, actor, wanted.look())
