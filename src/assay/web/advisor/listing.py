"""An advisor's list as lines of a CSV file (RFC 4180), in which no cell is a formula."""

import csv
import io
from datetime import datetime
from typing import Final

from assay.domain.interchange.cells import guarded
from assay.services.caseload import CaseRead
from assay.web.wording import STATUSES

_COLUMNS: Final = (
    "Student",
    "Pseudonym",
    "Track",
    "State",
    "Started",
    "Submitted",
    "Completed",
    "Reviewed",
    "Hours",
    "Overdue",
    "Degraded",
    "Held",
    "Flagged",
    "Not released",
    "Released",
    "Assessment",
)


def line(case: CaseRead) -> str:
    """An assessment; moments are ISO 8601 in UTC, hours run from the submission to the review or to now."""
    return _row(
        case.student.name,
        str(case.student.pseudonym),
        case.track.name,
        STATUSES[case.state],
        *map(_moment, (case.started_at, case.submitted_at, case.completed_at, case.reviewed_at)),
        "" if case.age_hours is None else f"{case.age_hours:.1f}",
        *("yes" if holds else "no" for holds in (case.overdue, case.degraded, case.held, case.flagged, case.withheld)),
        _moment(case.released_at),
        str(case.assessment_id),
    )


def _moment(when: datetime | None) -> str:
    return when.isoformat(timespec="seconds") if when else ""


def _row(*cells: str) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([guarded(cell) for cell in cells])
    return written.getvalue()


HEAD: Final = _row(*_COLUMNS)
"""The first line."""
