"""What rules and dashboards ask of metrics: each name in an expression, and the labels that it is asked for."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from prometheus_client.metrics import MetricWrapperBase

from assay.observability import metrics

DEPLOY: Final = Path(__file__).parents[1] / "deploy"
FOREIGN: Final = {"up": set(), "probe_ssl_earliest_cert_expiry": set()}
"""Prometheus' own, and that of its blackbox exporter."""
GIVEN: Final = {"job", "instance", "le"}
"""Labels that scraping and histograms add."""
_NAME: Final = re.compile(r"\b((?:assay|probe)[_:][a-z0-9_:]+|up)\b(?:\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\})?")
_LABEL: Final = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_BY: Final = re.compile(r"\bby \(([^)]*)\)")
_SUFFIXES: Final = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


class Asked(NamedTuple):
    """A metric in an expression, with the labels that choose among its series and their values."""

    name: str
    labels: dict[str, str]


def samples() -> dict[str, set[str]]:
    """Every name that a scrape may give, with its labels."""
    found: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            for suffix in _SUFFIXES[family.type]:
                found[family.name + suffix] = set(metric._labelnames)
    return found


def asked(expression: str) -> Iterator[Asked]:
    """The metrics that an expression names."""
    for name, selectors in _NAME.findall(expression):
        if name not in GIVEN:
            yield Asked(name, dict(_LABEL.findall(selectors or "")))


def grouped(expression: str) -> set[str]:
    """The labels that it groups by."""
    return {label.strip() for labels in _BY.findall(expression) for label in labels.split(",")}


def unknown(expression: str, recorded: set[str]) -> list[str]:
    """What there is not: metrics, and labels that none of its metrics has. `recorded` are names that rules make."""
    known = {**samples(), **FOREIGN, **{name: set() for name in recorded}}
    named = list(asked(expression))
    missing = [each.name for each in named if each.name not in known]
    for each in named:
        missing += [f"{each.name}{{{label}}}" for label in each.labels if label not in known.get(each.name, set()) | GIVEN]
    labels = set().union(*(known.get(each.name, set()) for each in named)) | GIVEN
    return missing + [f"by ({label})" for label in grouped(expression) - labels]


def rules(documents: list[Any]) -> list[dict[str, Any]]:
    """The rules of parsed files, in order."""
    return [rule for document in documents for group in document["groups"] for rule in group["rules"]]
