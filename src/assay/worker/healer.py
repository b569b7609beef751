"""The healer: asks providers that were left alone whether they are back, and has degraded results made again once they are.

It runs in the sweeper's process, which has little else to do, and its questions are the cheapest there are: no student's essay has to be
the one that finds a provider still dead.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from assay.domain.circuit import Phase
from assay.domain.degradation import Stage
from assay.domain.errors import Unavailable
from assay.domain.healing import Budget
from assay.runtime import Runtime
from assay.services import healing
from assay.services.retrieval import is_whole

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
TRUSTED_SECONDS: Final = 30.0
"""For so long a provider that answered is taken to answer, as long as its circuit is closed."""
DOUBT_SECONDS: Final = 2.0
"""Before what did not answer is asked again; doubled each time."""
DOUBT_CAP_SECONDS: Final = 60.0
SPOKEN: Final = frozenset({Stage.ESSAY_SCORING, Stage.NARRATIVE})
"""Stages that the language model runs."""


@dataclass(slots=True)
class Answer:
    """What somebody last answered, until when that is believed (the loop's time), and how long was waited for it."""

    well: bool = False
    until: float = 0.0
    doubt: float = DOUBT_SECONDS

    def heard(self, *, well: bool) -> None:
        """Take an answer in."""
        self.well = well
        self.until = asyncio.get_running_loop().time() + (TRUSTED_SECONDS if well else self.doubt)
        self.doubt = DOUBT_SECONDS if well else min(DOUBT_CAP_SECONDS, 2 * self.doubt)

    @property
    def is_stale(self) -> bool:
        """Whether it is time to ask again."""
        return asyncio.get_running_loop().time() >= self.until


@dataclass(slots=True)
class Healer:
    """What one process knows of providers and of the search."""

    runtime: Runtime
    language: Answer = field(default_factory=Answer)
    search: Answer = field(default_factory=Answer)

    async def run(self) -> None:
        """Look each second, until cancelled. A database that is away, and a round that fails, are logged; the loop goes on."""
        while True:
            try:
                await self.round()
            except Unavailable:
                log.warning("healing_postponed")
            except Exception:  # one round that breaks must not end all later ones
                log.exception("healing_failed")
            await asyncio.sleep(LOOK_SECONDS)

    async def round(self) -> int:
        """One look: probe what is left alone, and send results again whose providers are back; how many."""
        await self._probe()
        budget = budget_of(self.runtime)
        waiting = await healing.stages_waiting(self.runtime.open_uow, budget)
        back = {stage for stage in waiting if await self._is_back(stage)}
        return len(await healing.send_again(self.runtime.open_uow, back, budget)) if back else 0

    async def _probe(self) -> None:
        """Ask each provider whose circuit is open; the breaker knows whether it is time."""
        states = [(breaker, await breaker.state()) for breaker in self.runtime.breakers]
        await asyncio.gather(*(breaker.probe() for breaker, state in states if state.phase is Phase.HALF_OPEN))

    async def _is_back(self, stage: Stage) -> bool:
        return await (self._speaks() if stage in SPOKEN else self._finds())

    async def _speaks(self) -> bool:
        language = next((breaker for breaker in self.runtime.breakers if breaker.provider == "language"), None)
        if language is None or (await language.state()).phase is not Phase.CLOSED:
            return False
        if self.language.is_stale:
            self.language.heard(well=await language.probe())
        return self.language.well

    async def _finds(self) -> bool:
        if self.search.is_stale:
            self.search.heard(well=await is_whole(self.runtime.open_uow, self.runtime.embedder, self.runtime.vector_store))
        return self.search.well


def budget_of(runtime: Runtime) -> Budget:
    """The budget that the settings allow."""
    settings = runtime.settings
    return Budget(
        at_once=settings.heal_at_once,
        per_minute=settings.heal_per_minute,
        max_age_hours=settings.heal_max_age_hours,
        tries=settings.heal_tries,
    )
