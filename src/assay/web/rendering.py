"""Templates into answers: one Jinja environment, strict about escaping and about names it does not know."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assay import __version__
from assay.web import navigation, prose, session, wording
from assay.web.here import Here

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"


def page(request: Request, template: str, *, status: int = 200, notice: str = "", **context: Any) -> HTMLResponse:
    """The answer that `template` makes of `context`, dressed for whoever is signed in; `notice` says what has just been done."""
    who = session.current(request)
    return HTMLResponse(
        ENVIRONMENT.get_template(template).render(
            session=who,
            csrf=who.csrf if who else "",
            places=navigation.places(who),
            area=navigation.area_of(who, request.url.path),
            here=Here.of(request),
            path=request.url.path,
            notice=notice,
            contact=request.app.state.runtime.settings.contact,
            **context,
        ),
        status,
    )


def fragment(template: str, **context: Any) -> str:
    """A part of a page."""
    return ENVIRONMENT.get_template(template).render(**context)


def moment(when: datetime, style: str = "%-d %B %Y, %H:%M") -> Markup:
    """A time of day in UTC, which the page's script turns into the reader's own."""
    utc = when.astimezone(UTC)
    return Markup('<time datetime="{}">{} UTC</time>').format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", utc.strftime(style))


def duration(length: timedelta) -> str:
    """A length of time in its two largest units: `5 days 3 hours`."""
    minutes = max(0, int(length.total_seconds() // 60))
    parts = {"day": minutes // 1440, "hour": minutes // 60 % 24, "minute": minutes % 60}
    told = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in parts.items() if count]
    return " ".join(told[:2]) or "less than a minute"


def seconds(milliseconds: float) -> str:
    """Milliseconds in words."""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def percent(value: float) -> str:
    """A percentage without needless digits."""
    return f"{value:.0f}%"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """`1 question`, `2 questions`."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def textarea(text: str) -> str:
    """Text for inside a `textarea`, where HTML swallows one leading line break."""
    return f"\n{text}" if text.startswith("\n") else text


def static(name: str) -> str:
    """The address of a file in `static/`, which changes when any of them does, so that browsers may keep it for good."""
    return f"/static/{FINGERPRINT}/{name}"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


FINGERPRINT: Final = _fingerprint()
FILTERS: Final[dict[str, Callable[..., object]]] = {
    "prose": prose.prose,
    "inline": prose.inline,
    "moment": moment,
    "duration": duration,
    "seconds": seconds,
    "percent": percent,
    "plural": plural,
    "textarea": textarea,
    "level": wording.level,
    "search_name": wording.search_name,
}


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(FILTERS)
    made.globals.update(static=static, words=wording, version=__version__)
    return made


ENVIRONMENT: Final = _environment()
