"""The breaker on a real Valkey, seen from several processes at once: opened by one, known to all, probed once, closed for all."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
import servers
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from assay.ai import breaker as module
from assay.ai.breaker import Breaker
from assay.broker import circuits
from assay.broker.circuits import RedisCircuit, connect_circuits
from assay.domain.circuit import Phase, Policy
from assay.domain.errors import CircuitOpen, Fault, ProviderError

POLICY = Policy(failures=3, failing_seconds=0.0, pause_seconds=0.2, pause_cap_seconds=0.4)
AWAY = ProviderError(Fault.UNAVAILABLE, "HTTP 503")


class Asked:
    """A provider that answers or fails as it is told, and counts."""

    def __init__(self, error: Exception | None = AWAY) -> None:
        self.error = error
        self.times = 0
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def __call__(self) -> str:
        """One call."""
        self.times += 1
        await self.let_go.wait()
        if self.error:
            raise self.error
        return "yes"


@pytest_asyncio.fixture
async def redis(shared: servers.Servers) -> Any:
    """A client as the runtime makes it."""
    client = connect_circuits(shared.redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def process(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Breaker]:
    """Builds the breaker of one more process; all know of each other at once, and the healer has no head start."""
    monkeypatch.setattr(module, "READ_SECONDS", 0.0)
    for where in ("assay.domain.circuit", "assay.broker.circuits"):
        monkeypatch.setattr(f"{where}.HEALER_FIRST_SECONDS", 0.0)
    name = uuid4().hex

    def build(asked: Asked | None = None, policy: Policy = POLICY, client: Redis = redis) -> Breaker:
        return Breaker("language", policy, RedisCircuit(client, name), asked or Asked())

    return build


async def fail(breaker: Breaker, asked: Asked, times: int = POLICY.failures) -> None:
    """So many failures in a row."""
    for _ in range(times):
        with pytest.raises(ProviderError, match="503"):
            await breaker.call(asked)


async def phase(breaker: Breaker) -> Phase:
    """The state as this process sees it."""
    return (await breaker.state()).phase


async def test_from_closed_to_open_to_half_open_to_closed(process: Callable[..., Breaker]) -> None:
    """Opened by one process; the other asks nothing either, has its probe answered, and both are closed again."""
    asked, here, there = Asked(), process(), process()
    await fail(here, asked, POLICY.failures - 1)
    assert await phase(there) is Phase.CLOSED
    await fail(here, asked, 1)
    for breaker in (here, there):
        assert await phase(breaker) is Phase.OPEN
        with pytest.raises(CircuitOpen) as spared:
            await breaker.call(asked)
        assert spared.value.fault is Fault.UNAVAILABLE
    assert asked.times == POLICY.failures
    await asyncio.sleep(POLICY.pause_seconds)
    assert [await phase(breaker) for breaker in (here, there)] == [Phase.HALF_OPEN] * 2
    asked.error = None
    assert await there.call(asked) == "yes"
    assert [await phase(breaker) for breaker in (here, there)] == [Phase.CLOSED] * 2
    assert await here.call(asked) == "yes"


async def test_one_probe_among_many(process: Callable[..., Breaker]) -> None:
    """A hundred calls in four processes at the end of the pause: one goes out, the others fail at once."""
    asked, several = Asked(), [process() for _ in range(4)]
    await fail(several[0], asked)
    await asyncio.sleep(POLICY.pause_seconds)
    asked.times, asked.error = 0, None
    asked.let_go.clear()
    calls = [asyncio.create_task(breaker.call(asked)) for breaker in several for _ in range(25)]
    done, waiting = await asyncio.wait(calls, timeout=0.5)
    assert (asked.times, len(done), len(waiting)) == (1, 99, 1)
    assert {type(each.exception()) for each in done} == {CircuitOpen}
    asked.let_go.set()
    assert await next(iter(waiting)) == "yes"
    assert {await phase(breaker) for breaker in several} == {Phase.CLOSED}


async def test_a_probe_that_fails_means_a_longer_pause(process: Callable[..., Breaker]) -> None:
    """For everybody, up to the cap, with the first cause and time."""
    asked, here, there = Asked(), process(), process()
    await fail(here, asked)
    first = (await there.state()).opening
    assert first is not None
    for times, pause in ((2, 0.4), (3, 0.4)):
        await asyncio.sleep(first.pause if times == 2 else 0.4)
        asked.error = ProviderError(Fault.TIMEOUT, "x")
        with pytest.raises(ProviderError, match="timeout"):
            await there.call(asked)
        seen = (await here.state()).opening
        assert seen is not None
        assert (seen.times, seen.pause, seen.fault, seen.since) == (times, pause, Fault.UNAVAILABLE, first.since)
        assert await phase(here) is Phase.OPEN


async def test_a_prober_that_vanishes_keeps_nobody_waiting_for_ever(
    process: Callable[..., Breaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease runs out; a probe that is cut off early gives way at once."""
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.3)
    asked, here, there = Asked(), process(), process()
    await fail(here, asked)
    await asyncio.sleep(POLICY.pause_seconds)
    asked.let_go.clear()
    vanished = asyncio.create_task(here.call(asked))
    await asyncio.sleep(0.05)
    with pytest.raises(CircuitOpen):
        await there.call(asked)
    await asyncio.sleep(0.3)
    asked.let_go.set()
    asked.error = None
    assert await there.call(asked) == "yes"
    assert await vanished == "yes"

    await fail(here, Asked())
    await asyncio.sleep(POLICY.pause_seconds)
    asked.let_go.clear()
    cut_off = asyncio.create_task(here.call(asked))
    await asyncio.sleep(0.05)
    cut_off.cancel()
    await asyncio.wait([cut_off])
    await here.close()
    asked.let_go.set()
    assert await there.call(asked) == "yes"


async def test_odd_answers_never_open_it(process: Callable[..., Breaker]) -> None:
    """Twenty refusals, broken forms and impossible levels in a row, and twenty essays that are too long: calls go on."""
    here = process()
    for fault in (Fault.REFUSED, Fault.INVALID_REPLY, Fault.TRUNCATED, Fault.OUT_OF_RANGE):
        for _ in range(20):
            with pytest.raises(ProviderError):
                await here.call(Asked(ProviderError(fault, "x")))
    for _ in range(20):
        with pytest.raises(ProviderError):
            await here.call(Asked(ProviderError(Fault.MISCONFIGURED, "HTTP 413", about_request=True)))
    assert await phase(here) is Phase.CLOSED


async def test_a_call_that_was_given_up_on_is_a_time_out(process: Callable[..., Breaker], monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's own deadline came first. One that was cut off soon says nothing."""
    here, asked = process(), Asked()
    asked.let_go.clear()
    for given_up, expected in ((10.0, Phase.CLOSED), (0.02, Phase.OPEN)):
        monkeypatch.setattr(module, "GIVEN_UP_SECONDS", given_up)
        for _ in range(POLICY.failures):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(here.call(asked), 0.03)
        await here.close()
        assert await phase(here) is expected
    opening = (await here.state()).opening
    assert opening is not None
    assert opening.fault is Fault.TIMEOUT


async def test_late_failures_say_nothing_new(process: Callable[..., Breaker]) -> None:
    """Calls that began before the provider came back fail after it: the circuit stays closed."""
    here, late = process(), Asked()
    late.let_go.clear()
    calls = [asyncio.create_task(here.call(late)) for _ in range(10)]
    await asyncio.sleep(0.01)
    await fail(here, Asked())
    await asyncio.sleep(POLICY.pause_seconds)
    assert await here.call(Asked(None)) == "yes"
    late.let_go.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert await phase(here) is Phase.CLOSED


async def test_without_redis_each_process_sees_for_itself() -> None:
    """Nothing fails, nothing waits, and the whole round from closed to closed works in one process."""
    client = connect_circuits("redis://127.0.0.1:1/0")
    asked, here, there = Asked(), *(Breaker("language", POLICY, RedisCircuit(client, "x"), Asked()) for _ in range(2))
    start = asyncio.get_running_loop().time()
    await fail(here, asked)
    assert (await phase(here), await phase(there)) == (Phase.OPEN, Phase.CLOSED)
    with pytest.raises(CircuitOpen):
        await here.call(asked)
    assert asyncio.get_running_loop().time() - start < POLICY.pause_seconds
    await asyncio.sleep(POLICY.pause_seconds)
    assert await here.call(Asked(None), healer=True) == "yes"
    assert await phase(here) is Phase.CLOSED
    await client.aclose()


async def test_a_redis_that_hangs_is_asked_once_in_a_while() -> None:
    """It takes a connection and says nothing: a second, then the process goes by its own view."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            continue
        writer.close()
        await writer.wait_closed()

    hanging = await asyncio.start_server(silent, "127.0.0.1", 0)
    client = connect_circuits(f"redis://127.0.0.1:{hanging.sockets[0].getsockname()[1]}/0")
    here = Breaker("language", POLICY, RedisCircuit(client, "x"), Asked())
    start = asyncio.get_running_loop().time()
    assert await asyncio.gather(*(here.call(Asked(None)) for _ in range(200))) == ["yes"] * 200
    await asyncio.sleep(0.3)
    assert await here.call(Asked(None)) == "yes"
    assert asyncio.get_running_loop().time() - start < 0.3 + 2 * circuits.ANSWER_SECONDS
    await client.aclose()
    hanging.close()
    await hanging.wait_closed()


async def test_what_opened_unheard_is_told_later(process: Callable[..., Breaker], monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis was away when it opened; once it is back, the others know."""
    monkeypatch.setattr(circuits, "AWAY_SECONDS", 0.0)
    here, there = process(policy=POLICY.model_copy(update={"pause_seconds": 30.0, "pause_cap_seconds": 30.0})), process()
    run, away = RedisCircuit._run, True

    async def fallible(circuit: RedisCircuit, *arguments: Any) -> Any:
        return None if away else await run(circuit, *arguments)

    monkeypatch.setattr(RedisCircuit, "_run", fallible)
    await fail(here, Asked())
    away = False
    assert await phase(there) is Phase.CLOSED
    assert await phase(here) is Phase.OPEN
    assert await phase(there) is Phase.OPEN


async def test_a_flushed_redis_closes_and_the_next_failures_open(process: Callable[..., Breaker], redis: Redis) -> None:
    """What Redis forgets is found out again."""
    here, there = process(), process()
    await fail(here, Asked())
    await redis.flushdb()
    assert await phase(there) is Phase.CLOSED
    assert await phase(here) is Phase.CLOSED
    await fail(there, Asked())
    assert await phase(here) is Phase.OPEN


async def test_the_closed_state_asks_redis_now_and_then(process: Callable[..., Breaker], monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand calls, side by side and one after the other: what others know is read once."""
    monkeypatch.setattr(module, "READ_SECONDS", 30.0)
    here, reads = process(), 0
    run = RedisCircuit._run

    async def counted(circuit: RedisCircuit, *arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        return await run(circuit, *arguments)

    monkeypatch.setattr(RedisCircuit, "_run", counted)
    asked = Asked(None)
    await asyncio.gather(*(here.call(asked) for _ in range(500)))
    for _ in range(500):
        await here.call(asked)
    assert (asked.times, reads) == (1_000, 1)


async def test_the_healer_goes_first(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """For some seconds after the pause a question of its own is the probe, so that no student's essay has to be."""
    monkeypatch.setattr(module, "READ_SECONDS", 0.0)
    answering, name = Asked(None), uuid4().hex
    here, there = (Breaker("language", POLICY, RedisCircuit(redis, name), answering) for _ in range(2))
    await fail(here, Asked())
    assert await here.probe() is False
    await asyncio.sleep(POLICY.pause_seconds)
    with pytest.raises(CircuitOpen):
        await here.call(Asked(None))
    assert await here.probe() is True
    assert answering.times == 1
    assert await phase(here) is Phase.CLOSED
    assert await phase(there) is Phase.CLOSED


async def test_a_probe_takes_an_odd_answer_for_one(process: Callable[..., Breaker]) -> None:
    """The question was silly, the provider is there."""
    asked = Asked(ProviderError(Fault.INVALID_REPLY, "a summary without a sentence"))
    here = process(asked)
    await fail(here, Asked())
    await asyncio.sleep(POLICY.pause_seconds)
    assert await here.probe() is True
    assert await phase(here) is Phase.CLOSED


async def test_it_is_measured(process: Callable[..., Breaker]) -> None:
    """State, openings, calls that were spared."""

    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, {"provider": "language", **labels}) or 0.0

    here = process()
    openings = value("assay_circuit_openings_total", fault="unavailable")
    spared = value("assay_calls_spared_total", fault="unavailable")
    await fail(here, Asked())
    with pytest.raises(CircuitOpen):
        await here.call(Asked())
    assert value("assay_circuit_state") == 2
    assert value("assay_circuit_openings_total", fault="unavailable") == openings + 1
    assert value("assay_calls_spared_total", fault="unavailable") == spared + 1
