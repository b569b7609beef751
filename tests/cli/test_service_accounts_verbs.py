"""`assay service-accounts` as an operator meets it."""

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.cli.verbs import app


def run(*words: object) -> Any:
    """Run `assay service-accounts …` in this process."""
    return CliRunner().invoke(app, ["service-accounts", *map(str, words)])


@pytest.mark.usefixtures("installed")
async def test_a_key_from_the_first_to_the_last() -> None:
    """Made and printed once, replaced by another, revoked; the account closed; what cannot be is a sentence and an exit code."""

    def play() -> None:
        made = json.loads(run("create", "Reports", "--days", 30, "--scope", "track:read", "--json").stdout)
        assert made["key"].startswith("assay_sk_")
        second = run("add-key", made["id"], "--days", 30).stdout.splitlines()
        assert (second[0].startswith("assay_sk_"), second[1]) == (True, f"told this once; of account {made['id']}")
        third = run("add-key", made["id"], "--days", 30)
        assert third.exit_code == 1
        left = json.loads(run("revoke-key", made["id"], made["keys"][0]["id"], "--json").stdout)
        assert len(left["keys"]) == 1
        listed = run("list").stdout
        assert f"{made['id']}  Reports  track:read" in listed
        assert listed.count("never used") == 1
        assert second[0] not in listed
        assert run("create", "Root", "--days", 30, "--scope", "person:manage").exit_code == 1
        assert run("create", "Typo", "--days", 30, "--scope", "nothing:known").exit_code == 2
        assert made["id"] in run("close", made["id"]).stdout
        assert json.loads(run("list", "--json").stdout) == {"items": []}
        assert run("close", made["id"]).exit_code == 1

    await asyncio.to_thread(play)
