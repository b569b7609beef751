"""The words for skills as a catalog uses them: slugs or names of the vocabulary, or new ones where it may grow."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_LONGEST: Final = 80
_OTHER: Final = re.compile(r"[^a-z0-9]+")


class Vocabulary:
    """Slugs by what a file may call a skill. With `grows`, words that are not known make new ones."""

    def __init__(self, names: Mapping[str, str], *, grows: bool = False) -> None:
        """`names` are those of the known skills, by slug."""
        self.grows = grows
        self.names = dict(names)
        self.new: dict[str, str] = {}
        """Names by slug of what `keep` has added."""
        self._by_name = {name.casefold(): slug for slug, name in names.items()}
        self._seen: dict[str, str] = {}

    def slug(self, word: str) -> str | None:
        """The slug of a skill by slug or name, whatever the case; None when there is none."""
        if word in self.names:
            return word
        known = self._by_name.get(word.strip().casefold())
        if known or not self.grows:
            return known
        made = slugified(word)
        if made and made not in self.names:
            self._seen[made] = word.strip()
        return made or None

    def keep(self, slugs: tuple[str, ...]) -> None:
        """Take over new skills that a row needs which is accepted."""
        for slug in slugs:
            if slug not in self.names:
                self.new[slug] = self.names[slug] = self._seen.get(slug, slug)


def slugified(text: str) -> str:
    """`text` as a slug: `C# for Beginners` is `c-for-beginners`; empty when nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("-", plain)[:_LONGEST].strip("-")
