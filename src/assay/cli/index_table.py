"""`assay index`: versions with their progress, what has changed since, and one line that says it all."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table

from assay.services.index_versions import DriftRead, IndexRead

_NAMED = 20


def show_versions(versions: Sequence[IndexRead], console: Console) -> None:
    """One row a version, newest first; all fit into 80 columns, and `--json` says the rest."""
    table = Table(Column("version", min_width=36, no_wrap=True), "status", "build", "chunks", "made", box=None, pad_edge=False)
    for version in versions:
        under_way = "done" if version.progress.percent == 100 else f"{version.progress.phase} {version.progress.percent} %"
        made = f"{version.created_at:%d %b %H:%M}"
        table.add_row(str(version.id), version.status, version.failure or under_way, str(version.chunk_count), made)
    console.print(table)
    active = next((version for version in versions if version.status == "active"), None)
    console.print(f"searched: {active.id}, embedded by {active.embedder}" if active else "no version is searched", soft_wrap=True)


def show_one(version: IndexRead, console: Console) -> None:
    """What became of one version, in a line."""
    made = f"{version.chunk_count} chunks, {version.embedded} embedded, {version.copied} copied"
    console.print(f"{version.id} is {version.status}: {made}", soft_wrap=True)


def show_drift(drift: DriftRead, console: Console) -> None:
    """What has changed, by kind, and whether a rebuild is due."""
    kinds = (
        ("new", drift.added, drift.added_count),
        ("edited", drift.edited, drift.edited_count),
        ("gone", drift.removed, drift.removed_count),
    )
    for name, slugs, count in kinds:
        if count:
            more = ", …" if count > _NAMED else ""
            console.print(f"{count} {name}: {', '.join(slugs[:_NAMED])}{more}", soft_wrap=True)
    console.print("the index is current" if drift.current else f"rebuild the index: {'; '.join(drift.reasons)}", soft_wrap=True)
