"""`assay tracks`: the list as a table."""

from rich.console import Console
from rich.table import Table

from assay.services.tracks import TrackList


def show_list(found: TrackList, console: Console) -> None:
    """One row a track; the mix is theoretical, essay and profile questions."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("track", "status", "name", "level", "mix", "version"):
        table.add_column(name, overflow="fold")
    for track in found.items:
        mix = track.question_mix
        told = f"{mix.theoretical} + {mix.essay} + {mix.profile}"
        table.add_row(track.slug, track.status, track.name, track.target_level, told, str(track.version))
    console.print(table)
    console.print(f"{len(found.items)} tracks", soft_wrap=True)
