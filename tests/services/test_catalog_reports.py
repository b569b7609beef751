"""What is amiss in the catalog: links are asked for through the guard alone, each page once, and retired credentials are left in peace."""

import asyncio
import io
from typing import Any

from sqlalchemy import text

from assay.domain.credentials import CredentialRecord
from assay.domain.errors import Fault, ProviderError
from assay.domain.imports import CatalogFormat, ImportOptions
from assay.domain.ports import Posted
from assay.kit.transactions import assert_no_transaction
from assay.runtime import Runtime
from assay.services import catalog_imports, catalog_reports
from assay.worker.importer import import_what_waits

ANSWERS = {
    "https://a.example/": 200,
    "https://b.example/": 404,
    "https://c.example/": 405,
    "https://d.example/": 0,
    "https://e.example/": 301,
}


class Pages:
    """Answers as told above; 0 is nobody there."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def head(self, url: str) -> Posted:
        """What is answered."""
        assert_no_transaction()
        self.asked.append(url)
        if not ANSWERS[url]:
            raise ProviderError(Fault.MISCONFIGURED, "its name stands for an address that is not public")
        return Posted(ANSWERS[url], None)


def row(slug: str, homepage: str = "", **changes: Any) -> CredentialRecord:
    """A credential whose words are its own."""
    return CredentialRecord.model_validate(
        {
            "title": f"Title of {slug}",
            "provider": "Lakeside Open School",
            "description": " ".join(f"{slug}{number} is told" for number in range(10)),
            "outcomes": [f"Say what {slug} is about"],
            "skills": ["sql"],
            "level": "beginner",
            "workloadHours": 5,
            "homepage": homepage,
            **changes,
        }
    )


async def put(runtime: Runtime, **rows: CredentialRecord) -> None:
    """Write credentials as an old program would, and some details beside."""
    async with runtime.open_uow() as uow:
        for slug, record in rows.items():
            written = text(
                "WITH made AS (INSERT INTO credential_catalog (slug, status) VALUES (:slug, :status) RETURNING id)"
                " INSERT INTO credential_versions (credential_id, version, content, details, content_hash)"
                " SELECT id, 1, CAST(:content AS jsonb), CAST(:details AS jsonb), :hash FROM made"
            )
            values = {
                "slug": slug.replace("_", "-"),
                "status": "retired" if slug == "retired" else "published",
                "content": record.content.model_dump_json(),
                "details": f'{{"homepage": "{record.homepage}"}}',
                "hash": record.hash,
            }
            await uow.session.execute(written, values)


async def test_links_are_asked_for_once(runtime: Runtime) -> None:
    """What answers with an error, or may not be asked, is told with the reason; a page that only does not like HEAD is there."""
    homepages = {f"page{number}": homepage for number, homepage in enumerate(ANSWERS)}
    await put(runtime, **{slug: row(slug, homepage) for slug, homepage in homepages.items()}, twice=row("twice", "https://b.example/"))
    await put(runtime, retired=row("retired", "https://gone.example/"), odd=row("odd", "ftp://a.example/"))
    pages = Pages()
    found = await catalog_reports.report(runtime.open_uow, pages)
    assert sorted(pages.asked) == sorted(ANSWERS)
    assert {(link.slug, link.reason) for link in found.bad_links} == {
        ("page1", "answers 404"),
        ("twice", "answers 404"),
        ("page3", "its name stands for an address that is not public"),
        ("odd", "is no address of a page"),
    }
    assert (found.links_asked, found.duplicates, found.near_duplicates, found.dangling, found.clean) == (len(ANSWERS), (), (), (), False)


async def test_the_sweeper_works_off_what_waits(runtime: Runtime) -> None:
    """One import after the other, until it is told to stop."""
    async with runtime.open_uow() as uow:
        begun = [
            await catalog_imports.begin(uow, io.BytesIO(b"{}\n"), CatalogFormat.JSONL, ImportOptions(), staged=True, requested_by=None)
            for _ in range(2)
        ]
    working = asyncio.create_task(import_what_waits(runtime))
    async with asyncio.timeout(20):
        while True:
            async with runtime.open_uow(autocommit=True) as uow:
                states = [(await catalog_imports.get(uow, each.id)).status for each in begun]
            if states == ["refused", "refused"]:
                break
            await asyncio.sleep(0.05)
    working.cancel()
    await asyncio.wait([working])
