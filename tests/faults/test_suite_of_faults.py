"""The suite of faults itself: its plan follows the seed alone, its counts find what is planted, its table names what there is."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import pytest
from rich.console import Console

from benchmarks.report import Figure
from faults import bills, schedule, suite
from faults.clients import Journal
from faults.sabotage import SABOTAGES
from faults.scales import Scales, Weight, growth_per_hour, settled_part
from faults.scenes import crashes_of
from faults.schedule import DEADLY, DECK, Kind
from faults.storm import charges
from faults.strikes import STRIKES
from faults.tally import Job, Rows, Tally, Written, tally
from faults.world import NotPossible, World

ONE, OTHER = uuid4(), uuid4()


def job(job_type: str = "score_essay", status: str = "succeeded", effects: int = 1, foreign: int = 0, *, first: bool = True) -> Job:
    """A job of `ONE`."""
    return Job(uuid4(), ONE, job_type, status, first, 0, effects, foreign)


WHOLE = Rows(
    submitted={ONE: True},
    jobs=[job(), job("generate_recommendations"), job("deliver_webhook"), job(first=False)],
    scores=[Written(ONE, "a", 1), Written(ONE, "b", 1), Written(ONE, "a", 2)],
    recommendations=[Written(ONE, "recommendation", 1)],
    events=["assessment.completed:1"],
)


@pytest.fixture(autouse=True)
def whole_ledger() -> None:
    """Nothing of this module touches a database."""


def wrong(found: Tally) -> set[str]:
    """The names of what is not zero and must be."""
    return {figure.name for figure in found.figures() if figure.met is False}


def test_a_seed_decides_the_whole_plan() -> None:
    """The same twice, another with another seed, and within its time."""
    assert schedule.strikes(7, 240, 4) == schedule.strikes(7, 240, 4) != schedule.strikes(8, 240, 4)
    assert schedule.arrivals(7, 600, 240) == schedule.arrivals(7, 600, 240) != schedule.arrivals(8, 600, 240)
    assert all(0 <= each.at <= 240 for each in (*schedule.strikes(7, 240, 4), *schedule.arrivals(7, 600, 240)))


def test_a_plan_as_long_as_the_deck_has_every_kind() -> None:
    """And a tenth of the submissions come four times at once, under one key or four."""
    planned = schedule.strikes(3, 2 * sum(DECK.values()) * 4, 4)
    assert {each.kind for each in planned} == set(Kind)
    several = [each for each in schedule.arrivals(3, 600, 240) if each.keys * each.copies == 4]
    assert len(several) == 60
    assert {(each.keys, each.copies) for each in several} == {(1, 4), (4, 1)}


def test_a_long_storm_ends_nobody_in_its_last_half() -> None:
    """So that there is a life long enough to be weighed; everything else goes on, and before it everything happens as always."""
    planned, spared = schedule.strikes(7, 2_000, 4), schedule.strikes(7, 2_000, 4, deadly_until=1_000)
    assert [each for each in spared if each.at < 1_000] == [each for each in planned if each.at < 1_000]
    assert {each.kind for each in spared if each.at >= 1_000} == set(Kind) - DEADLY


def test_every_kind_has_its_strike() -> None:
    """No kind is planned that nobody can do."""
    assert set(STRIKES) == set(Kind) == set(DECK)


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    """A result with a second version, two jobs, one that was sent again, and a webhook."""
    assert wrong(tally([ONE], WHOLE)) == set()


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (Rows(), {"acknowledged, then missing", "acknowledged, without a result"}),
        (Rows(submitted={ONE: False}, jobs=WHOLE.jobs), {"acknowledged, without a result"}),
        (Rows(WHOLE.submitted, WHOLE.jobs, [*WHOLE.scores, Written(ONE, "a", 2)]), {"scores written twice"}),
        (Rows(WHOLE.submitted, WHOLE.jobs, recommendations=[*WHOLE.recommendations] * 2), {"recommendations written twice"}),
        (Rows(WHOLE.submitted, WHOLE.jobs, events=["x", "x"]), {"webhook events written twice"}),
        (Rows(WHOLE.submitted, [job(effects=2), job()]), {"jobs with other than one effect"}),
        (Rows(WHOLE.submitted, [job(effects=0), job()]), {"jobs with other than one effect"}),
        (Rows(WHOLE.submitted, [job(foreign=1), job()]), {"effects under a stale fence"}),
        (Rows(WHOLE.submitted, [job(status="leased", effects=0), job()]), {"jobs not ended"}),
        (Rows(WHOLE.submitted, [job()]), {"assessments with other than two jobs"}),
    ],
)
def test_what_is_planted_is_found(rows: Rows, named: set[str]) -> None:
    """One thing wrong at a time, and that alone is named."""
    assert wrong(tally([ONE], rows)) == named


def entry(key: str, essay: str, outcome: str = "answered", fault: str | None = None) -> dict[str, object]:
    """A call about an essay."""
    nonce = "0" * 32
    body = f'{{"input": "<essay-{nonce}>\\n{essay}\\n</essay-{nonce}>"}}'
    return {"path": "/v1/responses", "body": body, "bodySha256": key, "outcome": outcome, "fault": fault}


def test_a_call_paid_twice_needs_a_lost_worker() -> None:
    """Once for each crash of that very assessment's job; what the script has spoiled is asked again by right."""
    essays = {"first": ONE, "second": OTHER}
    entries = [entry("1", "first"), entry("1", "first"), entry("2", "second"), entry("2", "second", fault="truncation")]
    assert bills.bill(entries, essays, {})[:4] == (3, 2, 1, 1)
    assert bills.bill(entries, essays, {OTHER: 5}).overpaid == 1
    assert bills.bill(entries, essays, {ONE: 1}).overpaid == 0


def test_an_account_is_the_same_however_the_journal_is_read() -> None:
    """In parts, which are forgotten, or at once."""
    entries = [entry("1", "first"), entry("2", "second"), entry("1", "first"), entry("3", "second", fault="truncation")]
    account = bills.Account({"first": ONE, "second": OTHER})
    for each in entries:
        account.note([each])
    assert account.bill({}) == bills.bill(entries, {"first": ONE, "second": OTHER}, {}) != bills.bill(entries[:2], {}, {})


def test_growth_is_that_of_a_settled_life() -> None:
    """What a process takes while it warms up is no growth; a life that is over too soon says nothing."""
    warming = [Weight(second, second) for second in range(0, 120, 5)]
    steady = [Weight(second, 120 + (second - 120) * 3 / 3_600) for second in range(120, 1_920, 5)]
    assert growth_per_hour(settled_part([*warming, *steady])) == pytest.approx(3)
    assert settled_part(warming) == settled_part([*warming, *steady[:5]]) == settled_part([]) == ()


@pytest.mark.parametrize(("minutes", "judged"), [(60.0, True), (29.0, False)])
def test_growth_is_judged_in_a_long_run_alone(minutes: float, judged: bool) -> None:  # noqa: FBT001 - a case of the table
    """In a shorter one it is told and judges nothing; what counts is the life that is left, not those that were ended."""
    settings = SimpleNamespace(database_pool_size=20)
    scales = Scales(cast("World", SimpleNamespace(stack=SimpleNamespace(settings=settings))))
    scales.lives["API", 1] = [Weight(second, 900 - second) for second in range(0, 600, 5)]
    scales.lives["API", 2] = [Weight(second, 100 + second / 100) for second in range(600, 1_800, 5)]
    scales.connections += [40] * 75 + [50] * 25
    found = {figure.name: figure for figure in scales.figures(60 * minutes)}
    growth = found["API: growth of memory over its last 17.9 min"]
    assert (growth.value, growth.met) == (pytest.approx(36), False if judged else None)
    assert found["connections: more in the last quarter than in the one before"].met is (False if judged else None)
    assert found["connections to Postgres, at most"].met is True


def test_a_job_handed_back_may_be_paid_again() -> None:
    """As one whose worker was lost: its calls were cut in the middle."""
    rows = Rows(jobs=[job()._replace(crashes=1, handed_back=2), job()])
    assert crashes_of(rows) == {ONE: 3}


def test_a_journal_tells_what_no_client_should_be_told() -> None:
    """A 500, a 503 that does not say when to come back, and two receipts for one assessment."""
    journal = Journal(receipts={ONE: {"a", "b"}}, given_up={OTHER})
    journal.note(500, None, b"")
    journal.note(503, None, b"")
    journal.note(503, "1", b"", "text/html")
    assert {figure.name: figure.value for figure in journal.figures() if figure.met is False} == {
        "submissions never answered": 1,
        "assessments with receipts that differ": 1,
        "answers other than 200, 202, 409, 503": 1,
        "answers of 503 without Retry-After": 1,
        "refusals that are no problem documents": 1,
    }


def test_what_is_not_possible_here_is_neither_met_nor_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with its reason, and counts among no scenarios."""

    def alone(_console: Console) -> list[Figure]:
        raise NotPossible("there is no disk")

    monkeypatch.setattr(suite, "SCENARIOS", {"disk-full": suite.Scenario("a disk is full", ("F16",), alone=alone)})
    monkeypatch.setattr(suite, "play", lambda _console, _plays: ({}, []))
    found = suite.several(Console(quiet=True), ["disk-full"])
    assert (found.met, found.reports, found.skipped) == (True, [], {"disk-full": "there is no disk"})
    assert "0 of 0 scenarios" in found.decision
    assert "skipped, not possible here: disk-full (there is no disk)" in found.decision
    assert json.loads(found.as_json())["skipped"] == {"disk-full": "there is no disk"}


def test_as_many_calls_as_were_open_may_be_paid_again() -> None:
    """One more may not, however many there are: the target is not rounded below what it allows."""
    bills_of = [bills.Bill(paid=928 + again, distinct=928, overpaid=0, spoiled=0) for again in (3, 4)]
    assert [{figure.name: figure.met for figure in charges(bill, 3)}["paid calls per content key"] for bill in bills_of] == [True, False]


def test_every_sabotage_is_used() -> None:
    """None is left over that no scenario asks for."""
    folder = Path(str(suite.__file__)).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.name != "sabotage.py")
    assert [name for name in SABOTAGES if f'"{name}"' not in code] == []
