"""`assay doctor` on deployments that are well and on such as are not: what it names, what it advises, and its exit code."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import servers
from hooks import ADMIN
from sqlalchemy import text
from typer.testing import CliRunner

from assay.cli import doctor_checks
from assay.cli.verbs import app
from assay.domain.diagnosis import Diagnosis, State
from assay.domain.errors import Fault, ProviderError
from assay.domain.snapshots import Measure
from assay.domain.webhooks import Disabled
from assay.outbound import public_address
from assay.outbound.public_address import Answered
from assay.runtime import Runtime, open_runtime
from assay.security.encryption import new_key
from assay.services import webhooks
from assay.settings import Environment, Settings


async def examined(settings: Settings, folder: Path, **changes: Any) -> dict[str, tuple[State, str, str]]:
    """What is found, by name."""
    async with open_runtime(Settings.model_validate({**dict(settings), **changes}), check_keys=False) as runtime:
        found = await doctor_checks.examine(runtime, folder, ask_models=True)
    assert found.sound == all(each.state is not State.FAILED for each in found.findings)
    assert all(each.remedy for each in found.findings if each.state is not State.OK), "whoever says that something is amiss says what to do"
    return {each.name: (each.state, each.told, each.remedy) for each in found.findings}


async def measured(runtime: Runtime) -> None:
    """A sweeper has measured just now, and found a worker."""
    async with runtime.open_uow() as uow:
        for name in (Measure.TAKEN, Measure.WORKERS):
            row = {"name": name.value}
            await uow.session.execute(text("INSERT INTO metric_snapshots (at, name, labels, value) VALUES (now(), :name, '{}', 1)"), row)


async def test_what_is_not_running_is_named(runtime: Runtime, settings: Settings, tmp_path: Path) -> None:
    """Servers and schema are well; no worker, no sweeper, no API, no backup, each with what to do."""
    found = await examined(settings, tmp_path)
    assert list(found) == [
        "settings", "disk", "database", "redis", "public address", "language model", "keys", "clock", "workers", "sweeper", "queue",
        "dead letters", "results", "index", "webhooks", "retention", "backup", "invariants",
    ]  # fmt: skip
    well = {"settings", "database", "redis", "language model", "keys", "clock", "queue", "dead letters", "results", "index", "webhooks",
            "invariants"}  # fmt: skip
    assert {name for name in well if found[name][0] is not State.OK} == set()
    assert found["workers"][0] is State.FAILED
    assert "Start a worker" in found["workers"][2]
    assert found["sweeper"] == (State.FAILED, "nothing has been measured for a day", "Start `assay sweeper`, one at least.")
    assert (found["public address"][0], found["retention"][1], found["backup"][0]) == (State.WARNING, "has never run", State.UNKNOWN)


async def test_what_is_amiss_in_the_database(runtime: Runtime, settings: Settings, tmp_path: Path) -> None:
    """An endpoint that was given up, an index that has drifted, an invariant that is broken."""
    await measured(runtime)
    async with runtime.open_uow() as uow:
        address = "https://lms.example.edu/hook"
        await uow.session.execute(text("ALTER TABLE essay_scores DISABLE TRIGGER immutable"))
        one = "(SELECT id FROM credential_catalog WHERE status = 'published' LIMIT 1)"
        await uow.session.execute(text(f"UPDATE credential_catalog SET status = 'retired' WHERE id = {one}"))
        endpoint = await webhooks.register(uow, ADMIN, webhooks.EndpointWrite(url=address, events=()))
        await uow.webhooks.disable(endpoint.id, Disabled.GONE)
    found = await examined(settings, tmp_path)
    assert found["sweeper"][0] is State.OK
    assert (found["index"][0], found["index"][2]) == (State.WARNING, "Run `assay index rebuild`.")
    assert found["webhooks"][0] is State.WARNING
    assert f"{address} (gone, since" in found["webhooks"][1]
    assert found["invariants"][:2] == (State.FAILED, "broken: written_once_is_guarded (1)")


async def test_other_keys_are_named(settings: Settings, tmp_path: Path) -> None:
    """Of a database that others belong to."""
    async with open_runtime(settings):
        pass
    found = await examined(settings, tmp_path, encryption_keys={"other": new_key()})
    assert found["keys"][0] is State.FAILED
    assert "the key 'test'" in found["keys"][1]


async def test_a_model_that_does_not_answer(settings: Settings, tmp_path: Path) -> None:
    """Is named with its fault; with an unknown key it would be misconfigured."""
    found = await examined(settings, tmp_path, openai_api_key="k", openai_base_url="http://127.0.0.1:1/v1", llm_provider="openai")
    assert found["language model"][:2] == (State.FAILED, found["language model"][1])
    assert found["language model"][1].startswith(Fault.UNAVAILABLE)


async def test_a_database_that_is_away_or_not_migrated(shared: servers.Servers, settings: Settings, tmp_path: Path) -> None:
    """Is all that is said of it; what needs it is not asked, the rest is."""
    away = await examined(settings, tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none", redis_url="redis://127.0.0.1:1/0")
    assert (away["database"][0], away["redis"][0], "index" in away) == (State.FAILED, State.FAILED, False)
    empty = await examined(settings, tmp_path, database_url=shared.empty_database("doctor_empty"))
    shared.drop_database("doctor_empty")
    assert empty["database"][0] is State.FAILED
    assert empty["database"][1].startswith("lacks the extension pgvector")


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        (Answered(200, None), State.OK, "answers"),
        (Answered(200, datetime.max.replace(tzinfo=UTC)), State.WARNING, "good for 2 more days"),
        (Answered(421, None), State.FAILED, "answers 421"),
        (ProviderError(Fault.UNAVAILABLE, "certificate has expired"), State.FAILED, "certificate has expired"),
    ],
)
async def test_the_public_address(answer: Any, state: State, said: str, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of real people's service it has to answer, with a certificate that is good for a while."""

    async def ask(url: str) -> Answered:
        assert url == "https://assay.example.edu"
        if isinstance(answer, ProviderError):
            raise answer
        return answer if answer.good_until is None else Answered(200, runtime.clock() + timedelta(days=3))

    monkeypatch.setattr(public_address, "ask", ask)
    people = {"environment": Environment.PRODUCTION, "public_url": "https://assay.example.edu", "secure_cookies": True}
    at_large = replace(runtime, settings=Settings.model_validate({**dict(runtime.settings), **people}))
    (found,) = await doctor_checks._public(at_large)
    assert found.state is state
    assert said in found.told


def test_settings_that_work_and_are_doubtful() -> None:
    """In production they are told, each in a sentence; in development none is."""
    people = {"environment": "production", "public_url": "https://a.example", "database_url": "postgresql://a/b", "log_format": "console"}
    told = [each.told for each in doctor_checks.of_settings(Settings.model_validate(people))]
    assert len(told) == 2
    assert (told[0].startswith("no balancer is believed"), told[1].startswith("logs are written for a console")) == (True, True)
    fine = Settings.model_validate({**people, "log_format": "json", "trusted_proxies": "10.0.0.0/16"})
    assert [each.state for each in doctor_checks.of_settings(fine)] == [State.OK]


@pytest.mark.usefixtures("installed")
def test_the_verb(tmp_path: Path) -> None:
    """A table with what to do and one line that says it all; the same as JSON; exit code 1 while something has failed."""
    shown = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path)])
    assert shown.exit_code == 1, shown.output
    assert shown.output.splitlines()[-1].startswith("not sound: ")
    assert "→ Start `assay sweeper`, one at least." in shown.output
    told = CliRunner().invoke(app, ["doctor", "--json", "--data", str(tmp_path)])
    found = Diagnosis.model_validate(json.loads(told.stdout))
    assert (told.exit_code, found.sound) == (1, False)


def test_keys_that_are_missing_are_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not a traceback: it is what the doctor is asked about."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    shown = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path)])
    assert (shown.exit_code, "keys" in shown.output) == (1, True), shown.output
