"""What a manifest finds different, and whom a list of erased people names."""

import pytest

from assay.domain.backups import Contents, differing, erased_people
from assay.domain.errors import Invalid


def test_differences_name_the_table() -> None:
    """A row that is missing, one that was altered, a table that is not there."""
    was = {"a": Contents(rows=1, fingerprint="1"), "b": Contents(rows=2, fingerprint="2"), "c": Contents(rows=0, fingerprint="0")}
    now = {"a": Contents(rows=1, fingerprint="9"), "b": Contents(rows=1, fingerprint="1")}
    assert differing(was, was) == ()
    assert differing(was, now) == (
        "a: 1 rows expected, 1 rows found, their content differs",
        "b: 2 rows expected, 1 rows found",
        "c: 0 rows expected, no table found",
    )


def test_a_list_that_cannot_be_read_erases_nobody() -> None:
    """Somebody could stand in the line that is broken."""
    with pytest.raises(Invalid) as refused:
        erased_people(['{"event": "person_erased", "person_id": "nobody"}', "{", "7"])
    assert [each.pointer for each in refused.value.problems] == ["line 1", "line 2", "line 3"]
