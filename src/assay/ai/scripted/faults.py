"""What can be made to go wrong, how often and where: faults, rules `fault@rate/task*times`, and latency from a distribution."""

import re
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final, Literal, NamedTuple, cast

type Task = Literal["grade", "narrate", "embed", "other"]


class ScriptedFault(StrEnum):
    """The faults: error statuses, then those of the connection, of the reply's state, of its text, of its content, of vectors."""

    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    UNKNOWN_MODEL = "unknown_model"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    HANG = "hang"
    SLOW_DRIP = "slow_drip"
    DISCONNECT = "disconnect"
    NOT_JSON = "not_json"
    REFUSAL = "refusal"
    TRUNCATION = "truncation"
    CONTENT_FILTER = "content_filter"
    EMPTY = "empty"
    INVALID_JSON = "invalid_json"
    WRONG_SCHEMA = "wrong_schema"
    EXTRA_KEYS = "extra_keys"
    OUT_OF_RANGE = "out_of_range"
    NAN_LEVEL = "nan_level"
    INVENTED_QUOTE = "invented_quote"
    GULLIBLE = "gullible"
    NAN_EMBEDDING = "nan_embedding"
    WRONG_DIMENSION = "wrong_dimension"


class Refused(NamedTuple):
    """An error answer: status, error type and error code as OpenAI names them."""

    status: int
    type: str
    code: str


_F = ScriptedFault
REFUSALS: Final[dict[ScriptedFault, Refused]] = {
    _F.RATE_LIMIT: Refused(429, "requests", "rate_limit_exceeded"),
    _F.QUOTA: Refused(429, "insufficient_quota", "insufficient_quota"),
    _F.UNAUTHORIZED: Refused(401, "invalid_request_error", "invalid_api_key"),
    _F.FORBIDDEN: Refused(403, "invalid_request_error", "unsupported_country_region_territory"),
    _F.UNKNOWN_MODEL: Refused(404, "invalid_request_error", "model_not_found"),
    _F.SERVER_ERROR: Refused(500, "server_error", "internal_error"),
    _F.UNAVAILABLE: Refused(503, "server_error", "overloaded"),
}
"""Faults that are answered with an error status, at once."""

_COMPLETIONS: Final[frozenset[Task]] = frozenset({"grade", "narrate"})
_GRADES: Final[frozenset[Task]] = frozenset({"grade"})
_EMBEDDINGS: Final[frozenset[Task]] = frozenset({"embed"})
FITS: Final[dict[ScriptedFault, frozenset[Task]]] = {
    _F.REFUSAL: _COMPLETIONS,
    _F.TRUNCATION: _COMPLETIONS,
    _F.CONTENT_FILTER: _COMPLETIONS,
    _F.WRONG_SCHEMA: _COMPLETIONS,
    _F.EXTRA_KEYS: _COMPLETIONS,
    _F.OUT_OF_RANGE: _GRADES,
    _F.NAN_LEVEL: _GRADES,
    _F.INVENTED_QUOTE: _GRADES,
    _F.GULLIBLE: _GRADES,
    _F.NAN_EMBEDDING: _EMBEDDINGS,
    _F.WRONG_DIMENSION: _EMBEDDINGS,
}
"""Where a fault of the content makes sense; a fault that is not listed fits everywhere."""


def fits(fault: ScriptedFault, task: Task) -> bool:
    """Whether `fault` can strike a request of `task`."""
    return task in FITS.get(fault, {task})


_RULE: Final = re.compile(r"^(?P<fault>\w+)(?:@(?P<rate>\d*\.?\d+))?(?:/(?P<task>grade|narrate|embed))?(?:\*(?P<times>\d+))?$")


@dataclass(slots=True)
class Rule:
    """A fault that strikes a share of the requests (of one task, so many times)."""

    fault: ScriptedFault
    rate: float = 1.0
    task: Task | None = None
    times: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read `fault[@rate][/task][*times]`: `rate_limit@0.1`, `hang@1/grade`, `disconnect*2`. Raises `ValueError`."""
        match = _RULE.match(text.strip())
        if match is None:
            msg = f"not a rule: {text!r}; a rule is fault[@rate][/task][*times]"
            raise ValueError(msg)
        fault, rate, task, times = match.groups()
        task = cast("Task | None", task)
        return cls(ScriptedFault(fault), float(rate or 1), task, None if times is None else int(times))

    def __str__(self) -> str:
        """The rule as it is written, with what is left of its times."""
        task = f"/{self.task}" if self.task else ""
        times = "" if self.times is None else f"*{self.times}"
        return f"{self.fault}@{self.rate:g}{task}{times}"

    def strikes(self, task: Task, draw: float) -> bool:
        """Whether it strikes a request of `task` for which `draw` in [0, 1) was drawn; counts down its times."""
        if self.task not in {None, task} or not fits(self.fault, task) or self.times == 0 or draw >= self.rate:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds before a reply: `fixed` a, `uniform` between a and b, or `lognormal` with median a and sigma b."""

    kind: Literal["fixed", "uniform", "lognormal"] = "fixed"
    a: float = 0.0
    b: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Latency":
        """Read `0.5`, `uniform:1,3` or `lognormal:3,0.4`. Raises `ValueError`."""
        kind, _, numbers = text.strip().rpartition(":")
        values = [float(number) for number in numbers.split(",")]
        match kind, values:
            case "" | "fixed", [a]:
                return cls("fixed", a)
            case "uniform" | "lognormal", [a, b]:
                return cls(kind, a, b)
        msg = f"not a latency: {text!r}"
        raise ValueError(msg)

    def __str__(self) -> str:
        """The latency as it is written."""
        return f"{self.a:g}" if self.kind == "fixed" else f"{self.kind}:{self.a:g},{self.b:g}"

    def draw(self, random: Random) -> float:
        """Seconds for one request."""
        match self.kind:
            case "fixed":
                return self.a
            case "uniform":
                return random.uniform(self.a, self.b)
            case "lognormal":
                return self.a * random.lognormvariate(0.0, self.b)
