"""The scenarios by name, and running them: each in a copy of the content, with processes of its own, on servers that they share."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import machine, recovery
from benchmarks.report import Figure, Report
from benchmarks.stack import Stack
from faults import contract, disk, edits, limits, mutants, poison, postgres, processes, provider, redis, rotation, versions, webhooks
from faults import storm as weather
from faults.storm import Plan
from faults.world import NotPossible, World, opened_stack, opened_world

SHORT_MINUTES: Final = 1.0
"""Of the storm among the other scenarios."""
NOTES: Final = (
    "A figure with a target of 0 counts what must never be: clients keep a journal that is held against the database, the model keeps one",
    "of what it was paid for, receivers of webhooks verify with the reference library, and `assay check` asks every invariant.",
    "Seconds were measured while everything shared the processors; on a busy machine they are longer.",
)

type Play = Callable[[World], Awaitable[list[Figure]]]
type Alone = Callable[[Console], list[Figure]]
"""A scenario that brings its own servers."""


class Scenario(NamedTuple):
    """What breaks, which faults of docs/faults.md that shows, and how it is played: on the shared servers, or alone."""

    what: str
    shows: tuple[str, ...]
    play: Play | None = None
    alone: Alone | None = None

    @property
    def told(self) -> str:
        """What breaks, and by which name it is known."""
        return f"{self.what} ({', '.join(self.shows)})" if self.shows else self.what


async def _short_storm(world: World) -> list[Figure]:
    """A minute of it, under a seed that is drawn: the long one has a command of its own."""
    return await weather.run(world, plan(SHORT_MINUTES, None, None, weather.RATE, weather.EVERY_SECONDS))


def _rotation(console: Console) -> list[Figure]:
    """On servers whose content was written under another key than the processes use first."""
    before, after = rotation.keys()
    _, (figures,) = play(console, {"key-rotation": partial(rotation.under_load, changes=after)}, before)
    return figures


def _versions(console: Console) -> list[Figure]:
    """On servers of its own, if there is an older version at all. Raises `NotPossible`."""
    with versions.older_code() as older:
        _, (figures,) = play(console, {"versions": partial(versions.side_by_side, older=older)}, versions.READABLE)
        return figures


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "worker-death": Scenario("a worker is killed with calls open", ("F1",), processes.worker_death),
    "supervised-death": Scenario(
        "a worker of `assay up` is killed with calls open", ("F1",), alone=partial(recovery.supervised, repeats=1)
    ),
    "deploys": Scenario("workers are deployed under load", ("F30",), processes.deploys),
    "versions": Scenario("an older version and today's serve one ledger, replaced in turn", ("F30",), alone=_versions),
    "exact-deaths": Scenario("deaths before and after the commit, and before the effect", ("F4", "F5", "F6", "F7"), processes.exact_deaths),
    "fifty-submits": Scenario("fifty submissions of one assessment at once", ("F8",), processes.fifty_submits),
    "poison": Scenario("an essay kills whoever reads it", ("F24",), processes.poison),
    "poison-beside": Scenario("the same beside a hundred good ones, timed, then sent again", ("F24",), poison.beside_a_hundred),
    "redis-away": Scenario("Redis is gone for half a minute under load", ("F11",), redis.away),
    "redis-flushed": Scenario("Redis forgets five hundred jobs", ("F10",), redis.flushed),
    "redis-killed": Scenario("Redis dies at the end of a job, twenty times", ("F12",), redis.killed),
    "postgres-restarts": Scenario("Postgres is restarted ten times under load", ("F14",), postgres.restarts),
    "disk-full": Scenario("the disk with Postgres' tables is full for a while", ("F16",), alone=disk.disk_full),
    "pool-spent": Scenario("all connections of the API are taken", ("F15",), postgres.pool_spent),
    "provider-faults": Scenario("three calls of four go wrong, in every way there is", ("F19", "F20"), provider.every_fault),
    "provider-errors": Scenario("the provider fails now and then, then for a minute under load", ("F18",), provider.failing),
    "provider-dead": Scenario("the provider is dead from the start, then back", ("F18",), provider.dead),
    "provider-limited": Scenario("for half a minute the provider takes fewer calls than come", ("F17",), limits.limited),
    "receiver-down": Scenario("a webhook receiver is down, and a sender dies", ("F27", "F28"), webhooks.receiver_down),
    "contract": Scenario("every operation is sent whatever its schema allows and forbids, as every role", (), contract.by_everybody),
    "key-rotation": Scenario("keys are rotated under load, and the rotation is killed twice", (), alone=_rotation),
    "edits": Scenario("bank, catalog and index change under assessments that are under way", ("F29",), edits.under_way),
    "mutant-fence": Scenario("mutant: the ledger does not ask for the fence", ("F3",), mutants.without_fence),
    "mutant-effect": Scenario("mutant: the effect before the end of the job", ("F4",), mutants.effect_first),
    "mutant-ring": Scenario("mutant: the ring before the commit", ("F5",), mutants.ring_first),
    "storm": Scenario("all of it at once", ("F32",), _short_storm),
}
"""All there are, in the order in which they are played."""


def plan(minutes: float, seed: int | None, jobs: int | None, rate: float, every: float) -> Plan:
    """A storm of so many minutes, or of so many jobs, two a submission; without a seed one is drawn."""
    drawn = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    submissions = -(-jobs // 2) if jobs else round(60 * minutes * rate)
    return Plan(drawn, submissions / rate, submissions, every)


def storm(console: Console, planned: Plan) -> Report:
    """Weather one storm."""
    console.print(f"seed {planned.seed}")
    facts, (figures,) = play(console, {"storm": partial(weather.run, plan=planned)})
    what = f"{planned.submissions} submissions in {planned.seconds / 60:.1f} minutes, a tenth of them four times at once"
    return Report("storm", f"{what}, seed {planned.seed}", facts, figures, NOTES)


def play(
    console: Console, plays: Mapping[str, Play], changes: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[list[Figure]]]:
    """Play these, one after another, with these settings; the machine, and what each has found."""
    with opened_stack(console, changes) as stack:
        facts = asyncio.run(machine.facts(stack.database_url.replace("/assay?", "/content?")))
        return facts, [asyncio.run(_one(stack, name, each)) for name, each in plays.items()]


async def _one(stack: Stack, name: str, scenario: Play) -> list[Figure]:
    begun = asyncio.get_running_loop().time()
    stack.console.print(f"[bold]{name}[/]")
    async with opened_world(stack) as world:
        try:
            figures = await scenario(world)
        except Exception as error:  # noqa: BLE001 - what breaks off is a finding, told in full, and the others are still to be played
            stack.console.print_exception()
            figures = [Figure(f"broken off: {type(error).__name__}", (1.0,), digits=0, at_most=0)]
    return [*figures, Figure("seconds", (asyncio.get_running_loop().time() - begun,), digits=0)]


@dataclass(frozen=True, slots=True)
class Results:
    """What several scenarios found."""

    machine: Mapping[str, str]
    reports: Sequence[Report]
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Scenarios that cannot be played on this machine, with the reason: neither met nor missed."""

    @property
    def met(self) -> bool:
        """Whether every target of every scenario is met."""
        return all(report.met for report in self.reports)

    @property
    def decision(self) -> str:
        """The line that decides."""
        missed = [
            f"{report.name}: {figure.name} {figure.written(figure.value)}"
            for report in self.reports
            for figure in report.figures
            if figure.met is False
        ]
        targets = sum(figure.met is not None for report in self.reports for figure in report.figures)
        held = (
            f"{sum(report.met for report in self.reports)} of {len(self.reports)} scenarios, {targets - len(missed)} of {targets} targets"
        )
        missed += [f"skipped, not possible here: {name} ({why})" for name, why in self.skipped.items()]
        return f"faults: {'met' if self.met else 'MISSED'}: {held}{''.join(f'; {each}' for each in missed)}"

    def as_json(self) -> str:
        """All reports as one JSON document."""
        scenarios: list[Any] = [json.loads(report.as_json()) for report in self.reports]
        return json.dumps(
            {"faults": "all", "met": self.met, "machine": dict(self.machine), "scenarios": scenarios, "skipped": dict(self.skipped)},
            indent=2,
        )

    def show(self, console: Console) -> None:
        """Print machine, table, notes and, last, the line that decides."""
        for name, fact in self.machine.items():
            console.print(f"[dim]{name:<10}[/] {fact}", highlight=False, soft_wrap=True)
        table = Table(show_lines=False)
        for column in ("scenario", "figure", "value", "target", ""):
            table.add_column(column, justify="right" if column in {"value", "target"} else "left")
        for report in self.reports:
            told = f"[bold]{report.name}[/]\n{report.what}"
            for number, figure in enumerate(report.figures):
                sign = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[figure.met]
                table.add_row(told if number == 0 else "", figure.name, figure.written(figure.value), figure.target, sign)
            table.add_section()
        for name, why in self.skipped.items():
            table.add_row(f"[bold]{name}[/]\n{SCENARIOS[name].what}", f"not possible here: {why}", "", "", "[yellow]skipped[/]")
        console.print(table)
        for note in NOTES:
            console.print(note, highlight=False, style="dim")
        console.print(self.decision, highlight=False, soft_wrap=True, style="green" if self.met else "red")


def several(console: Console, names: Sequence[str]) -> Results:
    """Play scenarios by name. Raises `KeyError` for a name that is none."""
    chosen = {name: SCENARIOS[name] for name in names}
    shared = {name: scenario.play for name, scenario in chosen.items() if scenario.play}
    facts, played = play(console, shared)
    found = dict(zip(shared, played, strict=True))
    skipped: dict[str, str] = {}
    for name, scenario in chosen.items():
        try:
            found |= {name: scenario.alone(console)} if scenario.alone else {}
        except NotPossible as reason:
            skipped[name] = str(reason)
    reports = [Report(name, each.told, facts, found[name]) for name, each in chosen.items() if name in found]
    return Results(facts, reports, skipped)
