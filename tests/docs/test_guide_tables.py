"""Tables of the guides that repeat what the source says: error codes with their statuses, and quotas."""

import re
from pathlib import Path
from typing import Final

from error_codes import found

from assay.domain.quotas import QUOTAS
from assay.edge.errors import BodyTooLarge

GUIDES: Final = Path(__file__).parents[2] / "docs" / "guides"
OF_THE_FRAMEWORK: Final = {"method_not_allowed": {405}, "request_timeout": {408}, BodyTooLarge.code: {BodyTooLarge.status.value}}
"""Named by their status in `edge/errors.py`."""


def test_the_catalogue_is_that_of_the_source() -> None:
    """Codes and statuses, no more and no less."""
    rows = re.findall(r"^\| `(\w+)` \| ([\d, ]+) \|", (GUIDES / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = {code: {int(status) for status in statuses.split(",")} for code, statuses in rows}
    assert len(told) == len(rows)
    assert told == found() | OF_THE_FRAMEWORK


def test_quotas_are_those_in_force() -> None:
    """Whatever kind of route the integrators' guide names, with its burst and rate."""
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+) \| (\d+) \|", (GUIDES / "integrator.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 5
    in_force = {kind.value: (quota.burst, quota.per_minute) for kind, quota in QUOTAS.items()}
    assert {kind: (int(burst), float(rate)) for kind, burst, rate in rows}.items() <= in_force.items()
