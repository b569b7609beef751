"""Somebody with a browser that runs no scripts: follows redirects, keeps cookies, reads forms and sends them back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx2
from journeys import fitting_answer
from starlette.applications import Starlette

ORIGIN = "http://assay.test"
INLINE = {"a", "b", "code", "em", "i", "mark", "q", "span", "strong", "time"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Form:
    """A form as a browser would send it: names and values of what is filled in, ticked or selected."""

    action: str
    id: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What an answer holds: its forms, its links, its text, and what a strict policy would refuse."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.path = answer.url.path
        self.html = answer.text
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.refused: list[str] = []
        self.stack: list[str] = []
        self._texts: list[str] = []
        self._named: tuple[str, list[str]] | None = None
        self._select: str | None = None
        self._elsewhere: list[tuple[str, str, str]] = []
        self.feed(self.html)
        for form in self.forms:
            form.fields += [(name, value) for target, name, value in self._elsewhere if target == form.id]

    @property
    def text(self) -> str:
        """The page's text, white space folded."""
        return " ".join("".join(self._texts).split())

    def form(self, ending: str) -> Form:
        """The form whose action ends so."""
        return next(form for form in self.forms if form.action.endswith(ending))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters of an element."""
        given = {name: value or "" for name, value in attrs}
        self._check(tag, given)
        self._texts.append("" if tag in INLINE else " ")
        if tag not in VOID:
            self.stack.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("id", "")))
        self._field(tag, given)

    def handle_endtag(self, tag: str) -> None:
        """Close an element; one that was not the last opened is a fault of the page."""
        self._texts.append("" if tag in INLINE else " ")
        if self.stack and self.stack[-1] == tag:
            self.stack.pop()
        elif tag not in VOID:
            self.refused.append(f"</{tag}> does not close {self.stack[-1:]}")
        if tag == "textarea" and self._named:
            name, parts = self._named
            self._named = None
            self._add(name, "".join(parts).removeprefix("\n"))
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        """Text, of the page or of a text field."""
        if self._named:
            self._named[1].append(data)
        if not {"script", "style", "title"} & set(self.stack[-1:]):
            self._texts.append(data)

    def _check(self, tag: str, given: dict[str, str]) -> None:
        self.refused += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        foreign = [given[name] for name in ("src", "href", "action") if given.get(name, "").startswith(("http:", "https:", "//"))]
        self.refused += [f"{tag} {address}" for address in foreign]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.refused.append(f"inline {tag}")

    def _field(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "textarea":
            self._named = (name, [])
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._add(self._select, given["value"])
        elif tag == "input" and name and (given.get("type") not in {"radio", "checkbox"} or "checked" in given):
            self._add(name, given.get("value", ""), given.get("form"))

    def _add(self, name: str, value: str, target: str | None = None) -> None:
        if target is not None:
            self._elsewhere.append((target, name, value))
        elif self.forms:
            self.forms[-1].fields.append((name, value))


def entered(question: dict[str, Any], answer: Any) -> dict[str, str | list[str] | None]:
    """The fields of a form that hold `answer`."""
    name = f"answer-{question['id']}"
    if question["format"] in {"ordering", "ranking"}:
        return {f"{name}-{place}": each for place, each in enumerate(answer, start=1)}
    if isinstance(answer, dict):
        return {f"{name}-{left}": right for left, right in answer.items()}
    return {name: answer if isinstance(answer, list) else str(answer)}


def everything(questions: list[dict[str, Any]]) -> dict[str, str | list[str] | None]:
    """All questions answered with something that fits."""
    return {name: value for question in questions for name, value in entered(question, fitting_answer(question)).items()}


class Visitor:
    """A person at the pages."""

    def __init__(self, app: Starlette | None, secret: str | None = None, origin: str = ORIGIN) -> None:
        """At the application itself, or without one at the server at `origin`."""
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False) if app else None
        cookies = httpx2.Cookies()
        if secret:
            cookies.set("assay-session", secret, domain="assay.test")
        self.origin = origin
        self.client = httpx2.AsyncClient(transport=transport, base_url=origin, cookies=cookies, trust_env=False)

    async def get(self, path: str, *, follow: bool = True) -> Page:
        """Open a page."""
        return Page(await self.client.get(path, follow_redirects=follow))

    async def post(self, path: str, fields: list[tuple[str, str]] | dict[str, str], *, follow: bool = True, **headers: str) -> Page:
        """Send a form; a line break goes out as a browser sends it."""
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        return Page(await self.send(path, pairs, follow=follow, **headers))

    async def send(self, path: str, pairs: list[tuple[str, str]], *, follow: bool = False, **headers: str) -> httpx2.Response:
        """The same, with the answer as it is."""
        sent: dict[str, Any] = {}
        for name, value in pairs:
            sent.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\n", "\r\n"))
        marked = {"origin": self.origin, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.client.post(path, data=sent, headers=marked, follow_redirects=follow)

    async def fill(self, page: Page, ending: str, changes: dict[str, str | list[str] | None] | None = None) -> Page:
        """Send the form of `page` whose action ends so, with `changes` made; None leaves a field out."""
        form = page.form(ending)
        pairs = [(name, value) for name, value in form.fields if name not in (changes or {})]
        for name, value in (changes or {}).items():
            pairs += [(name, each) for each in ([value] if isinstance(value, str) else value or [])]
        return await self.post(form.action, pairs)


type Visit = Callable[..., Awaitable[Visitor]]
"""Opens a browser for one of the demo people, signed in, or for nobody."""
