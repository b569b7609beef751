"""Retention: what is kept for how long, and what each run removed."""

from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.actors import Permission
from assay.domain.retention import Item, Kind
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import retention
from assay.services.retention import RunRead
from assay.web.rendering import page, plural
from assay.web.session import Session, may

router = APIRouter(prefix="/admin/retention")

type Reader = Annotated[Session, may(Permission.RETENTION_READ)]

PAGE_SIZE: Final = 20
KINDS: Final = {
    Kind.ASSESSMENTS: (
        "Assessments",
        "With answers, scores, recommendations, feedback, and all that hangs from them. Counted from their end.",
    ),
    Kind.MODEL_REPLIES: ("Stored replies of models", "Those that belong to no assessment; the others go with theirs."),
    Kind.MODEL_CALLS: ("Calls to models", "What was asked for when, and what it cost. No words."),
    Kind.JOBS: ("Jobs", "Of the queue, once they have ended."),
    Kind.WEBHOOKS: ("Webhook events", "With their deliveries and tries, once none is under way."),
    Kind.SESSIONS: ("Sessions of the API", "Tokens past their time."),
    Kind.WEB_SESSIONS: ("Sessions of the pages", "Those past their time, with the device they were on."),
    Kind.SNAPSHOTS: ("Figures of the minute", "How deep the queue was and how long results took; nobody's name or words."),
    Kind.INDEX_VERSIONS: ("Index versions", "Not searched any more, unless a recommendation names one or it is the way back."),
    Kind.AUDIT: ("Audit entries", "The oldest; the chain is verified from where they end."),
    Kind.RUNS: ("Reports of these runs", ""),
}


class Kept(NamedTuple):
    """A kind of thing and for how long it is kept."""

    name: str
    about: str
    period: str


class Run(NamedTuple):
    """A run with its figures added up, and its items in the order of `KINDS`."""

    run: RunRead
    removed: int
    held: int
    items: tuple[tuple[str, Item], ...]


@router.get("")
async def show(request: Request, _who: Reader, uow: Uow, runtime: RuntimeDep, cursor: UUID | None = None) -> Response:
    """Periods and runs."""
    listed = await retention.page(uow, cursor, PAGE_SIZE)
    kept = []
    for kind, (name, about) in KINDS.items():
        count, unit = runtime.retention.period(kind)
        kept.append(Kept(name, about, plural(count, unit.removesuffix("s"))))
    return page(
        request,
        "admin/retention.html",
        kept=kept,
        runs=[_run(run) for run in listed.items],
        next_cursor=listed.next_cursor,
        every=plural(runtime.settings.retention_every_hours, "hour"),
    )


def _run(run: RunRead) -> Run:
    by_kind = {item.kind: item for item in run.items}
    items = tuple((KINDS[kind][0], by_kind[kind]) for kind in KINDS if kind in by_kind)
    return Run(run, sum(item.removed for item in run.items), sum(item.held for item in run.items), items)
