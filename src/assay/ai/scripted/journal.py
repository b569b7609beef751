"""The journal: one entry per request, kept in memory and, if wanted, in a file of JSON lines."""

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from assay.ai.scripted.faults import ScriptedFault, Task
from assay.kit.model import Value

KEPT: Final = 100_000

type Outcome = Literal["answered", "failed", "withheld", "abandoned"]


class Tokens(Value):
    """What an answer cost, at four characters a token."""

    input: int = 0
    cached: int = 0
    output: int = 0


class Entry(Value):
    """One request and what became of it.

    `answered`: a whole 200; `failed`: an error status; `withheld`: hung, dripped or cut off; `abandoned`: the client left.
    """

    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    path: str
    task: Task
    model: str
    body_sha256: str
    """Of the body without nonces."""
    fault: ScriptedFault | None = None
    outcome: Outcome = "answered"
    status: int | None = None
    """The status of a whole answer."""
    seconds: float = 0.0
    """The wait before the reply."""
    tokens: Tokens = Tokens()
    body: str | None = None
    """The request as it came, if the server was told to keep bodies; never written to the file."""


class Journal:
    """Entries in order of their outcome. The newest 100,000 stay in memory."""

    def __init__(self, path: Path | None = None) -> None:
        """Append to the file at `path`, if one is named."""
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self._file = path.open("a", buffering=1, encoding="utf-8") if path else None

    def add(self, entry: Entry) -> None:
        """Keep an entry, and write its line."""
        self.entries.append(entry)
        if self._file:
            self._file.write(entry.model_dump_json(exclude={"body"}) + "\n")

    def take(self) -> list[Entry]:
        """All entries, which are then forgotten."""
        taken = list(self.entries)
        self.entries.clear()
        return taken

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
