"""What an advisor sends about a result: forms into requests of the services, with a sentence for each field that does not fit."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.domain.flags import MAX_NOTE, FlagCode
from assay.domain.notes import MAX_BODY, NoteAbout
from assay.domain.overrides import MAX_REASON
from assay.domain.rubric import Dimension
from assay.services.feedback import FeedbackWrite
from assay.services.flags import FlagWrite
from assay.services.notes import NoteWrite
from assay.services.overrides import OverrideWrite
from assay.services.results import EssayResult, RecommendedItem
from assay.web.session import CSRF_FIELD

MAX_ITEM_REASON: Final = 1_000
MAX_COMMENT: Final = 4_000
DECISIONS: Final = frozenset({"accept", "reject"})
LEVELS: Final = frozenset("01234")
RATINGS: Final = frozenset("12345")

type Problems = dict[str, str]
"""A sentence by field."""


class Tried(NamedTuple):
    """A form that was sent and not taken: which it was, what was entered, and what does not fit."""

    form: str
    entered: Mapping[str, str]
    problems: Problems

    def value(self, form: str, name: str, otherwise: object = "") -> str:
        """What to show in a field of `form`: what was entered there, else what stands."""
        if form == self.form:
            return self.entered.get(name, "")
        return "" if otherwise is None else str(otherwise)


NOTHING_TRIED: Final = Tried("", {}, {})


def entered(form: FormData) -> dict[str, str]:
    """The texts of a form by name."""
    return {name: value for name, value in form.items() if isinstance(value, str) and name != CSRF_FIELD}


def decision(given: Mapping[str, str], items: tuple[RecommendedItem, ...]) -> tuple[FeedbackWrite | None, Problems]:
    """A decision on the recommendation and on each of `items`; a rejection needs its reason."""
    problems: Problems = {}
    for name in ("relevance", "fit"):
        if given.get(name) not in RATINGS:
            problems[name] = "Choose one of the five."
    if given.get("decision") not in DECISIONS:
        problems["decision"] = "Say whether the recommendation stands."
    comment = given.get("comment", "")
    if given.get("decision") == "reject" and not comment.strip():
        problems["comment"] = "Say why you reject the recommendation."
    problems |= _too_long("comment", comment, MAX_COMMENT)
    said: list[dict[str, Any]] = []
    for item in items:
        choice, reason = given.get(f"decision-{item.credential_id}", ""), given.get(f"reason-{item.credential_id}", "")
        if choice == "reject" and not reason.strip():
            problems[f"reason-{item.credential_id}"] = f"Say why {item.title} is rejected."
        problems |= _too_long(f"reason-{item.credential_id}", reason, MAX_ITEM_REASON)
        if choice in DECISIONS:
            said.append({"credential_id": item.credential_id, "decision": choice, "reason": reason.strip()})
    if problems:
        return None, problems
    try:
        write = FeedbackWrite(
            relevance=int(given["relevance"]),
            fit=int(given["fit"]),
            decision="accept" if given["decision"] == "accept" else "reject",
            items=tuple(said),
            comment=comment.strip() or None,
        )
    except ValidationError:
        return None, {"comment": "It contains characters that cannot be stored."}
    return write, {}


def levels(given: Mapping[str, str], essay: EssayResult) -> tuple[OverrideWrite | None, Problems]:
    """Levels for an essay: those that are chosen. One that is not the evaluator's needs a reason, which the student reads."""
    chosen = {name: given.get(f"{name}-{essay.position}", "") for name in Dimension}
    taken = {name: int(level) for name, level in chosen.items() if level in LEVELS}
    where, reason = f"reason-{essay.position}", given.get(f"reason-{essay.position}", "")
    if not taken:
        return None, {f"{Dimension.CLARITY}-{essay.position}": "Choose a level for one of the three at least."}
    problems = _too_long(where, reason, MAX_REASON)
    if any(essay.dimensions[name].model_level != level for name, level in taken.items() if name in essay.dimensions) and not reason.strip():
        problems[where] = "Say why the level should be another one; the student will read it."
    if problems:
        return None, problems
    try:
        return OverrideWrite(levels=taken, reason=reason.strip() or None), {}
    except ValidationError:
        return None, {where: "It contains characters that cannot be stored."}


def flag(given: Mapping[str, str]) -> tuple[FlagWrite | None, Problems]:
    """A flag with its note; or that it is resolved."""
    try:
        code = FlagCode(given.get("code", ""))
    except ValueError:
        return None, {"code": "Choose why somebody should look again."}
    where = "resolution" if code is FlagCode.RESOLVED else "flag-note"
    note = given.get(where, "")
    if problems := _too_long(where, note, MAX_NOTE):
        return None, problems
    try:
        return FlagWrite(code=code, note=note.strip() or None), {}
    except ValidationError:
        return None, {where: "It contains characters that cannot be stored."}


def note(given: Mapping[str, str]) -> tuple[NoteWrite | None, Problems]:
    """A note about the assessment or its student."""
    body = given.get("body", "")
    problems = _too_long("body", body, MAX_BODY)
    if not body.strip():
        problems["body"] = "Write what is to be remembered."
    if problems:
        return None, problems
    try:
        return NoteWrite(body=body.strip(), about=NoteAbout(given.get("about", NoteAbout.ASSESSMENT))), {}
    except ValueError:
        return None, {"body": "It contains characters that cannot be stored."}


def essay_of(score_id: UUID, essays: tuple[EssayResult, ...]) -> EssayResult | None:
    """The essay with this score, while it is the newest one."""
    return next((essay for essay in essays if essay.id == score_id), None)


def _too_long(name: str, text: str, most: int) -> Problems:
    return {name: f"Shorten it to {most:,} characters; it has {len(text):,}."} if len(text) > most else {}
