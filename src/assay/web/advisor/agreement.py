"""How far advisors agree with the models that score essays."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.actors import Role
from assay.edge.dependencies import Uow
from assay.services import agreement
from assay.services.agreement import ByDimension
from assay.web.advisor import words
from assay.web.advisor.session import AgreementReader
from assay.web.rendering import page

router = APIRouter()

ENOUGH: Final = 20
"""Fewer levels than this say little about a model."""


@router.get("/agreement")
async def show(request: Request, who: AgreementReader, uow: Uow) -> Response:
    """The figures over all, then by track and by evaluator: an advisor's own cohorts, for an admin all."""
    report = await agreement.report(uow, who.actor)
    return page(
        request,
        "advisor/agreement.html",
        report=report,
        total=_total(report.dimensions),
        enough=ENOUGH,
        everywhere=who.actor.role is Role.ADMIN,
        told=words,
    )


def _total(dimensions: ByDimension) -> tuple[int, int]:
    """Levels that were compared, and held ones that were decided."""
    return sum(each.n for each in dimensions.values()), sum(each.held_decided for each in dimensions.values())
