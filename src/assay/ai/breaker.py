"""The circuit breaker of one provider: what this process sees of it, what it shares with others, and the calls it lets through.

The closed state costs a comparison, and every quarter of a second one reading of what others know. Without the shared part everything
works by this process' own view.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

from assay.domain import circuit
from assay.domain.circuit import Circuit, CircuitRead, Health, Opening, Phase, Policy, Run
from assay.domain.errors import CircuitOpen, Fault, ProviderError
from assay.domain.ports import SharedCircuit, SharedView
from assay.kit.clock import Clock, system_clock
from assay.kit.ids import new_id
from assay.observability import metrics

log = structlog.get_logger(__name__)

READ_SECONDS: Final = 0.25
"""How often what others know is asked for."""
WAIT_SECONDS: Final = 0.1
"""A call waits no longer for what others know, and goes by what is known here; only a process that has asked nobody yet does."""
GIVEN_UP_SECONDS: Final = 5.0
"""A call that its caller gave up after so long is a time-out, whatever else it had to do with its time."""
PROBE_SECONDS: Final = 6.0
"""How long the healer waits for an answer."""
LEASE_SECONDS: Final = 20.0
"""How long a probe may take before another is made: longer than any call."""
_STATES: Final = {Phase.CLOSED: 0, Phase.HALF_OPEN: 1, Phase.OPEN: 2}


class Breaker:
    """Lets calls to one provider through, or not. One for each process and provider; `ask` is the cheapest question there is."""

    def __init__(
        self,
        provider: str,
        policy: Policy,
        shared: SharedCircuit,
        ask: Callable[[], Awaitable[object]],
        clock: Clock = system_clock,
    ) -> None:
        self.provider = provider
        self._policy = policy
        self._shared = shared
        self._ask = ask
        self._clock = clock
        self._circuit = Circuit()
        self._run = Run()
        self._closed_at = 0.0
        self._read_again_at = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._acquainted = False
        self._telling: set[asyncio.Task[Any]] = set()
        self._told = True
        metrics.CIRCUIT_STATE.labels(provider=provider).set(0)

    async def state(self) -> CircuitRead:
        """The circuit now."""
        await self._refresh()
        return CircuitRead(self.provider, self._circuit.phase(time.monotonic()), self._circuit.opening)

    async def call[Answer](self, send: Callable[[], Awaitable[Answer]], *, healer: bool = False) -> Answer:
        """What `send` returns or raises. Raises `CircuitOpen`, at once, while the provider is left alone."""
        token = await self._admitted(healer=healer)
        began = time.monotonic()
        try:
            answer = await send()
        except ProviderError as error:
            await self._failed(error, began, token)
            raise
        except asyncio.CancelledError:
            self._given_up(began, token)
            raise
        except BaseException:  # a defect of ours says nothing of the provider
            self._later(self._release(token))
            raise
        await self._answered(token)
        return answer

    async def probe(self) -> bool:
        """Ask the cheapest question there is, unless it is not the time; whether the provider answers."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self.call(self._ask, healer=True)
        except ProviderError as error:
            return not isinstance(error, CircuitOpen) and circuit.health(error, self._policy) is Health.WELL
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Finish what is still to be told to others."""
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _admitted(self, *, healer: bool) -> str:
        """The token of a probe, or nothing for an ordinary call. Raises `CircuitOpen`."""
        await self._refresh()
        because = self._circuit.opening
        if because is None:
            return ""
        now, token = time.monotonic(), str(new_id())
        probed = self._circuit.probed(now, LEASE_SECONDS, healer=healer)
        if probed is not None:
            self._circuit = probed  # at once: of a hundred calls here, one asks for the probe
            if await self._soon(self._shared.probe(token, LEASE_SECONDS, healer=healer)) is not False:
                log.info("circuit_probed", provider=self.provider, healer=healer)
                return token
            self._circuit = self._circuit.released()
            self._read_again_at = 0.0  # others know better
        metrics.CALLS_SPARED.labels(provider=self.provider, fault=because.fault).inc()
        raise CircuitOpen(because.fault, self.provider)

    async def _answered(self, token: str) -> None:
        self._run = Run()
        if token:
            await self._closed()

    async def _closed(self) -> None:
        log.info("circuit_closed", provider=self.provider)
        self._see(Circuit())
        self._told = True
        await self._soon(self._shared.close())

    async def _failed(self, error: ProviderError, began: float, token: str = "") -> None:
        said = circuit.health(error, self._policy)
        if token and said is Health.WELL:  # an odd answer to this question, but an answer
            await self._closed()
        elif token:
            await self._reopen(error, token)
        elif began >= self._closed_at:  # one from before is of a time that is over
            self._run = self._run.after(said, began)
            if said is Health.ILL and self._circuit.opening is None and self._run.opens(self._policy, time.monotonic()):
                await self._open(error)

    def _given_up(self, began: float, token: str) -> None:
        """Whoever asked waits no longer: told to others without making them wait for that."""
        if time.monotonic() - began >= GIVEN_UP_SECONDS:
            self._later(self._failed(ProviderError(Fault.TIMEOUT, "given up"), began, token))
        else:
            self._later(self._release(token))

    async def _open(self, error: ProviderError) -> None:
        because = circuit.opening(error, self._policy, self._clock())
        self._run = Run()
        self._see(self._circuit.opened(because, time.monotonic()))
        metrics.CIRCUIT_OPENINGS.labels(provider=self.provider, fault=because.fault).inc()
        log.warning("circuit_opened", provider=self.provider, fault=because.fault, detail=error.detail, pause=because.pause)
        await self._soon(self._publish(because))

    async def _reopen(self, error: ProviderError, token: str) -> None:
        because = circuit.opening(error, self._policy, self._clock(), self._circuit.opening)
        self._see(self._circuit.reopened(because, time.monotonic()))
        log.warning("circuit_stays_open", provider=self.provider, fault=error.fault, detail=error.detail, pause=because.pause)
        await self._soon(self._publish(because, token))

    async def _publish(self, because: Opening, token: str = "") -> None:
        self._take(await self._shared.open(because, token))

    async def _release(self, token: str) -> None:
        if token:
            self._see(self._circuit.released())
            await self._shared.release(token)

    async def _refresh(self) -> None:
        """Ask what others know, at most every quarter of a second, once for all who wait for it."""
        if time.monotonic() >= self._read_again_at and self._reading is None:
            self._reading = self._later(self._read())
            self._reading.add_done_callback(self._has_read)
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=WAIT_SECONDS if self._acquainted else None)

    async def _read(self) -> None:
        seen = await self._shared.read()
        if seen is not None and seen.opening is None and self._circuit.opening is not None and not self._told:
            seen = await self._shared.open(self._circuit.opening)  # it opened while nobody could be told
        self._take(seen)

    def _has_read(self, reading: asyncio.Task[None]) -> None:
        self._reading, self._acquainted = None, True
        self._read_again_at = time.monotonic() + READ_SECONDS
        if not reading.cancelled() and reading.exception():
            log.error("circuit_not_read", provider=self.provider, exc_info=reading.exception())

    def _take(self, seen: SharedView | None) -> None:
        """Go by what others know; by this process' own view when nobody can be asked."""
        self._told = seen is not None
        if seen is None:
            return
        now = time.monotonic()
        self._see(Circuit(seen.opening, now + seen.rests, now + seen.probed) if seen.opening else Circuit())

    def _see(self, seen: Circuit) -> None:
        if self._circuit.opening is not None and seen.opening is None:
            self._closed_at, self._run = time.monotonic(), Run()
        self._circuit = seen
        metrics.CIRCUIT_STATE.labels(provider=self.provider).set(_STATES[seen.phase(time.monotonic())])

    async def _soon[Said](self, telling: Coroutine[Any, Any, Said]) -> Said | None:
        """What is answered in time; else None, and it is finished without anybody waiting."""
        task = self._later(telling)
        done, _ = await asyncio.wait([task], timeout=WAIT_SECONDS)
        return task.result() if done else None

    def _later[Said](self, telling: Coroutine[Any, Any, Said]) -> asyncio.Task[Said]:
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return task
