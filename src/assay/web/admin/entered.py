"""What a form says, and which of it does not fit: sentences by field name, as the components show them."""

from collections.abc import Mapping

from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.services.people import Reasoned

WHY = "Write why, in 8 to 500 characters: it stands in the audit log."


def text(form: FormData, name: str) -> str:
    """The text of a field; empty when there is none."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def reason(form: FormData) -> Reasoned | None:
    """The reason that a form gives; None when it is too short, too long or cannot be kept."""
    try:
        return Reasoned(reason=text(form, "reason"))
    except ValidationError:
        return None


def misfits(error: ValidationError, sentences: Mapping[str, str]) -> dict[str, str]:
    """The fields that `error` is about, each with the sentence for it."""
    fields = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
    return {name: sentence for name, sentence in sentences.items() if name in fields}
