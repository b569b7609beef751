"""Grafana's dashboards: valid JSON with a panel that asks for metrics there are, and the provisioning that finds them."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from monitoring import DEPLOY, asked, rules, unknown

GRAFANA: Final = DEPLOY / "grafana"
BOARDS: Final = sorted((GRAFANA / "dashboards").glob("*.json"))
RECORDED: Final = {
    rule["record"]
    for rule in rules([yaml.safe_load(path.read_text(encoding="utf-8")) for path in (DEPLOY / "prometheus" / "rules").glob("*.yml")])
    if "record" in rule
}


def read(path: Path) -> dict[str, Any]:
    """A dashboard."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def expressions(path: Path) -> list[str]:
    """What its panels ask."""
    return [target["expr"] for panel in read(path)["panels"] for target in panel["targets"]]


def test_there_are_four() -> None:
    """Service, queue, model and product, each with an address of its own."""
    assert [path.stem for path in BOARDS] == ["model", "product", "queue", "service"]
    assert {read(path)["uid"] for path in BOARDS} == {f"assay-{path.stem}" for path in BOARDS}


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_every_metric_on_a_dashboard_is_there(path: Path) -> None:
    """A panel on a metric that nobody exports stays empty for ever."""
    for expression in expressions(path):
        assert list(asked(expression)), expression
        assert unknown(expression, RECORDED) == [], expression


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_panels_have_names_of_their_own_and_do_not_overlap(path: Path) -> None:
    """One id, title and place each; all ask the source that is provisioned."""
    panels = read(path)["panels"]
    source = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))["datasources"][0]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} == {source["uid"]}
