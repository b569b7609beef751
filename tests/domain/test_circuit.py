"""A provider's circuit: what opens it, who may probe it, how long it rests, whatever happens in whatever order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assay.domain.circuit import HEALER_FIRST_SECONDS, Circuit, Health, Opening, Phase, Policy, Run, health, opening
from assay.domain.errors import Fault, ProviderError
from assay.domain.jobs import RETRY_AFTER_CAP_SECONDS

POLICY = Policy()
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AWAY = ProviderError(Fault.UNAVAILABLE, "503")
HEALTHS = st.sampled_from(list(Health))
FAULTS = st.sampled_from(list(Fault))


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_speaks_of_health_or_does_not(fault: Fault) -> None:
    """Away, too slow, unpaid, no key: the provider is ill. A refused, odd or broken off answer is an answer."""
    ill = {Fault.UNAVAILABLE, Fault.TIMEOUT, Fault.QUOTA_EXHAUSTED, Fault.MISCONFIGURED}
    odd = {Fault.REFUSED, Fault.INVALID_REPLY, Fault.TRUNCATED, Fault.OUT_OF_RANGE}
    expected = Health.ILL if fault in ill else Health.WELL if fault in odd else Health.UNKNOWN
    assert health(ProviderError(fault, "x"), POLICY) is expected
    assert health(None, POLICY) is Health.WELL
    assert health(ProviderError(fault, "x", about_request=True), POLICY) is Health.UNKNOWN


def test_a_limit_counts_when_no_result_can_wait_for_its_end() -> None:
    """Two seconds are the slots' business; a minute is longer than any budget."""
    for seconds, expected in ((None, Health.UNKNOWN), (2.0, Health.UNKNOWN), (10.0, Health.ILL), (60.0, Health.ILL)):
        assert health(ProviderError(Fault.RATE_LIMITED, "429", retry_after=seconds), POLICY) is expected


@given(st.lists(HEALTHS, max_size=40))
def test_only_failures_in_a_row_open(said: list[Health]) -> None:
    """An answer in between begins anew; what says nothing changes nothing."""
    run, in_a_row = Run(), 0
    for moment, each in enumerate(said):
        run = run.after(each, float(moment))
        in_a_row = 0 if each is Health.WELL else in_a_row + (each is Health.ILL)
        assert run.failures == in_a_row
        assert run.opens(POLICY, moment + 100.0) is (in_a_row >= POLICY.failures)
        assert not run.opens(Policy(failures=0), moment + 100.0)


def test_a_moment_s_interruption_does_not_open() -> None:
    """A hundred calls that were under way fail at once: that is one event. A time-out has lasted."""
    run = Run()
    for _ in range(100):
        run = run.after(Health.ILL, 10.0)
    assert not run.opens(POLICY, 10.1)
    assert run.opens(POLICY, 10.0 + POLICY.failing_seconds)


@given(FAULTS, st.one_of(st.none(), st.floats(0, 1e6)), st.integers(1, 60))
def test_pauses_grow_up_to_a_bound(fault: Fault, retry_after: float | None, times: int) -> None:
    """Each is at least as long as the one before and never longer than the cap, or than what is asked for within bounds."""
    error = ProviderError(fault, "x", retry_after=retry_after)
    because, last = None, 0.0
    for number in range(1, times + 1):
        because = opening(error, POLICY, NOON, because)
        assert because.times == number
        assert last <= because.pause <= max(POLICY.pause_cap_seconds, min(retry_after or 0.0, RETRY_AFTER_CAP_SECONDS))
        assert (because.fault, because.since) == (fault, NOON)
        last = because.pause
    assert because is not None
    assert because.pause >= min(retry_after or 0.0, RETRY_AFTER_CAP_SECONDS)


def test_the_true_cause_stays() -> None:
    """A probe that fails otherwise prolongs the pause; why and since when is what was seen first."""
    first = opening(AWAY, POLICY, NOON)
    again = opening(ProviderError(Fault.TIMEOUT, "x"), POLICY, NOON.replace(hour=13), first)
    assert (again.fault, again.since, again.times, again.pause) == (Fault.UNAVAILABLE, NOON, 2, 2 * POLICY.pause_seconds)


class Life(RuleBasedStateMachine):
    """Anything that can happen to a circuit, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.circuit = Circuit()
        self.probe_until = 0.0

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        """The only thing that leads out of a pause."""
        before = self.circuit.phase(self.now)
        self.now += seconds
        assert self.circuit.phase(self.now) is before or (before, self.circuit.phase(self.now)) == (Phase.OPEN, Phase.HALF_OPEN)

    @rule(pause=st.floats(0.1, 30))
    def it_opens(self, pause: float) -> None:
        """Said again of an open one, nothing changes."""
        before = self.circuit
        self.circuit = self.circuit.opened(Opening(fault=Fault.UNAVAILABLE, since=NOON, pause=pause), self.now)
        assert self.circuit == before or before.opening is None

    @rule(healer=st.booleans())
    def somebody_probes(self, healer: bool) -> None:  # noqa: FBT001 - drawn
        """Only after the pause, the healer first, and one at a time."""
        probed = self.circuit.probed(self.now, 20.0, healer=healer)
        due = self.circuit.rests_until + (0 if healer else HEALER_FIRST_SECONDS)
        may = self.circuit.opening is not None and self.now >= due and self.now >= self.probe_until
        assert (probed is not None) is may
        if probed:
            self.circuit, self.probe_until = probed, self.now + 20.0

    @precondition(lambda self: self.circuit.opening is not None)
    @rule()
    def the_probe_fails(self) -> None:
        """A longer pause, and nobody probes in it."""
        because = opening(AWAY, POLICY, NOON, self.circuit.opening)
        self.circuit, self.probe_until = self.circuit.reopened(because, self.now), 0.0
        assert self.circuit.phase(self.now) is Phase.OPEN

    @rule()
    def the_probe_is_cut_off(self) -> None:
        """Another may ask at once."""
        self.circuit, self.probe_until = self.circuit.released(), 0.0

    @rule()
    def it_closes(self) -> None:
        """As if nothing had been."""
        self.circuit, self.probe_until = Circuit(), 0.0

    @invariant()
    def a_closed_one_has_no_probe(self) -> None:
        """Calls go through and nobody probes."""
        if self.circuit.phase(self.now) is Phase.CLOSED:
            assert self.circuit.probed(self.now, 1.0, healer=True) is None


TestLife = Life.TestCase
