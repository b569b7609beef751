"""A generated catalog: as many credentials as wanted, worded like a real one, the same for the same seed.

Titles, outcomes and sentences are put together from phrases about the skills of the seed vocabulary, so that texts vary, share words as
courses do, and queries have near and far neighbours. A credential has two to four sentences and two to four outcomes.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from assay.domain.credentials import CredentialContent
from assay.domain.tracks import SkillLevel

_TITLES: Final = (
    *("{a} in Practice", "Foundations of {a}", "{a} for {who}", "{a} with {b}", "Applied {a}", "From {b} to {a}", "Advanced {a}"),
    *("{a}: A Working Course", "Everyday {a}", "{a} and {b} Together", "Troubleshooting {a}", "{a} at Scale", "Teaching Teams {a}"),
)
_WHO: Final = ("Newcomers", "Engineers", "Analysts", "Small Teams", "Managers", "Career Changers", "Operators", "Public Services")
_SENTENCES: Final = (
    "Learners {verb} {a} on a {setting} and {verb2} what goes wrong {when}.",
    "The course begins with {a}, moves on to {b}, and ends with a {work} that {judge}.",
    "Every unit pairs a short reading on {b} with a task in which {a} has to {hold} under {strain}.",
    "Half of the time is spent at the keyboard: {a} is {built} step by step, then {broken} on purpose.",
    "Particular weight lies on {c}, because {a} without it fails {when}.",
    "Participants compare two ways of doing {a}, {measure} them, and defend a choice before {judges}.",
    "Cases come from {sector}, where {b} meets {strain} and somebody has to {decide} {when}.",
    "A mentor reads each {work} and answers within {days} days.",
)
_OUTCOMES: Final = (
    *("{verb_c} {a} for a {setting} and explain the choice", "Recognise when {b} is the wrong answer to {strain}"),
    *("Measure {a} and report the figures with their uncertainty", "Repair {a} that was {broken} by somebody else"),
    *("Write a {work} about {c} that {judges} can follow", "Plan {a} together with {b} under {strain}"),
    *("Review {c} in the work of others and say what to change", "Automate {a} so that it needs no one {when}"),
)
_WORDS: Final[Mapping[str, Sequence[str]]] = {
    "verb": ("set up", "design", "practise", "rebuild", "document", "operate", "question", "simplify"),
    "verb2": ("find out", "write down", "demonstrate", "discuss", "predict", "trace"),
    "verb_c": ("Choose", "Design", "Build", "Adapt", "Document", "Test", "Operate", "Compare"),
    "setting": ("hospital's booking system", "library catalog", "harbour's schedule", "web shop", "school network", "weather service"),
    "when": ("at night", "under load", "after a migration", "when a colleague leaves", "in the first week", "during an audit"),
    "work": ("project", "written report", "running prototype", "design review", "portfolio piece", "post-mortem"),
    "judge": ("is tested by others", "runs for a week", "is presented in public", "must survive a failure"),
    "judges": ("a panel", "two peers", "the operations team", "a client", "an examiner"),
    "hold": ("hold", "stay readable", "be explained", "be handed over"),
    "strain": ("pressure of time", "strict privacy rules", "a tight budget", "growing traffic", "legacy code", "poor data"),
    "built": ("assembled", "written", "modelled", "configured"),
    "broken": ("broken", "overloaded", "misconfigured", "cut off"),
    "measure": ("measure", "benchmark", "cost", "profile"),
    "sector": ("health care", "public transport", "energy", "retail", "publishing", "local government", "agriculture", "insurance"),
    "decide": ("decide", "apologise", "roll back", "explain", "improvise"),
    "days": ("two", "three", "five", "seven"),
}
_PROVIDERS: Final = tuple(
    f"{place} {kind}"
    for place in ("Northern", "Lakeside", "Old Town", "Harbour", "Valley", "Highland")
    for kind in ("College", "Academy", "Institute", "Open School")
)


def credentials(count: int, skills: Mapping[str, str], seed: int = 1) -> Iterator[CredentialContent]:
    """`count` different contents over the vocabulary `skills` (slug to name)."""
    for number in range(count):
        yield _credential(random.Random(f"{seed}/{number}"), number, list(skills.items()))


def _credential(dice: random.Random, number: int, skills: Sequence[tuple[str, str]]) -> CredentialContent:
    taught = dice.sample(skills, 3 + dice.randrange(3))

    def say(pattern: str) -> str:
        words = {key: dice.choice(options) for key, options in _WORDS.items()}
        names = {key: name for key, (_, name) in zip("abc", dice.sample(taught, 3), strict=True)}
        text = pattern.format(**words, **names, who=dice.choice(_WHO))
        return text[0].upper() + text[1:]

    return CredentialContent(
        title=f"{say(dice.choice(_TITLES))} {number}",
        provider=dice.choice(_PROVIDERS),
        description=" ".join(map(say, dice.sample(_SENTENCES, 2 + dice.randrange(3)))),
        outcomes=tuple(map(say, dice.sample(_OUTCOMES, 2 + dice.randrange(3)))),
        skills=tuple(slug for slug, _ in taught),
        level=dice.choice(list(SkillLevel)),
        workload_hours=dice.choice((5, 10, 20, 30, 40, 60, 80)),
    )
