"""Running scenarios: each on the same servers with processes of its own, or (the storm) with a world to itself."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import typer
from rich.console import Console

from benchmarks import machine
from benchmarks.report import Figure, Report
from faults import storm as weather
from faults.storm import Plan
from faults.world import World, opened_stack, opened_world

NOTES: Final = (
    "A figure with a target of 0 counts what must never be; the database is asked by SQL, the model's own journal says what was paid.",
)


def storm(console: Console, minutes: float, seed: int | None, jobs: int | None, rate: float, every: float) -> Report:
    """Weather one storm."""
    drawn = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    submissions = -(-jobs // 2) if jobs else round(60 * minutes * rate)
    plan = Plan(drawn, submissions / rate, submissions, every)
    console.print(f"seed {drawn}")
    facts, figures = alone(console, lambda world: weather.run(world, plan))
    what = f"{submissions} submissions in {plan.seconds / 60:.1f} minutes, a tenth of them four times at once, seed {drawn}"
    return Report("storm", what, facts, figures, NOTES)


def alone(console: Console, scenario: Callable[[World], Awaitable[list[Figure]]]) -> tuple[dict[str, str], list[Figure]]:
    """Run one scenario on servers of its own; the machine, and what was found."""
    with opened_stack(console, weather.LATENCY) as stack:

        async def play() -> tuple[dict[str, str], list[Figure]]:
            async with opened_world(stack) as world:
                return await machine.facts(stack.database_url), await scenario(world)

        return asyncio.run(play())


def finish(report: Report, *, as_json: bool) -> None:
    """Print, and exit with 1 when a target is missed."""
    if as_json:
        print(report.as_json())
    else:
        report.show(Console(highlight=False))
    raise typer.Exit(0 if report.met else 1)
