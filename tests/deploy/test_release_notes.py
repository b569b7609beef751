"""Releases: notes come from the changelog, and what does not agree is not released."""

import importlib.util
import subprocess
import sys
from types import ModuleType

import pytest
from outside import PROJECT

CHANGELOG = """# Changelog

## [Unreleased]

### Added
- A thing.

## [0.1.0] - 2026-11-01

### Added
- The first.
"""
PACKAGE = '"""Assay."""\n\n__version__ = "0.1.0"\n'


@pytest.fixture(scope="module")
def release() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("release", PROJECT / "deploy" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_unreleased_becomes_a_version(release: ModuleType) -> None:
    """Its notes are what was written, the package says so too, and nothing is unreleased any more."""
    changelog, package = release.cut(CHANGELOG, PACKAGE, "0.2.0", "2026-12-01")
    release.check(changelog, package, "0.2.0")
    assert release.notes(changelog, "0.2.0") == "### Added\n- A thing."
    assert release.notes(changelog, "0.1.0") == "### Added\n- The first."
    with pytest.raises(release.ReleaseError, match="Nothing is unreleased"):
        release.cut(changelog, package, "0.3.0", "2026-12-02")


@pytest.mark.parametrize(
    ("version", "day", "why"),
    [("0.1.0", "2026-12-01", "has been released"), ("1.0", "2026-12-01", "Semantic"), ("v0.2.0", "2026-12-01", "Semantic")],
)
def test_a_version_that_cannot_be_is_refused(release: ModuleType, version: str, day: str, why: str) -> None:
    """One that there is, and what is no version."""
    with pytest.raises(release.ReleaseError, match=why):
        release.cut(CHANGELOG, PACKAGE, version, day)


def test_what_does_not_agree_is_not_released(release: ModuleType) -> None:
    """A tag without notes, another version in the package, and an older one."""
    changelog, package = release.cut(CHANGELOG, PACKAGE, "0.2.0", "2026-12-01")
    with pytest.raises(release.ReleaseError, match="no dated section"):
        release.check(CHANGELOG, PACKAGE, "0.2.0")
    with pytest.raises(release.ReleaseError, match="does not say"):
        release.check(changelog, PACKAGE, "0.2.0")
    with pytest.raises(release.ReleaseError, match=r"newest version in CHANGELOG.md is 0\.2\.0"):
        release.check(changelog, PACKAGE, "0.1.0")
    with pytest.raises(ValueError, match="month"):
        release.cut(CHANGELOG, package, "0.3.0", "2026-13-01")


def test_the_project_s_own_changelog_is_understood(release: ModuleType) -> None:
    """It can be cut as it stands; the script says in a sentence what is wrong, and ends with failure."""
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    package = (PROJECT / "src" / "assay" / "__init__.py").read_text(encoding="utf-8")
    cut, _ = release.cut(changelog, package, "99.0.0", "2026-12-01")
    assert "- " in release.notes(cut, "99.0.0")
    done = subprocess.run(
        [sys.executable, PROJECT / "deploy" / "release.py", "check", "98.0.0"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (1, "CHANGELOG.md has no dated section with text for 98.0.0.")
