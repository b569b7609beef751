"""Alerts: at the thresholds of the requirements and just beside them, since when, the worst first."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.domain.alerts import AlertName, Down, Facts, in_force

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=20)
CALM = Facts(now=NOW, workers=1, backlog=50, finished=20, degraded=1, p95_seconds=10.0, snapshot_at=NOW - timedelta(minutes=3))


def test_at_the_thresholds_nothing_is_wrong() -> None:
    """Fifty jobs, one degraded of twenty, ten seconds, three minutes: as good as it has to be."""
    assert in_force(CALM) == ()


@pytest.mark.parametrize(
    ("facts", "name", "since"),
    [
        (CALM._replace(backlog=51, backlog_since=EARLIER), AlertName.BACKLOG, EARLIER),
        (CALM._replace(degraded=2, degraded_since=EARLIER), AlertName.DEGRADED, EARLIER),
        (CALM._replace(p95_seconds=10.1, slow_since=EARLIER), AlertName.SLOW, EARLIER),
        (CALM._replace(dead=1, dead_since=EARLIER), AlertName.DEAD_LETTERS, EARLIER),
        (CALM._replace(workers=0, workers_seen_at=EARLIER), AlertName.NO_WORKER, EARLIER),
        (CALM._replace(due_seconds=1_200), AlertName.NO_WORKER, EARLIER),
        (CALM._replace(snapshot_at=EARLIER), AlertName.NO_RECONCILER, EARLIER),
        (CALM._replace(down=[Down("Queue")]), AlertName.DEPENDENCY_DOWN, None),
        (CALM._replace(open_circuits=[Down("Language model", EARLIER)]), AlertName.CIRCUIT_OPEN, EARLIER),
    ],
)
def test_each_condition_raises_its_own(facts: Facts, name: AlertName, since: datetime | None) -> None:
    """One fact worse: one alert, with when it began and what to do."""
    (alert,) = in_force(facts)
    assert (alert.name, alert.since) == (name, since)
    assert alert.advice.endswith(".")


def test_what_nobody_knows_raises_nothing() -> None:
    """With the queue away nobody knows of workers; before the first snapshot nobody has missed one."""
    assert in_force(CALM._replace(workers=None, snapshot_at=None)) == ()


def test_the_worst_comes_first() -> None:
    """What is gone before what piles up before what is worse than usual."""
    facts = CALM._replace(down=[Down("Database")], dead=2, p95_seconds=30.0)
    assert [alert.name for alert in in_force(facts)] == [AlertName.DEPENDENCY_DOWN, AlertName.DEAD_LETTERS, AlertName.SLOW]
    assert "2 dead letters wait" in in_force(facts)[1].heading
