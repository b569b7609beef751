"""Alerting rules: they name metrics there are, say where to read on, and each is shown to fire and to clear."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from monitoring import DEPLOY, asked, rules, samples, unknown

from assay.api.app import create_api

RULES: Final = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
CASES: Final = sorted((DEPLOY / "prometheus" / "tests").glob("*.yml"))
RUNBOOKS: Final = {
    "model-failing", "vector-store-down", "queue-backlog", "webhook-failures", "postgres-failover", "key-compromise", "restore-from-backup",
    "data-subject-request", "no-worker", "slow-answers", "degraded",
}  # fmt: skip
MUST_BE_WATCHED: Final = {
    "AssayBacklog", "AssayDegraded", "AssayStartSlow", "AssayStatusSlow", "AssayResultSlow", "AssayTurnaroundSlow", "AssayDeadLetters",
    "AssayNoWorker", "AssaySigningKeyOld", "AssayDataKeyOld", "AssayCertificateExpires", "AssayRateLimitsUnshared",
    "AssayAvailabilityBurnsFast", "AssayAvailabilityBurnsSlow", "AssayResultsBurnsFast", "AssayResultsBurnsSlow",
}  # fmt: skip
_COUNTED: Final = re.compile(r'count\(ALERTS\{alertname="(\w+)", alertstate="firing"\}\)')


def read(path: Path) -> Any:
    """A file of YAML."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


EVERY: Final = rules([read(path) for path in RULES])
ALERTS: Final = {rule["alert"]: rule for rule in EVERY if "alert" in rule}
RECORDED: Final = {rule["record"] for rule in EVERY if "record" in rule}


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' own checker; Debian's package prometheus has it, and `.ci/run` gets it."""
    own = Path(__file__).parents[2] / ".assay-tools" / "bin" / "promtool"
    found = shutil.which("promtool") or (str(own) if own.is_file() else None)
    if found is None:
        pytest.skip("promtool is not here: rules are not run. Debian's package prometheus has it.")
    return found


def run(*words: str | Path) -> None:
    """Run a command that must succeed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_metric_in_a_rule_is_there(rule: dict[str, Any]) -> None:
    """A rule on a metric that nobody exports never fires, and nobody would notice."""
    assert list(asked(rule["expr"]))
    assert unknown(rule["expr"], RECORDED) == []


def test_a_metric_or_label_that_is_not_there_is_noticed() -> None:
    """The check itself: a name without its suffix, a label of another metric, and a grouping by what is not there."""
    assert unknown("assay_turnaround_seconds > 1", set()) == ["assay_turnaround_seconds"]
    assert unknown('sum by (color) (assay_queue_depth{track="t"})', set()) == ["assay_queue_depth{track}", "by (color)"]
    assert "assay_turnaround_seconds_bucket" in samples()


def test_routes_in_rules_are_routes() -> None:
    """A renamed route would leave its alert without series."""
    known = {f"/api/v1{route}" for route in create_api([]).openapi()["paths"]}
    named = {each.labels["route"] for rule in EVERY for each in asked(rule["expr"]) if "route" in each.labels}
    assert named - {"/(healthz|readyz|metrics)"} <= known
    assert len(named) >= 4


def test_everything_that_must_be_watched_is() -> None:
    """No alert is lost by a rename."""
    assert set(ALERTS) >= MUST_BE_WATCHED


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_to_do(name: str) -> None:
    """How urgent it is, in a sentence what happened, and the runbook to open."""
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"] != rule["annotations"]["description"]
    runbook = re.fullmatch(r"docs/runbooks/([a-z-]+)\.md", rule["annotations"]["runbook"])
    assert runbook is not None
    assert runbook[1] in RUNBOOKS


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_shown_to_fire_and_to_clear(name: str) -> None:
    """A unit test of rules in which it fires, and later in the same story does so no more."""
    stories = [test["promql_expr_test"] for path in CASES for test in read(path)["tests"] if test["name"] == name]
    assert stories
    for story in stories:
        fired, cleared = story
        assert [_COUNTED.fullmatch(step["expr"])[1] for step in story] == [name, name]  # type: ignore[index]  # None fails as it should
        assert [sample["value"] for sample in fired["exp_samples"]] == [1]
        assert cleared["exp_samples"] == []
        assert minutes(fired) < minutes(cleared)


def minutes(step: dict[str, Any]) -> int:
    """When it looks."""
    return int(step["eval_time"].removesuffix("m"))


def test_prometheus_takes_the_rules(promtool: str) -> None:
    """Syntax, and templates of what is told."""
    run(promtool, "check", "rules", *RULES)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_alerts_fire_and_clear(promtool: str, case: Path) -> None:
    """Prometheus evaluates the rules over series that were made up, as it would those of a service."""
    run(promtool, "test", "rules", case)


def test_prometheus_takes_its_configuration(promtool: str, tmp_path: Path) -> None:
    """As it is mounted in compose.yaml, on paths of this machine."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    written = tmp_path / "prometheus.yml"
    written.write_text(text.replace("/etc/prometheus/", f"{DEPLOY / 'prometheus'}/"), encoding="utf-8")
    run(promtool, "check", "config", written)
    jobs = {job["job_name"] for job in yaml.safe_load(text)["scrape_configs"]}
    named = {each.labels["job"] for rule in EVERY for each in asked(rule["expr"]) if "job" in each.labels}
    assert named <= jobs
