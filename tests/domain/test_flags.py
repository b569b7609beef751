"""When an assessment counts as flagged."""

import pytest

from assay.domain.flags import FlagCode, is_open


@pytest.mark.parametrize(
    ("codes", "flagged"),
    [
        ([], False),
        (["followUp"], True),
        (["followUp", "resolved"], False),
        (["followUp", "degraded", "resolved"], False),
        (["followUp", "resolved", "scoring"], True),
    ],
)
def test_resolved_closes_what_was_noted_before(codes: list[str], *, flagged: bool) -> None:
    """And nothing that is noted afterwards."""
    assert is_open(FlagCode(code) for code in codes) is flagged
