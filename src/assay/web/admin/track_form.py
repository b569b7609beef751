"""A track between its form and its value."""

from collections.abc import Mapping
from typing import Any, Final

from assay.domain.questions import QuestionType
from assay.domain.release import ReleaseWhen
from assay.domain.tracks import QuestionMix, TrackContent, TrackStatus
from assay.services.track_edits import TrackCreate, TrackWrite
from assay.web.admin import words
from assay.web.admin.differences import Labelled
from assay.web.admin.entries import Entries
from assay.web.admin.reading import GENERAL, Place, Problems, attempt, number, unstorable
from assay.web.admin.skills import skill_slugs

_MOMENT: Final = "%Y-%m-%dT%H:%M"
_BLANK_ROWS: Final = 3
_FIELDS: Final = {
    "name": "name",
    "slug": "slug",
    "description": "description",
    "skillFocus": "skill",
    "skill_focus": "skill",
    "questionMix": "mix",
    "question_mix": "mix",
    "targetLevel": "level",
    "target_level": "level",
    "expiryDays": "expiry",
    "expiry_days": "expiry",
    "fallbackCredentials": "fallback",
    "fallback_credentials": "fallback",
    "releasePolicy": "when",
    "release_policy": "when",
}
"""The field, or the group of rows, of what pydantic and the services name."""


def blank() -> Entries:
    """The form of a new track."""
    entries = Entries()
    mix = QuestionMix()
    for kind in QuestionType:
        entries.put(f"mix-{kind.value}", mix.count(kind))
    entries.put("expiry", 7)
    entries.put("level", "intermediate")
    entries.put("when", ReleaseWhen.AT_ONCE.value)
    for row in range(1, _BLANK_ROWS + 1):
        entries.put(f"skill-{row}-name", "")
    return entries


def entries_of(track: TrackContent) -> Entries:
    """The form of a track as it stands."""
    entries = Entries()
    entries.put("name", track.name)
    entries.put("description", track.description)
    for row, skill in enumerate(track.skill_focus, start=1):
        entries.put(f"skill-{row}-name", skill)
    for kind in QuestionType:
        entries.put(f"mix-{kind.value}", track.question_mix.count(kind))
    entries.put("level", track.target_level.value)
    entries.put("expiry", track.expiry_days)
    for row, slug in enumerate(track.fallback_credentials, start=1):
        entries.put(f"fallback-{row}-name", slug)
    entries.put("when", track.release_policy.when.value)
    entries.put("on", track.release_policy.on.strftime(_MOMENT) if track.release_policy.on else "")
    return entries


def read_new(entries: Entries, vocabulary: Mapping[str, str]) -> tuple[TrackCreate | None, Problems]:
    """What the form says of a new track, which begins as a draft; or what does not fit."""
    problems = unstorable(entries)
    raw = {**_raw(entries, vocabulary, problems), "slug": entries.get("slug").strip()}
    made = attempt(problems, TrackCreate, raw, lambda place: _field(entries, place))
    return _told(made, problems)


def read(entries: Entries, vocabulary: Mapping[str, str], status: TrackStatus) -> tuple[TrackWrite | None, Problems]:
    """What the form says of a track that there is; its `status` stays."""
    problems = unstorable(entries)
    raw = {**_raw(entries, vocabulary, problems), "status": status}
    made = attempt(problems, TrackWrite, raw, lambda place: _field(entries, place))
    return _told(made, problems)


def labelled(track: TrackContent) -> Labelled:
    """A track as its fields in words."""
    policy = track.release_policy
    on = f", {policy.on:%-d %B %Y, %H:%M %Z}" if policy.on else ""
    return [
        ("Name", track.name),
        ("Description", track.description),
        ("Skills in focus", ", ".join(track.skill_focus)),
        ("Questions", ", ".join(words.counted(track.question_mix.count(kind), kind) for kind in QuestionType)),
        ("Level aimed at", words.LEVELS[track.target_level]),
        ("Days to finish", str(track.expiry_days)),
        ("Results are shown", f"{words.RELEASE_POLICIES[policy.when]}{on}"),
        ("Curated credentials", ", ".join(track.fallback_credentials)),
    ]


def _told[Wanted: TrackWrite](made: Wanted | None, problems: Problems) -> tuple[Wanted | None, Problems]:
    """What is wrong with the whole follows from what is wrong with a field, where one is."""
    if len(problems) > 1:
        problems.pop(GENERAL, None)
    return (None if problems else made), problems


def _raw(entries: Entries, vocabulary: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    fallback = (entries.get(f"fallback-{row}-name").strip() for row in entries.rows("fallback"))
    return {
        "name": entries.get("name").strip(),
        "description": entries.get("description").strip(),
        "skill_focus": skill_slugs(entries, vocabulary, problems),
        "question_mix": {kind.value: _whole(entries, f"mix-{kind.value}") for kind in QuestionType},
        "target_level": entries.get("level"),
        "expiry_days": _whole(entries, "expiry"),
        "fallback_credentials": [slug for slug in fallback if slug],
        "release_policy": _policy(entries, problems),
    }


def _whole(entries: Entries, name: str) -> Any:
    return number(entries.get(name)) if entries.get(name).strip() else ""


def _policy(entries: Entries, problems: Problems) -> dict[str, Any]:
    when, on = entries.get("when"), entries.get("on").strip()
    if when != ReleaseWhen.ON_DATE:
        return {"when": when}
    if not on:
        problems["on"] = "Write the day and the time from which results are shown."
        return {}
    return {"when": when, "on": f"{on}+00:00"}


def _field(entries: Entries, place: Place) -> str:
    """The field that holds what stands at `place` of the value."""
    name = _FIELDS.get(str(place[0]), GENERAL) if place else GENERAL
    inside = place[1] if len(place) > 1 else ""
    if name == "mix" and inside:
        return f"mix-{inside}"
    if name in {"skill", "fallback"} and isinstance(inside, int):
        return _filled(entries, name, inside)
    return "on" if name == "when" and inside == "on" else name


def field_of_pointer(entries: Entries, pointer: str) -> str:
    """The field that a service's problem is about: `/skillFocus/2`."""
    return _field(entries, tuple(int(part) if part.isdecimal() else part for part in pointer.strip("/").split("/")))


def _filled(entries: Entries, group: str, index: int) -> str:
    """The name field of the row that became the list's item `index`: rows left empty are none."""
    filled = [row for row in entries.rows(group) if entries.get(f"{group}-{row}-name").strip()]
    return f"{group}-{filled[index]}-name" if index < len(filled) else group
