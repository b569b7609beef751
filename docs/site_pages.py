"""Prepares the documentation's site: its pages in one folder, with the API's reference, and the configuration with all of them in it.

`./dev docs` runs it and then the site's builder. Pages are those of `docs/` as they are; links out of `docs/` become words, since the
site does not have what they lead to.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from assay.api.app import create_api
from assay.web import reference

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
SECTIONS: Final = (
    ("Guides", ("guides/student.md", "guides/advisor.md", "guides/admin.md", "guides/operator.md", "glossary.md")),
    ("Other systems", ("guides/integrator.md", "api.md", "guides/errors.md", "webhooks.md", "single-sign-on.md", "catalog.md")),
    ("Running it", ("operations.md", "on-call.md", "runbooks/", "faults.md")),
    ("Trust", ("security.md", "privacy.md", "access.md", "requirements.md")),
    ("Inside", ("architecture.md", "ui-principles.md", "decisions/")),
)
"""What stands where; a folder stands for its pages. Whatever is named nowhere comes last, under `More`."""
_LINK: Final = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_CONFIGURATION: Final = """[project]
site_name = "Assay"
site_description = "Assessments that prove their scores and recommend micro-credentials with their sources."
docs_dir = "pages"
site_dir = "site"
use_directory_urls = false
nav = {nav}

[project.theme]
font = false
features = ["navigation.indexes", "navigation.top", "content.code.copy"]
palette = [
  {{media = "(prefers-color-scheme: light)", scheme = "default"}},
  {{media = "(prefers-color-scheme: dark)", scheme = "slate"}},
]
"""


def prepare(folder: Path) -> None:
    """Fill `folder` with pages and configuration; what an earlier run has left there goes."""
    pages = folder / "pages"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("*.py", "*.lock", "__pycache__"))
    (pages / "index.md").write_text(first_page((ROOT / "README.md").read_text(encoding="utf-8")), encoding="utf-8")
    (pages / "api.md").write_text(api_page(), encoding="utf-8")
    for page in pages.rglob("*.md"):
        page.write_text(inside(page.read_text(encoding="utf-8"), page.parent, pages), encoding="utf-8")
    (folder / "zensical.toml").write_text(_CONFIGURATION.format(nav=_toml(navigation(pages))), encoding="utf-8")


def first_page(readme: str) -> str:
    """README, as it reads from within `docs/`."""
    return re.sub(r"\]\(docs/", "](", readme)


def inside(text: str, folder: Path, pages: Path) -> str:
    """`text` of a page in `folder`, with the words of links that lead out of `pages` or to a folder in their place."""

    def followed(link: re.Match[str]) -> str:
        words, target = link.groups()
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        place = Path(os.path.normpath(folder / target.partition("#")[0]))
        return link[0] if place.is_relative_to(pages) and place.is_file() else words

    return _LINK.sub(followed, text)


def navigation(pages: Path) -> list[object]:
    """Every page once: the first page, the sections, and what no section names."""
    left = sorted(str(page.relative_to(pages)) for page in pages.rglob("*.md"))
    left.remove("index.md")
    found: list[object] = [{"Assay": "index.md"}]
    for title, named in SECTIONS:
        here = [page for each in named for page in left if page == each or (each.endswith("/") and page.startswith(each))]
        left = [page for page in left if page not in here]
        found += [{title: here}] if here else []
    return [*found, {"More": left}] if left else found


def _toml(value: object) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{json.dumps(key)} = {_toml(each)}' for key, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value)


def api_page() -> str:
    """The API's reference, from the document that it describes itself by."""
    document = create_api().openapi()
    lines = [
        "# API reference",
        "",
        "Made from the API's own description (OpenAPI), as the page `/docs` of an installation is. Programs read `/api/v1/openapi.json`.",
        "All paths begin with `/api/v1`. [Guide for integrators](guides/integrator.md) leads through it.",
    ]
    for tag, operations in reference.groups(document).items():
        lines += ["", f"## {tag.capitalize()}"]
        for each in operations:
            lines += _operation(each)
    lines += ["", "## Schemas"]
    for schema in reference.schemas(document):
        lines += _schema(schema)
    return "\n".join(lines) + "\n"


def _operation(each: reference.Operation) -> Iterator[str]:
    yield from ("", f"### {each.method} {each.path}", "", _cell(each.about or each.summary) + (" No sign-in needed." if each.open else ""))
    if each.parameters:
        yield from ("", "| parameter | in | type | about |", "|---|---|---|---|")
        for row in each.parameters:
            yield f"| `{row.name}`{' (required)' if row.required else ''} | {row.where} | {_kind(row.kind)} | {_cell(row.about)} |"
    yield from ("", "| | |", "|---|---|")
    if each.body:
        yield f"| body | {_kind(each.body)} |"
    for answer in each.answers:
        yield f"| `{answer.status}` | {_cell(answer.about)}{': ' + _kind(answer.kind) if answer.kind else ''} |"


def _schema(schema: reference.Schema) -> Iterator[str]:
    yield from ("", f"### {schema.name}")
    if schema.about:
        yield from ("", _cell(schema.about))
    if schema.values:
        yield from ("", f"One of {', '.join(f'`{value}`' for value in schema.values)}.")
    if schema.rows:
        yield from ("", "| field | type | about |", "|---|---|---|")
        for row in schema.rows:
            yield f"| `{row.name}`{' (always)' if row.required else ''} | {_kind(row.kind)} | {_cell(row.about)} |"


def _kind(kind: reference.Kind) -> str:
    return "".join(f"[{text}](#{text.lower()})" if is_name else _cell(text) for text, is_name in kind.words)


def _cell(text: str) -> str:
    """`text` on one line, none of it a mark of a table, a tag or a link."""
    return re.sub(r"([|<\[\]])", r"\\\1", re.sub(r"`+", "`", " ".join(text.split())))


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
