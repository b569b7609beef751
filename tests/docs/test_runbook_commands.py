"""Every command of every runbook, run on a real installation: what is written down for three in the morning has been tried."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from fences import fences_of, work_through

RULES = sorted((Path(__file__).parents[2] / "deploy" / "prometheus").rglob("*.y*ml"))
ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
APART = {"key-compromise"}
"""They change the keys that the processes of the others run with, so they have a database of their own."""
PARTS = ("## The alert", "## What people see", "## First look", "## Fix", "## Verify", "## Afterwards")


@pytest.mark.parametrize("document", [*RUNBOOKS, ROOT / "docs" / "on-call.md"], ids=lambda path: path.stem)
def test_its_commands_do_what_they_say(
    document: Path, installation: Mapping[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """From top to bottom, in an empty folder."""
    apart = {"DATABASE_URL": request.getfixturevalue("database_url")} if document.stem in APART else {}
    assert work_through(document, tmp_path, {**installation, **apart})


@pytest.mark.parametrize("document", RUNBOOKS, ids=lambda path: path.stem)
def test_it_leads_from_the_alert_to_what_is_learnt(document: Path) -> None:
    """The same six parts in the same order, with commands for the first look and to verify; the on-call guide knows it."""
    text = document.read_text(encoding="utf-8")
    places = [text.index(f"\n{part}\n") for part in PARTS]
    assert places == sorted(places)
    first, fix, verify, afterwards = (text.count("\n", 0, place) for place in places[2:])
    lines = [fence.line for fence in fences_of(document) if fence.is_run]
    assert any(first < line < fix for line in lines)
    assert any(verify < line < afterwards for line in lines)
    assert f"(runbooks/{document.name})" in (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8")


def test_every_alert_leads_to_a_runbook_that_knows_it() -> None:
    """The runbook that a rule names begins with that alert, and the on-call guide lists it."""
    guide = (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8")
    files = [yaml.safe_load(file.read_text()) for file in RULES]
    rules = [rule for file in files if isinstance(file, dict) for group in file.get("groups", ()) for rule in group["rules"]]
    alerts = [rule for rule in rules if "alert" in rule]
    assert alerts
    lost = []
    for rule in alerts:
        book = next((said for said in rule["annotations"].values() if re.fullmatch(r"\S*docs/runbooks/\S+\.md", said)), "")
        file = ROOT / "docs" / "runbooks" / book.rpartition("/")[2]
        begun = file.read_text(encoding="utf-8").partition("## What people see")[0] if file.is_file() else ""
        if f"`{rule['alert']}`" not in begun or rule["alert"] not in guide:
            lost.append(rule["alert"])
    assert lost == []
