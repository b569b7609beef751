"""What the provider was paid for: calls by content key, held against what the faults can account for."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from assay.ai.scripted import envelopes
from assay.runtime import SMALLEST_FACT
from benchmarks.journal import Entries


class Bill(NamedTuple):
    """What was charged for usable answers. One that the script had spoiled has to be asked for again, and counts apart."""

    paid: int
    """Usable answers, and calls worked on for a client that had left."""
    distinct: int
    """Content keys among them."""
    overpaid: int
    """Calls beyond one for each key that no death or freeze of a worker with the job in hand accounts for."""
    spoiled: int
    """Calls that failed, hung, or came back useless by the script's own doing."""
    unexplained: tuple[str, ...] = ()
    """What is known of the calls that are overpaid, a line for each key."""

    @property
    def ratio(self) -> float:
        """Paid calls for each content key."""
        return self.paid / self.distinct if self.distinct else 0.0


def bill(entries: Entries, essays: Mapping[str, UUID], crashes: Mapping[UUID, int]) -> Bill:
    """Read the journal. `essays` are texts with their assessments, `crashes` how often a worker was lost with an assessment's job in hand.

    A content key is the request without its nonces. A key may be paid once, and once more for each time its job's worker was lost. A
    summary has no essay in it: all of them together may be paid as often again as all crashes. The question by which a provider is tried,
    the same each time, is on nobody's bill.
    """
    paid: Counter[str] = Counter()
    told: dict[str, list[str]] = defaultdict(list)
    owners: dict[str, UUID | None] = {}
    for entry in entries:
        if entry["fault"] is None and entry["outcome"] in {"answered", "abandoned"} and not _is_trial(entry):
            paid[entry["bodySha256"]] += 1
            told[entry["bodySha256"]].append(f"{entry['outcome']} {entry.get('at', '')}")
            owners.setdefault(entry["bodySha256"], _owner(entry, essays))
    more = Counter[UUID | None]()
    overpaid = 0
    unexplained: list[str] = []
    again: list[str] = []
    for key, count in paid.items():
        owner = owners[key]
        if owner is None:
            more[None] += count - 1
            if count > 1:
                again.append(f"a summary: {', '.join(told[key])}")
        else:
            beyond = max(0, count - 1 - crashes.get(owner, 0))
            overpaid += beyond
            if beyond:
                unexplained.append(f"{owner}, {crashes.get(owner, 0)} crashes: {', '.join(told[key])}")
    if beyond := max(0, more[None] - sum(crashes.values())):
        overpaid += beyond
        unexplained += again
    spoiled = sum(entry["fault"] is not None for entry in entries)
    return Bill(paid.total(), len(paid), overpaid, spoiled, tuple(unexplained))


def _is_trial(entry: Mapping[str, object]) -> bool:
    """Whether this is the question by which a provider is tried: one fact alone, where a student's summary has many."""
    facts = envelopes.read(str(entry["path"]), str(entry["body"]).encode()).blocks.get("facts", "").splitlines()
    return len(facts) == 1 and SMALLEST_FACT.text in facts[0]


def _owner(entry: Mapping[str, object], essays: Mapping[str, UUID]) -> UUID | None:
    request = envelopes.read(str(entry["path"]), str(entry["body"]).encode())
    return essays.get(request.blocks.get("essay", ""))
