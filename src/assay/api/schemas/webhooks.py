"""What an admin may ask of the log of deliveries."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.domain.webhooks import DeliveryStatus, EventType
from assay.kit.model import Value


class DeliveryQuery(Value):
    """Conditions that must all hold; one that is left out is none."""

    endpoint_id: UUID | None = None
    event: EventType | None = None
    status: DeliveryStatus | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: UUID | None = None
