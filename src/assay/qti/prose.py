"""Plain text as Assay keeps it, and the XHTML that QTI wants: paragraphs, line breaks, `code` in back-ticks, indented blocks of code."""

import re
from collections.abc import Callable
from typing import Final

from lxml import etree

from assay.qti import xml

VERBATIM: Final = "assay-text"
"""The class of a `pre` that holds a text as it is, where paragraphs would not give it back to the letter."""
INDENT: Final = "    "
_BLOCKS: Final = frozenset(
    re.findall(
        r"[\w-]+",
        """
        address article aside blockquote caption dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p section
        table tbody td tfoot th thead tr ul qti-prompt qti-content-body
        """,
    )
)
_SILENT: Final = frozenset({"qti-feedback-inline", "qti-feedback-block", "qti-rubric-block", "qti-template-inline", "qti-template-block"})
_PIECES: Final = re.compile(r"(`[^`\n]+`|\n)")
_BREAK: Final = "\ue000"
"""A line break while spaces are folded: a character of the private use area, which no text needs here."""
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_AROUND_BREAK: Final = re.compile(f" *{_BREAK} *")
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue001-\ufffd\U00010000-\U0010ffff]")


def allowed(text: str) -> str:
    """`text` with a replacement character for each that XML cannot hold (control characters above all)."""
    return _FORBIDDEN.sub("\ufffd", text)


def write(parent: etree._Element, text: str, *, inline: bool = False) -> None:
    """Put `text` into the empty `parent` so that `read` gives it back to the letter; `inline` where it is best without paragraphs."""
    builders: tuple[Callable[[etree._Element, str], None], ...] = (_inline if inline else _blocks, _verbatim)
    for build in builders:
        for child in list(parent):
            parent.remove(child)
        parent.text = None
        build(parent, text)
        if read(parent) == text:
            return


def read(element: etree._Element, skipped: frozenset[str] = frozenset()) -> str:
    """The text in `element`, paragraphs apart by an empty line; without elements called as in `skipped`."""
    reader = _Reader(skipped | _SILENT)
    reader.inside(element)
    reader.end_paragraph()
    return "\n\n".join(reader.paragraphs)


class _Reader:
    def __init__(self, skipped: frozenset[str]) -> None:
        self.paragraphs: list[str] = []
        self._skipped = skipped
        self._line: list[str] = []
        self._mark = ""

    def inside(self, element: etree._Element) -> None:
        self._line.append(element.text or "")
        for child in element:
            if xml.name(child) not in self._skipped:
                self._child(child, xml.name(child))
            self._line.append(child.tail or "")

    def _child(self, child: etree._Element, name: str) -> None:
        if name == "br":
            self._line.append(_BREAK)
        elif name == "pre":
            self.end_paragraph()
            self.paragraphs.append(_preformatted(child))
        elif name == "code":
            self._line.append(f"`{_all_text(child)}`")
        elif name in _BLOCKS:
            self.end_paragraph()
            self._mark = "- " if name == "li" else self._mark
            self.inside(child)
            self.end_paragraph()
        else:
            self.inside(child)

    def end_paragraph(self) -> None:
        folded = _AROUND_BREAK.sub(_BREAK, _SPACES.sub(" ", "".join(self._line))).strip(f" {_BREAK}")
        self._line = []
        if folded:
            self.paragraphs.append(self._mark + folded.replace(_BREAK, "\n"))
            self._mark = ""


def _preformatted(element: etree._Element) -> str:
    text = _all_text(element)
    if element.get("class") == VERBATIM:
        return text
    return "\n".join(INDENT + line for line in text.strip("\n").split("\n"))


def _all_text(element: etree._Element) -> str:
    return "".join(str(part) for part in element.itertext())


def _verbatim(parent: etree._Element, text: str) -> None:
    _child(parent, "pre", **{"class": VERBATIM}).text = text


def _blocks(parent: etree._Element, text: str) -> None:
    for block in text.split("\n\n"):
        lines = block.split("\n")
        if all(line.startswith(INDENT) for line in lines):
            _child(parent, "pre").text = "\n".join(line.removeprefix(INDENT) for line in lines)
        else:
            _inline(_child(parent, "p"), block)


def _inline(parent: etree._Element, text: str) -> None:
    last: etree._Element | None = None
    for piece in _PIECES.split(text):
        if piece == "\n":
            last = _child(parent, "br")
        elif piece.startswith("`") and len(piece) > 1:
            last = _child(parent, "code")
            last.text = piece[1:-1]
        elif last is None:
            parent.text = piece
        else:
            last.tail = piece


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{xml.namespace(parent)}}}{name}", attributes)
