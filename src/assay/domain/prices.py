"""What model calls cost, estimated from tokens and a list of prices. A model without a price has no cost, rather than an invented one."""

from typing import Final, NamedTuple

from assay.domain.grading import Usage

_TOKENS: Final = 1_000_000


class Price(NamedTuple):
    """US dollars per million tokens: read for the first time, read from the provider's cache, written."""

    given: float
    cached: float
    written: float


def priced(usage: Usage, price: Price | None) -> Usage:
    """`usage` with its cost in US dollars; unchanged without a price."""
    if price is None:
        return usage
    fresh = usage.input_tokens - usage.cached_tokens
    dollars = (fresh * price.given + usage.cached_tokens * price.cached + usage.output_tokens * price.written) / _TOKENS
    return usage.model_copy(update={"cost_usd": dollars})
