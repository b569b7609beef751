"""The script: what the server does at this moment, and what it has seen so far."""

from collections import Counter
from random import Random
from typing import Final

from pydantic import Field

from assay.ai.scripted.envelopes import Asked, cached_tokens, tokens_in
from assay.ai.scripted.faults import Latency, Rule, ScriptedFault, fits
from assay.ai.scripted.journal import Tokens
from assay.ai.scripted.limit import Limit
from assay.kit.model import Value

RETRY_AFTER: Final = 1.0


class Control(Value):
    """A change of the script; what is left out stays."""

    faults: tuple[str, ...] | None = None
    """Rules `fault[@rate][/task][*times]`; the first that strikes wins."""
    latency: str | None = None
    """`0.5`, `uniform:1,3` or `lognormal:3,0.4` (median, sigma), in seconds."""
    retry_after: float | None = Field(default=None, ge=0)
    """Seconds named by a 429."""
    limit: float | None = Field(default=None, ge=0)
    """Requests a second, of all tasks together; what is beyond is answered 429. 0 takes the limit away."""
    obeys: tuple[str, ...] | None = None
    """Texts that a gullible model does as told by, wherever half of one stands in an essay."""


class Script:
    """Rules, latency and the random numbers behind them."""

    def __init__(self, seed: int, start: Control) -> None:
        """Begin with `start`. Raises `ValueError` when it cannot be read."""
        self.seed = seed
        self.rules: list[Rule] = []
        self.latency = Latency()
        self.retry_after = RETRY_AFTER
        self.limit = Limit()
        self.obeys: tuple[str, ...] = ()
        self._asked: Counter[str] = Counter()
        self._prefixes: set[int] = set()
        self.change(start)

    def change(self, control: Control) -> None:
        """Take over what `control` names. Raises `ValueError`, and changes nothing, when it cannot be read."""
        rules = self.rules if control.faults is None else [Rule.parse(text) for text in control.faults]
        self.latency = self.latency if control.latency is None else Latency.parse(control.latency)
        self.retry_after = self.retry_after if control.retry_after is None else control.retry_after
        self.limit = self.limit if control.limit is None else Limit(control.limit)
        self.obeys = self.obeys if control.obeys is None else control.obeys
        self.rules = rules

    def state(self) -> Control:
        """The script as it stands, with what is left of the rules' times."""
        return Control(
            faults=tuple(map(str, self.rules)),
            latency=str(self.latency),
            retry_after=self.retry_after,
            limit=self.limit.per_second,
            obeys=self.obeys,
        )

    def random(self, asked: Asked) -> Random:
        """The generator of one request: by seed, body and how often that body came, whatever else arrives around it."""
        self._asked[asked.digest] += 1
        return Random(f"{self.seed}/{asked.digest}/{self._asked[asked.digest]}")  # noqa: S311 - a script, not a secret

    def fault(self, asked: Asked, random: Random, ordered: str | None) -> ScriptedFault | None:
        """The fault that strikes this request: the one it ordered itself, a limit that is spent, or that of the first rule that strikes.

        Raises `ValueError` for an order that is no fault.
        """
        if ordered:
            fault = ScriptedFault(ordered)
            return fault if fits(fault, asked.task) else None
        if not self.limit.lets_through():
            return ScriptedFault.RATE_LIMIT
        return next((rule.fault for rule in self.rules if rule.strikes(asked.task, random.random())), None)

    def tokens(self, asked: Asked, written: str) -> Tokens:
        """The cost of an answer. What a prompt has in common with an earlier one comes from the cache; vectors never do."""
        prefix = hash(asked.prefix)
        cached = cached_tokens(asked.prefix) if prefix in self._prefixes else 0
        if asked.task != "embed":
            self._prefixes.add(prefix)
        return Tokens(input=tokens_in(asked.text), cached=cached, output=tokens_in(written))
