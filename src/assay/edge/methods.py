"""Methods that a path does not know: one answer, which lists all that it does know."""

import re
from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from assay.edge.errors import problem

NOT_ALLOWED: Final = HTTPStatus.METHOD_NOT_ALLOWED


class KnownMethods:
    """Refuses what no route of a path takes, before routing.

    Routing alone would name the methods of the first route that fits (RFC 9110, 15.5.6 asks for all of them), and would take the last
    word of `/people/find` for somebody's id when it is asked for with another method.
    """

    def __init__(self, app: ASGIApp, routers: Iterable[APIRouter]) -> None:
        self._app = app
        self._named: dict[str, set[str]] = defaultdict(set)
        self._shaped: dict[str, tuple[re.Pattern[str], set[str]]] = {}
        routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
        for route in sorted(routes, key=lambda route: len(route.param_convertors)):  # a word is held against words before ids
            if route.param_convertors:
                self._shaped.setdefault(route.path_format, (route.path_regex, set()))[1].update(route.methods or ())
            else:
                self._named[route.path].update(route.methods or ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 405 and `Allow`."""
        if scope["type"] == "http":
            known = self._known(scope["path"].removeprefix(scope.get("root_path", "")))
            if known and scope["method"] not in known:
                answer = problem(NOT_ALLOWED, NOT_ALLOWED.name.lower(), f"This address takes {' and '.join(sorted(known))}.")
                answer.headers["Allow"] = ", ".join(sorted(known))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _known(self, path: str) -> set[str]:
        """The methods of the path; none when there is no such path, which the router says itself."""
        if path in self._named:
            return self._named[path]
        return next((methods for regex, methods in self._shaped.values() if regex.match(path)), set())
