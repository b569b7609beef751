"""Complete results are kept as they are: the rows of each, hashed half-way and at the end."""

from collections.abc import Mapping
from typing import Final

from faults.world import World

_COMPLETE: Final = """
    SELECT {table}.assessment_id::text AS id, md5(string_agg({table}::text, '|' ORDER BY {table}::text)) AS hash
    FROM {table} JOIN assessments a ON a.id = {table}.assessment_id WHERE a.completed_at IS NOT NULL {first} GROUP BY 1
"""
_KEPT: Final = {
    "assessment_question_snapshots": "",
    "rule_scores": "",
    "essay_scores": "AND version = 1",
    "recommendations": "AND version = 1",
}


async def complete_results(world: World) -> dict[str, str]:
    """Hashes of the rows of every complete result, by table and assessment."""
    found: dict[str, str] = {}
    for table, first in _KEPT.items():
        rows = await world.query(_COMPLETE.format(table=table, first=first))
        found |= {f"{table} {row['id']}": row["hash"] for row in rows}
    return found


async def changed(world: World, before: Mapping[str, str]) -> int:
    """How many of these are not as they were."""
    after = await complete_results(world)
    return sum(after.get(name) != value for name, value in before.items())
