"""Skills as somebody writes them: by slug or by name, one a row."""

from collections.abc import Mapping

from assay.web.admin.entries import Entries
from assay.web.admin.reading import Problems


def skill_slugs(entries: Entries, vocabulary: Mapping[str, str], problems: Problems) -> list[str]:
    """The slugs of the skills in the rows `skill-N-name`; one that `vocabulary` (name by slug) does not know is a problem of its row."""
    by_name = {name.casefold(): slug for slug, name in vocabulary.items()}
    found: list[str] = []
    for row in entries.rows("skill"):
        field = f"skill-{row}-name"
        said = entries.get(field).strip()
        slug = said if said in vocabulary else by_name.get(said.casefold(), "")
        if slug in found:
            problems[field] = "This skill is named already."
        elif slug:
            found.append(slug)
        elif said:
            problems[field] = "There is no skill of this name. Choose one of those offered while you type."
    return found
