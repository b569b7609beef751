"""What routes ask for in their signatures: the runtime, a unit of work, who is asking and what they may do."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Permission
from assay.domain.errors import Forbidden, Unauthenticated
from assay.observability.logging import known
from assay.runtime import Runtime

MACHINE: Final = "machine"
"""What logs, traces and metrics call the role of a service account."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
bearer = HTTPBearer(auto_error=False, description="An access token of POST /auth/token, or the key of a service account")


async def get_runtime(request: Request) -> Runtime:
    """The process's runtime, opened by the application's lifespan."""
    # async, as all here, though nothing is awaited: FastAPI runs plain functions in a thread, which costs more than what they do
    runtime: Runtime = request.app.state.runtime
    return runtime


type RuntimeDep = Annotated[Runtime, Depends(get_runtime)]


async def get_uow(request: Request, runtime: RuntimeDep) -> AsyncIterator[UnitOfWork]:
    """A unit of work that is committed before the response goes out, so that a failed commit can still become an error answer.

    For a method that is safe (RFC 9110, 9.2.1) it only reads.
    """
    async with runtime.open_uow(autocommit=request.method in SAFE_METHODS) as uow:
        yield uow


type Uow = Annotated[UnitOfWork, Depends(get_uow, scope="function")]


async def get_actor(runtime: RuntimeDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Actor:
    """The caller by bearer token. Cookies are not looked at: the API cannot be driven from another site's form."""
    if credentials is None:
        raise Unauthenticated("Send an access token: Authorization: Bearer ….")
    token = credentials.credentials
    if runtime.service_keys.issued(token):
        actor = await runtime.service_keys.authenticate(runtime.open_uow, token)
    elif runtime.single_sign_on.issues(token):
        actor = await runtime.single_sign_on.bearer(runtime.open_uow, token)
    else:
        actor = runtime.identity.authenticate(token)
    known(actor=runtime.pseudonym(actor.id), role=MACHINE if actor.is_machine else actor.role.value)
    return actor


def requires(permission: Permission) -> Callable[[Actor], Awaitable[Actor]]:
    """A dependency that yields the caller if their role holds `permission`."""

    async def permitted(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
        if not actor.may(permission) and actor.is_machine:
            raise Forbidden(f"The scope of this key does not have the permission {permission}.", code="out_of_scope")
        if not actor.may(permission):
            raise Forbidden(f"Your role {actor.role} does not have the permission {permission}.")
        return actor

    permitted.permission = permission  # type: ignore[attr-defined]  # read by the route table's test
    return permitted


async def get_person(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
    """The caller, who is somebody: a service account has no account of a person's to look at or to sign out of."""
    if actor.is_machine:
        raise Forbidden("This is for people; the key of a service account does not open it.", code="out_of_scope")
    return actor


type AnyActor = Annotated[Actor, Depends(get_person)]
type TrackReader = Annotated[Actor, Depends(requires(Permission.TRACK_READ))]
type Taker = Annotated[Actor, Depends(requires(Permission.ASSESSMENT_TAKE))]
type Reader = Annotated[Actor, Depends(requires(Permission.ASSESSMENT_READ))]
type FeedbackGiver = Annotated[Actor, Depends(requires(Permission.FEEDBACK_GIVE))]
type CohortReader = Annotated[Actor, Depends(requires(Permission.COHORT_READ))]
type EssayOverrider = Annotated[Actor, Depends(requires(Permission.ESSAY_OVERRIDE))]
type AssessmentFlagger = Annotated[Actor, Depends(requires(Permission.ASSESSMENT_FLAG))]
type AssessmentReleaser = Annotated[Actor, Depends(requires(Permission.ASSESSMENT_RELEASE))]
type IndexKeeper = Annotated[Actor, Depends(requires(Permission.INDEX_MANAGE))]
type FeedbackReader = Annotated[Actor, Depends(requires(Permission.FEEDBACK_READ))]
type OperationsReader = Annotated[Actor, Depends(requires(Permission.OPERATIONS_READ))]
type AgreementReader = Annotated[Actor, Depends(requires(Permission.AGREEMENT_READ))]
type WebhookKeeper = Annotated[Actor, Depends(requires(Permission.WEBHOOK_MANAGE))]
type TrackKeeper = Annotated[Actor, Depends(requires(Permission.TRACK_WRITE))]
type QuestionKeeper = Annotated[Actor, Depends(requires(Permission.QUESTION_WRITE))]
type CredentialKeeper = Annotated[Actor, Depends(requires(Permission.CREDENTIAL_WRITE))]
type PersonKeeper = Annotated[Actor, Depends(requires(Permission.PERSON_MANAGE))]
type AuditReader = Annotated[Actor, Depends(requires(Permission.AUDIT_READ))]
type RetentionReader = Annotated[Actor, Depends(requires(Permission.RETENTION_READ))]
type ServiceAccountKeeper = Annotated[Actor, Depends(requires(Permission.SERVICE_ACCOUNT_MANAGE))]
type StarterForOthers = Annotated[Actor, Depends(requires(Permission.ASSESSMENT_START_FOR))]
type CohortKeeper = Annotated[Actor, Depends(requires(Permission.COHORT_MANAGE))]
type Inspector = Annotated[Actor, Depends(requires(Permission.ASSESSMENT_INSPECT))]
type JobKeeper = Annotated[Actor, Depends(requires(Permission.JOB_MANAGE))]
type IdempotencyHeader = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Repeat a request safely")
]
