"""The forms a model fills in: closed JSON schemas (what providers call strict), each named field by field in its prompt.

A change here is therefore a change of the prompt, and with it of the hash that stored replies are filed under.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict


def _storable(text: str) -> str:
    if "\0" in text:
        msg = "Postgres cannot store NUL"
        raise ValueError(msg)
    return text


def _not_boolean(value: object) -> object:
    if isinstance(value, bool):
        msg = "a level is a number"
        raise ValueError(msg)  # noqa: TRY004 - Pydantic reads a ValueError as a validation error
    return value


# Plain aliases, not `type` statements: Pydantic would lift those out of the schema as definitions of their own.
Text = Annotated[str, AfterValidator(_storable)]
LevelNumber = Annotated[Literal[0, 1, 2, 3, 4], BeforeValidator(_not_boolean)]


class Form(BaseModel):
    """Every field required, none added. A model writes the fields in this order."""

    # Without the docstrings, which are for readers of this code: what the model is told stands in the prompt, under its hash.
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=lambda schema: schema.pop("description", None))


class DimensionForm(Form):
    """One dimension. The evidence comes before the level, so that the level follows from it."""

    quotes: list[Text]
    rationale: Text
    level: LevelNumber
    improvement: Text


class EssayForm(Form):
    """The reply to `grade_essay.md`."""

    clarity: DimensionForm
    accuracy: DimensionForm
    coherence: DimensionForm
    key_points_covered: list[Text]
    key_points_missed: list[Text]
    feedback: Text


class StyleForm(Form):
    """The reply to `grade_dimension.md` about clarity or coherence."""

    quotes: list[Text]
    rationale: Text
    level: LevelNumber
    improvement: Text
    feedback: Text


class AccuracyForm(Form):
    """The reply to `grade_dimension.md` about accuracy."""

    quotes: list[Text]
    rationale: Text
    level: LevelNumber
    improvement: Text
    key_points_covered: list[Text]
    key_points_missed: list[Text]
    feedback: Text


class SentenceForm(Form):
    """One sentence of a summary and the ids of its facts."""

    text: Text
    facts: list[Text]


class SummaryForm(Form):
    """The reply to `narrate.md`."""

    sentences: list[SentenceForm]
