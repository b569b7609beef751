"""The pages as one application, mounted at `/`."""

from collections.abc import Callable, MutableMapping
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.responses import Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from assay.edge.middleware import UNTOLD
from assay.web import account, assessments, home, learned, passwords, profile, reference, results, single_sign_on, status, supposing, tracks
from assay.web.admin import (
    accounts,
    audit,
    catalog,
    catalog_edits,
    catalog_imports,
    catalog_report,
    cohort_lists,
    cohorts,
    index,
    inspections,
    people,
    person_deeds,
    question_editor,
    question_files,
    question_history,
    question_trial,
    questions,
    retention,
)
from assay.web.admin import tracks as kept_tracks
from assay.web.advisor import agreement, desk, review, students
from assay.web.errors import install_error_pages
from assay.web.operations import health, jobs, pilot, service_accounts, webhook_deliveries, webhooks
from assay.web.rendering import FINGERPRINT, STATIC
from assay.web.session import guard, limited

ROUTERS: Final = (
    home.router,
    account.router,
    single_sign_on.router,
    passwords.router,
    profile.router,
    learned.router,
    tracks.router,
    assessments.router,
    status.router,
    results.router,
    supposing.router,
    health.router,
    jobs.router,
    pilot.router,
    service_accounts.router,
    audit.router,
    cohort_lists.router,
    cohorts.router,
    inspections.router,
    accounts.router,  # before the people, whose ids stand where its names do
    people.router,
    person_deeds.router,
    retention.router,
    webhook_deliveries.router,
    webhooks.router,
    catalog.router,
    catalog_edits.router,
    catalog_imports.router,
    catalog_report.router,
    index.router,
    agreement.router,
    desk.router,
    review.router,
    students.router,
    question_editor.router,
    question_files.router,
    question_history.router,
    question_trial.router,
    questions.router,
    kept_tracks.router,
)
COMPRESS_FROM_BYTES: Final = 1_024
COMPRESS_LEVEL: Final = 5
"""Beyond, a page gets hardly smaller and takes twice as long."""


class KeptFiles(StaticFiles):
    """Static files that a browser may keep for good when it asked for them under their fingerprint, `/static/FINGERPRINT/name`."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """One file."""
        name = path.removeprefix(f"{FINGERPRINT}/")
        answer = await super().get_response(name, scope)
        answer.headers["Cache-Control"] = "no-cache" if name == path else "public, max-age=31536000, immutable"
        return answer


def create_web(openapi: Callable[[], dict[str, Any]], *, secure_cookies: bool) -> FastAPI:
    """The application; `state.runtime` is set by whoever mounts it. `openapi` describes the API for the page about it."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(limited), Depends(guard)],
        telemetry=UNTOLD,
    )
    app.state.secure_cookies = secure_cookies
    app.mount("/static", KeptFiles(directory=STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(reference.make_router(openapi))
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESS_FROM_BYTES, compresslevel=COMPRESS_LEVEL)
    install_error_pages(app)
    return app
