"""What the provider was paid for: calls by content key, held against what the faults can account for."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Account:
    """The journal as far as it was read, without the requests: what was paid under which content key, and whose call it was."""

    essays: Mapping[str, UUID]
    """Texts with their assessments."""
    spoiled: int = 0
    _paid: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What became of the calls under a key, a line each."""
    _owners: dict[str, UUID | None] = field(default_factory=dict)

    def note(self, entries: Entries) -> None:
        """Read on."""
        for entry in entries:
            self.spoiled += entry["fault"] is not None
            if entry["fault"] is None and entry["outcome"] in {"answered", "abandoned"} and not _is_trial(entry):
                self._paid[entry["bodySha256"]].append(f"{entry['outcome']} {entry.get('at', '')}")
                self._owners.setdefault(entry["bodySha256"], _owner(entry, self.essays))

    def bill(self, crashes: Mapping[UUID, int]) -> Bill:
        """What is to be accounted for. `crashes`: how often a worker was lost with an assessment's job in hand.

        A key may be paid once, and once more for each time its job's worker was lost. A summary has no essay in it: all of them together
        may be paid as often again as all crashes. The question by which a provider is tried, the same each time, is on nobody's bill.
        """
        overpaid, summaries = 0, 0
        unexplained: list[str] = []
        again: list[str] = []
        for key, told in self._paid.items():
            owner = self._owners[key]
            if owner is None:
                summaries += len(told) - 1
                again += [f"a summary: {', '.join(told)}"] if len(told) > 1 else []
            elif (beyond := len(told) - 1 - crashes.get(owner, 0)) > 0:
                overpaid += beyond
                unexplained.append(f"{owner}, {crashes.get(owner, 0)} crashes: {', '.join(told)}")
        if (beyond := summaries - sum(crashes.values())) > 0:
            overpaid += beyond
            unexplained += again
        paid = sum(len(told) for told in self._paid.values())
        return Bill(paid, len(self._paid), overpaid, self.spoiled, tuple(unexplained))


def bill(entries: Entries, essays: Mapping[str, UUID], crashes: Mapping[UUID, int]) -> Bill:
    """Of a whole journal at once. A content key is the request without its nonces."""
    account = Account(essays)
    account.note(entries)
    return account.bill(crashes)


def _is_trial(entry: Mapping[str, object]) -> bool:
    """Whether this is the question by which a provider is tried: one fact alone, where a student's summary has many."""
    facts = envelopes.read(str(entry["path"]), str(entry["body"]).encode()).blocks.get("facts", "").splitlines()
    return len(facts) == 1 and SMALLEST_FACT.text in facts[0]


def _owner(entry: Mapping[str, object], essays: Mapping[str, UUID]) -> UUID | None:
    request = envelopes.read(str(entry["path"]), str(entry["body"]).encode())
    return essays.get(request.blocks.get("essay", ""))
