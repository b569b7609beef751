"""Identifiers and clock."""

from datetime import UTC, timedelta

from assay.kit.clock import system_clock
from assay.kit.ids import new_id


def test_ids_are_version_7_and_come_in_order() -> None:
    """Ten thousand in a row are all different, in ascending order, and say version 7."""
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}


def test_the_clock_knows_its_zone() -> None:
    """Times are aware and in UTC, and do not run backwards."""
    first, second = system_clock(), system_clock()
    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(minutes=1)
