"""The supervisor: starts programs in layers, keeps them running, and stops them in the reverse order."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from assay.embedded.processes import Program, Running, describe_exit, require_alive, start, stop, wait_until_ready

_POLL_SECONDS: Final = 0.05
_HEALTHY_SECONDS: Final = 10.0
"""A program that lived this long is started again at once; one that did not waits, longer each time."""
_SETTLED_SECONDS: Final = 3.0
"""Loading a spare costs seconds of a processor that a program which has just begun needs itself."""
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 10.0


@dataclass(slots=True)
class _Child:
    """A program, its process, and what its recent deaths say about the next start."""

    running: Running
    begun: float
    spare: Running | None = None
    spare_begun: float = 0.0
    short_lives: int = 0
    start_again_at: float | None = None

    def plan_restart(self, now: float) -> None:
        """Decide when to start again: at once after a long life, later and later after short ones."""
        self.short_lives = 0 if now - self.begun >= _HEALTHY_SECONDS else self.short_lives + 1
        self.start_again_at = now + (min(_FIRST_WAIT * 2 ** (self.short_lives - 1), _LONGEST_WAIT) if self.short_lives else 0.0)


type OnDeath = Callable[[str, int, str], None]
"""Called with the program's name, the dead process id, and how it ended."""
type OnChange = Callable[[Mapping[str, int]], None]
"""Called with the process id of every program whenever one changes."""


class Supervisor:
    """Owns the child processes. Use from the main thread alone."""

    def __init__(self, *, on_death: OnDeath, on_change: OnChange) -> None:
        self._layers: list[list[_Child]] = []
        self._on_death = on_death
        self._on_change = on_change

    def launch(self, *programs: Program) -> None:
        """Start `programs` together as the next layer, without waiting for them."""
        layer: list[_Child] = []
        self._layers.append(layer)  # first, so that `stop` finds what was started when a later start fails
        layer.extend(_Child(start(program), time.monotonic()) for program in programs)
        self._on_change(self.pids())

    def wait_until_ready(self) -> None:
        """Block until the layer launched last serves. Raises `StartProblem`."""
        for child in self._layers[-1]:
            wait_until_ready(child.running)
        for child in self._layers[-1]:
            require_alive(child.running)

    def pids(self) -> dict[str, int]:
        """Process ids by program name."""
        active = {child.running.program.name: child.running.pid for child in self._children()}
        return active | {f"spare {child.spare.program.name}": child.spare.pid for child in self._children() if child.spare}

    def watch(self, over: Callable[[], bool]) -> None:
        """Start again what ends, until it is `over` or a signal's handler says so; both end in `KeyboardInterrupt`."""
        while not over():
            self.tend()
            time.sleep(_POLL_SECONDS)
        raise KeyboardInterrupt

    def tend(self) -> None:
        """One look at every child."""
        now = time.monotonic()
        for child in self._children():
            code = child.running.process.poll()
            if code is None:
                self._keep_spare(child, now)
            elif child.start_again_at is None:
                child.plan_restart(now)
                self._lose(child, code, now)
            elif now >= child.start_again_at:
                self._start_again(child, now)

    def _lose(self, child: _Child, code: int, now: float) -> None:
        name, pid = child.running.program.name, child.running.pid
        # First the successor, which needs a second to be there, then the clean-up after the dead.
        if child.start_again_at is not None and now >= child.start_again_at:
            self._start_again(child, now)
        self._on_death(name, pid, describe_exit(code))

    def _start_again(self, child: _Child, now: float) -> None:
        if child.spare and child.spare.process.poll() is None:
            child.running, child.spare = child.spare, None
            child.running.begin()
        else:
            child.running = start(child.running.program)
        child.begun, child.start_again_at = now, None
        self._on_change(self.pids())

    def _keep_spare(self, child: _Child, now: float) -> None:
        """Have a loaded spare wait beside a program that asks for one, once the program itself is well under way."""
        settled = now - child.begun > _SETTLED_SECONDS and now - child.spare_begun > _HEALTHY_SECONDS
        lost = child.spare is None or child.spare.process.poll() is not None
        if child.running.program.waiting and settled and lost:
            child.spare, child.spare_begun = start(child.running.program, spare=True), now
            self._on_change(self.pids())

    def stop(self) -> None:
        """Stop all layers, the last started first; within a layer all at the same time."""
        while self._layers:
            layer = self._layers.pop()
            stop([child.running for child in layer] + [child.spare for child in layer if child.spare])

    def _children(self) -> list[_Child]:
        return [child for layer in self._layers for child in layer]
