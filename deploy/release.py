"""Releases from CHANGELOG.md: the notes of a version, whether everything agrees on it, and cutting a new one.

    python deploy/release.py notes 0.2.0            prints what the changelog says of it
    python deploy/release.py check 0.2.0            exits with 1 unless the package and the changelog have that version
    python deploy/release.py cut 0.2.0 2026-12-01   makes what is unreleased that version, in both files

Needs nothing but Python, so that a workflow can run it before anything is installed.
"""

import re
import sys
from datetime import date
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?")
_HEADING: Final = re.compile(r"(?m)^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$")
_PACKAGE: Final = re.compile(r'(?m)^__version__ = "([^"]+)"$')
_UNRELEASED: Final = "Unreleased"


class ReleaseError(Exception):
    """Why a release cannot be made, in a sentence."""


def sections(changelog: str) -> dict[str, tuple[str | None, str]]:
    """Date and text of each version, newest first."""
    found = list(_HEADING.finditer(changelog))
    ends = [*(each.start() for each in found[1:]), len(changelog)]
    return {each[1]: (each[2], changelog[each.end() : end].strip()) for each, end in zip(found, ends, strict=True)}


def notes(changelog: str, version: str) -> str:
    """What the changelog says of a version. Raises `ReleaseError`."""
    day, text = sections(changelog).get(version, (None, ""))
    if day is None or not text:
        raise ReleaseError(f"CHANGELOG.md has no dated section with text for {version}.")
    return text


def check(changelog: str, package: str, version: str) -> None:
    """Raises `ReleaseError` unless both have this version, and it is the newest."""
    notes(changelog, version)
    written = _PACKAGE.search(package)
    if written is None or written[1] != version:
        raise ReleaseError(f"src/assay/__init__.py does not say {version}.")
    newest = next(name for name in sections(changelog) if name != _UNRELEASED)
    if newest != version:
        raise ReleaseError(f"The newest version in CHANGELOG.md is {newest}, not {version}.")


def cut(changelog: str, package: str, version: str, day: str) -> tuple[str, str]:
    """Both files with what was unreleased under this version. Raises `ReleaseError`."""
    date.fromisoformat(day)
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version} is no version as Semantic Versioning has them.")
    known = sections(changelog)
    if version in known:
        raise ReleaseError(f"{version} has been released.")
    if not known.get(_UNRELEASED, (None, ""))[1]:
        raise ReleaseError("Nothing is unreleased.")
    heading = f"## [{_UNRELEASED}]"
    return changelog.replace(heading, f"{heading}\n\n## [{version}] - {day}", 1), _PACKAGE.sub(f'__version__ = "{version}"', package)


def main(words: list[str]) -> None:
    """Do what the words say. Raises `ReleaseError`."""
    log, package = ROOT / "CHANGELOG.md", ROOT / "src" / "assay" / "__init__.py"
    texts = log.read_text(encoding="utf-8"), package.read_text(encoding="utf-8")
    match words:
        case ["notes", version]:
            print(notes(texts[0], version))
        case ["check", version]:
            check(*texts, version)
        case ["cut", version, day]:
            for path, text in zip((log, package), cut(*texts, version, day), strict=True):
                path.write_text(text, encoding="utf-8")
        case _:
            raise ReleaseError(f"{__doc__}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ReleaseError, ValueError) as error:
        sys.exit(str(error))
