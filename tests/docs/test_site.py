"""What the documentation's site is made of: all pages, each reached, and the whole of the API."""

import runpy
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from test_links import anchors_of, links_of

from assay.api.app import create_api

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site before it is built."""
    folder = tmp_path_factory.mktemp("site") / "docs"
    runpy.run_path(str(ROOT / "docs" / "site_pages.py"))["prepare"](folder)
    return folder


def _pages(entries: list[Any]) -> list[str]:
    return [
        page
        for entry in entries
        for value in (entry.values() if isinstance(entry, dict) else [entry])
        for page in (_pages(value) if isinstance(value, list) else [value])
    ]


def test_every_page_is_in_the_navigation_once(prepared: Path) -> None:
    """Those of docs/, the first one, and the reference."""
    configuration = tomllib.loads((prepared / "zensical.toml").read_text(encoding="utf-8"))["project"]
    listed = _pages(configuration["nav"])
    assert sorted(listed) == sorted(str(page.relative_to(prepared / "pages")) for page in (prepared / "pages").rglob("*.md"))
    assert {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} == set(listed) - {"index.md", "api.md"}
    assert configuration["theme"]["font"] is False


def test_no_page_leads_out_of_the_site(prepared: Path) -> None:
    """Links to what the site does not have have become words; the others lead to files."""
    pages = prepared / "pages"
    for page in pages.rglob("*.md"):
        for link in links_of(page.read_text(encoding="utf-8")):
            path = link.partition("#")[0]
            assert not path or "://" in path or path.startswith("mailto:") or (page.parent / path).is_file(), (page.name, link)


def test_the_reference_has_every_operation_and_schema(prepared: Path) -> None:
    """Each under a heading of its own, and whatever a row names can be reached."""
    document = create_api().openapi()
    text = (prepared / "pages" / "api.md").read_text(encoding="utf-8")
    headings = {line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")}
    operations = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert headings == operations | set(document["components"]["schemas"])
    assert {link.removeprefix("#") for link in links_of(text) if link.startswith("#")} <= anchors_of(text)
