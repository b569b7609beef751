"""The web application: the API, the pages, health and metrics under one roof, with one runtime."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus

from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from assay.api.app import create_api
from assay.edge.errors import problem
from assay.edge.gate import Gate
from assay.edge.health import healthz, metrics_page, readyz
from assay.edge.middleware import BodyLimit, Correlation
from assay.edge.sessions import watching_who_leaves
from assay.edge.well_known import public_keys
from assay.observability.tracing import exporting
from assay.runtime import Runtime, open_runtime, spans_of
from assay.settings import Settings
from assay.web.app import create_web

type OpenRuntime = Callable[[Settings], AbstractAsyncContextManager[Runtime]]


def create_app(settings: Settings, open_runtime: OpenRuntime = open_runtime) -> Starlette:
    """The whole application; its lifespan opens the runtime that `settings` describe and closes it."""
    api = create_api(_listed(settings.cors_origins))
    web = create_web(api.openapi, secure_cookies=settings.secure_cookies)
    for each in (api, web):
        list(iter_route_contexts(each.routes))  # FastAPI works routes out when asked: half a second of the first visitor

    async def nowhere(_request: Request, _error: Exception) -> Response:
        """What fits neither mount: a path with a line break in it."""
        return problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with exporting(spans_of(settings, "api")), open_runtime(settings) as runtime, watching_who_leaves(runtime):
            for each in (app, api, web):
                each.state.runtime = runtime
            yield

    app = Starlette(
        lifespan=lifespan,
        exception_handlers={404: nowhere},
        middleware=[
            Middleware(ProxyHeadersMiddleware, trusted_hosts=_listed(settings.trusted_proxies)),
            Middleware(Correlation, continues_traces=settings.trace_incoming),
            Middleware(
                Gate,
                public_url=settings.public_url,
                hosts=_listed(settings.allowed_hosts),
                inner_networks=settings.inner_networks,
            ),
            Middleware(BodyLimit),
        ],
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics_page),
            Route("/.well-known/jwks.json", public_keys),
            Mount("/api/v1", api),
            Mount("/", web),
        ],
    )
    app.state.leaving = False
    return app


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
