"""The JSON API as one application, mounted at `/api/v1`."""

from collections.abc import Sequence
from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from assay import __version__
from assay.api.v1 import (
    advisor,
    assessments,
    audit,
    auth,
    catalog_files,
    cohorts,
    credentials,
    dashboards,
    essay_scores,
    flags,
    index,
    inspections,
    jobs,
    learning,
    notes,
    people,
    question_interchange,
    question_statistics,
    questions,
    recommendations,
    releases,
    retention,
    service_accounts,
    single_sign_on,
    tracks,
    webhooks,
    what_if,
)
from assay.api.v1.problems import UNREADABLE, problems
from assay.edge.errors import install_problem_handlers
from assay.edge.methods import KnownMethods
from assay.edge.middleware import UNTOLD
from assay.edge.rate_limit import limited

ROUTERS = (
    assessments.router,  # first, since a request is held against one route after the other, and waiting students ask every second
    auth.router,
    single_sign_on.router,
    tracks.router,
    question_interchange.router,  # before the questions, whose ids stand where its names do
    question_statistics.router,
    questions.router,
    catalog_files.router,  # before the credentials, whose ids stand where its names do
    credentials.router,
    what_if.router,
    learning.router,
    recommendations.router,
    essay_scores.router,
    flags.router,
    notes.router,
    releases.router,
    advisor.router,
    index.router,
    jobs.router,
    dashboards.router,
    webhooks.router,
    people.router,
    service_accounts.router,
    inspections.router,
    retention.router,
    audit.router,
    cohorts.router,
)


class Api(FastAPI):
    """The application, whose OpenAPI document names the media type that errors really have, and a body that cannot be read."""

    def openapi(self) -> dict[str, Any]:
        """The document. FastAPI lists a response model as `application/json` too; ours are problem documents alone."""
        document = super().openapi()
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            if "requestBody" in operation:
                operation["responses"] |= UNREADABLE
            for answer in operation["responses"].values():
                if "application/problem+json" in answer.get("content", {}):
                    answer["content"].pop("application/json", None)
        return document


def create_api(origins: Sequence[str] = ()) -> Api:
    """The application; `state.runtime` is set by whoever mounts it. Scripts of `origins` may call it, with a token and without cookies."""
    app = Api(
        title="Assay",
        version=__version__,
        summary="Assessments that prove their scores and recommend micro-credentials with their sources.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "/api/v1"}],
        dependencies=[Depends(limited)],
        responses=problems(429, 503),
        telemetry=UNTOLD,
    )
    for router in ROUTERS:
        app.include_router(router)
    install_problem_handlers(app)
    app.add_middleware(KnownMethods, routers=ROUTERS)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Correlation-Id"],
            expose_headers=["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Correlation-Id"],
        )
    return app
