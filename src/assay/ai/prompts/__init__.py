"""Prompts: Markdown files beside this module, each addressed by its SHA-256, rendered part by part with named slots."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from types import MappingProxyType
from typing import Final, Literal

from assay.kit.hashing import text_hash

type PromptName = Literal["grade_essay", "grade_dimension", "narrate"]

_PART: Final = re.compile(r"^<!-- part: ([a-z]+) -->$", re.MULTILINE)
_NONCE_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file. `hash` is the SHA-256 of the whole file: any edit makes another prompt."""

    name: str
    hash: str
    parts: Mapping[str, Template]

    def render(self, part: str, **slots: str) -> str:
        """The text of `part` with `$name` replaced by its slot; values are never scanned for slots again.

        Raises `ValueError` unless the slots are exactly those the part names.
        """
        template = self.parts[part]
        if set(template.get_identifiers()) != set(slots):
            msg = f"part {part} of {self.name} takes {sorted(template.get_identifiers())}, not {sorted(slots)}"
            raise ValueError(msg)
        return template.substitute(slots)


@cache
def load(name: PromptName) -> Prompt:
    """The prompt of that name. Text before the first part is for readers of the file and is not sent."""
    text = files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    _, *pieces = _PART.split(text)
    parts = {part: Template(body.strip()) for part, body in zip(pieces[::2], pieces[1::2], strict=True)}
    return Prompt(name=name, hash=text_hash(text), parts=MappingProxyType(parts))


def delimited(label: str, data: str) -> str:
    """`data` between markers that it cannot forge: `<label-NONCE>` and `</label-NONCE>`, each on its own line.

    The nonce is the start of the SHA-256 of the data. A text cannot be made to contain its own 128-bit hash, so this is as
    unforgeable as a random nonce, and the same call renders to the same bytes when it is replayed.
    """
    nonce = text_hash(f"{label}\n{data}")[:_NONCE_LENGTH]
    return f"<{label}-{nonce}>\n{data}\n</{label}-{nonce}>"
