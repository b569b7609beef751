"""What an advisor wants to see of the list, as it stands in the page's address."""

import math
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request
from pydantic import Field, ValidationError

from assay.db.repositories.caseload import Order, Place
from assay.db.repositories.cohorts import Sieve
from assay.domain.errors import Invalid
from assay.domain.progress import AssessmentStatus
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services.caseload import Wanted

type Ticked = Literal["yes"] | None


class ListFilter(Value):
    """Conditions that must all hold; one that is left out is none."""

    cohort: UUID | None = None
    name: Annotated[StorableText, Field(max_length=200)] = ""
    track: Annotated[StorableText, Field(max_length=100)] | None = None
    state: AssessmentStatus | None = None
    waiting: Ticked = None
    """Not yet reviewed: there is a result, and no advisor has spoken on it."""
    overdue: Ticked = None
    held: Ticked = None
    degraded: Ticked = None
    flagged: Ticked = None
    sort: Order = Order.LONGEST_WAIT
    cursor: Annotated[str, Field(max_length=100)] = ""

    @classmethod
    def of(cls, request: Request) -> "ListFilter":
        """What the address says; fields left empty are none. Raises `Invalid` for what does not fit."""
        given = {name: value for name, value in request.query_params.items() if value.strip() and name in cls.model_fields}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise Invalid("The address of this list asks for something there is not.", code="bad_filter") from error

    def wanted(self) -> Wanted:
        """The same for the service."""
        ticked = {name: True for name in ("held", "degraded", "flagged") if getattr(self, name)}
        sieve = Sieve(state=AssessmentStatus.COMPLETED if self.waiting else self.state, track=self.track, **ticked)
        if self.waiting:
            sieve = sieve._replace(reviewed=False)
        return Wanted(cohort=self.cohort, name=self.name, sieve=sieve, overdue=self.overdue is not None, order=self.sort)

    def place(self) -> Place | None:
        """Behind what the page begins; None for the first. Raises `Invalid` for what never was such a place."""
        if not self.cursor:
            return None
        key, _, assessment_id = self.cursor.partition("_")
        try:
            place = Place(float(key), UUID(assessment_id))
        except ValueError as error:
            raise Invalid("This page of the list is not there. Begin with the first.", code="bad_filter") from error
        if not math.isfinite(place.key):
            raise Invalid("This page of the list is not there. Begin with the first.", code="bad_filter")
        return place


def cursor(place: Place | None) -> str:
    """A place as it stands in an address; empty for none."""
    return f"{place.key!r}_{place.assessment_id}" if place else ""
