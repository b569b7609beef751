"""The catalogue of error codes is whole: each code of the source with its statuses, and no other."""

import re
from pathlib import Path
from typing import Final

from error_codes import found

from assay.edge.errors import BodyTooLarge

PAGE: Final = Path(__file__).parents[2] / "docs" / "guides" / "errors.md"
OF_THE_FRAMEWORK: Final = {"method_not_allowed": {405}, "request_timeout": {408}, BodyTooLarge.code: {BodyTooLarge.status.value}}
"""Named by their status in `edge/errors.py`."""


def test_the_catalogue_is_that_of_the_source() -> None:
    """Codes and statuses, no more and no less."""
    rows = re.findall(r"^\| `(\w+)` \| ([\d, ]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {code: {int(status) for status in statuses.split(",")} for code, statuses in rows}
    assert len(told) == len(rows)
    assert told == found() | OF_THE_FRAMEWORK
