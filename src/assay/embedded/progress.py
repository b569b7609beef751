"""Progress on the terminal: one line per step with its duration, in plain words."""

import io
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TextIO

from rich.console import Console

from assay.embedded.problems import in_plain_words


def open_log(path: Path) -> TextIO:
    """A log to append to. Nothing is buffered, so a full disk is met when writing and not once more when closing."""
    return io.TextIOWrapper(path.open("ab", buffering=0), encoding="utf-8", write_through=True)


class Progress:
    """Prints steps to `console`; what goes wrong becomes a sentence, its traceback goes to `details`."""

    def __init__(self, console: Console, data: Path, details: TextIO | None = None) -> None:
        self.console = console
        self._data = data
        self._details = details

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show `name` while the block runs and how long it took after. Raises `StartProblem` whatever fails inside."""
        begun = perf_counter()
        try:
            with self.console.status(f"{name} …"):
                yield
        except Exception as error:
            self._keep(error)
            raise in_plain_words(name, error, self._data) from error
        self.console.print(f"[green]✓[/] {name:<22}[dim]{perf_counter() - begun:6.1f} s[/]", highlight=False)

    def _keep(self, error: Exception) -> None:
        if self._details is None:
            return
        try:
            traceback.print_exception(error, file=self._details)
        except OSError:
            self.console.print("[dim](the disk took no details)[/]")
