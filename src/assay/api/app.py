"""The JSON API as one application, mounted at `/api/v1`."""

from fastapi import FastAPI

from assay import __version__
from assay.api.v1 import assessments, auth, credentials, recommendations, tracks
from assay.edge.errors import install_problem_handlers

ROUTERS = (auth.router, tracks.router, credentials.router, assessments.router, recommendations.router)


def create_api() -> FastAPI:
    """The application; `state.runtime` is set by whoever mounts it."""
    app = FastAPI(
        title="Assay",
        version=__version__,
        summary="Assessments that prove their scores and recommend micro-credentials with their sources.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "/api/v1"}],
    )
    for router in ROUTERS:
        app.include_router(router)
    install_problem_handlers(app)
    return app
