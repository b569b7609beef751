"""What a student declares of their learning."""

from fastapi import APIRouter

from assay.api.v1.problems import problems
from assay.edge.dependencies import Taker, Uow
from assay.services import learning
from assay.services.learning import LearningRead, LearningWrite

router = APIRouter(prefix="/me/learning", tags=["identity"])


@router.get("", responses=problems(401, 403, 404))
async def read_learning(actor: Taker, uow: Uow) -> LearningRead:
    """Completed credentials, prior learning, languages and weekly hours, as I declared them."""
    return await learning.read(uow, actor)


@router.put("", responses=problems(401, 403, 404))
async def put_learning(body: LearningWrite, actor: Taker, uow: Uow) -> LearningRead:
    """Declare all of it anew. The next recommendation leaves out what is completed or learned, and says so."""
    return await learning.put(uow, actor, body)
