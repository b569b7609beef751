"""What is amiss in the catalog: credentials told twice or nearly so, links that lead nowhere, prerequisites that there are not."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from assay.db.repositories.catalog import CatalogEntry, CatalogFilter
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.credentials import CredentialStatus
from assay.domain.duplicates import Wordings
from assay.domain.errors import ProviderError
from assay.domain.ports import LinkProbe
from assay.kit.model import Value
from assay.services.catalog_exports import entries

_AT_ONCE: Final = 8
_UNWILLING: Final = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED})
"""Answers to HEAD that say nothing about whether a person would find the page."""


class Duplicate(Value):
    """Credentials of one title and provider, by slug."""

    title: str
    provider: str
    slugs: tuple[str, ...]


class NearDuplicate(Value):
    """Two credentials whose descriptions and outcomes share so much of their wording."""

    slugs: tuple[str, str]
    share: float


class BadLink(Value):
    """A homepage that cannot be followed, and why."""

    slug: str
    homepage: str
    reason: str


class Dangling(Value):
    """A prerequisite that there is no credential of."""

    slug: str
    prerequisite: str


class CatalogReport(Value):
    """What was looked at, and all that is amiss."""

    credentials: int
    links_asked: int
    duplicates: tuple[Duplicate, ...]
    near_duplicates: tuple[NearDuplicate, ...]
    bad_links: tuple[BadLink, ...]
    dangling: tuple[Dangling, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is amiss."""
        return not (self.duplicates or self.near_duplicates or self.bad_links or self.dangling)


class _Seen:
    """What is kept of the catalog while it passes."""

    def __init__(self) -> None:
        self.slugs: set[str] = set()
        self.named: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.wordings = Wordings()
        self.links: dict[str, str] = {}
        self.wanted: list[Dangling] = []

    def take(self, entry: CatalogEntry) -> None:
        """Note one credential; of retired ones only that there are such."""
        self.slugs.add(entry.slug)
        if entry.status == CredentialStatus.RETIRED:
            return
        content = entry.content
        self.named[_folded(content["title"]), _folded(content["provider"])].append(entry.slug)
        self.wordings.add(entry.slug, " ".join([content["description"], *content["outcomes"]]))
        self.wanted += [Dangling(slug=entry.slug, prerequisite=slug) for slug in content["prerequisites"]]
        if homepage := entry.details.get("homepage"):
            self.links[entry.slug] = homepage


async def report(open_uow: OpenUnitOfWork, probe: LinkProbe | None = None) -> CatalogReport:
    """Look through the catalog, retired credentials aside; with a `probe` every well-formed link is asked for, eight at a time."""
    seen = _Seen()
    async for page in entries(open_uow, CatalogFilter()):
        for entry in page:
            seen.take(entry)
    malformed = list(_malformed(seen.links))
    bad = {link.slug for link in malformed}
    asked = {slug: homepage for slug, homepage in seen.links.items() if slug not in bad} if probe else {}
    dead = await _dead(probe, asked) if probe else []
    near = await asyncio.to_thread(seen.wordings.alike)
    return CatalogReport(
        credentials=len(seen.slugs),
        links_asked=len(set(asked.values())),
        duplicates=tuple(
            Duplicate(title=title, provider=provider, slugs=tuple(slugs))
            for (title, provider), slugs in seen.named.items()
            if len(slugs) > 1
        ),
        near_duplicates=tuple(NearDuplicate(slugs=(pair.one, pair.other), share=round(pair.share, 3)) for pair in near),
        bad_links=tuple(sorted((*malformed, *dead), key=lambda link: link.slug)),
        dangling=tuple(each for each in seen.wanted if each.prerequisite not in seen.slugs),
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _malformed(links: Mapping[str, str]) -> Iterator[BadLink]:
    for slug, homepage in links.items():
        try:
            parts = urlsplit(homepage)
            whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(map(str.isspace, homepage))
        except ValueError:
            whole = False
        if not whole:
            yield BadLink(slug=slug, homepage=homepage, reason="is no address of a page")


async def _dead(probe: LinkProbe, links: Mapping[str, str]) -> list[BadLink]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def ask(homepage: str) -> tuple[str, str]:
        async with places:
            try:
                status = (await probe.head(homepage)).status
            except ProviderError as problem:
                return homepage, problem.detail
        gone = status >= HTTPStatus.BAD_REQUEST and status not in _UNWILLING
        return homepage, f"answers {status}" if gone else ""

    reasons = dict(await asyncio.gather(*[ask(homepage) for homepage in dict.fromkeys(links.values())]))
    return [BadLink(slug=slug, homepage=page, reason=reasons[page]) for slug, page in links.items() if reasons[page]]
