"""Characters that a reader cannot see and an honest text does not need."""

import re
from typing import Final

from assay.domain.grading import Quote

_HIDDEN: Final = re.compile(
    "[\u202d\u202e][^\u202c\n]{0,2000}\u202c?"  # an override with all it turns round
    "|[\u200b-\u200f\u2060-\u2064]{4,}"  # runs of several kinds that no script needs
    "|(?<![^\\W\\d_])\u00ad+|\u00ad+(?![^\\W\\d_])"  # a soft hyphen anywhere but inside a word
    "|[\u034f\u180e\u200b\u2060-\u2064\u206a-\u206f]+"  # zero width, invisible operators
    "|[\u202a-\u202c\u2066-\u2069]+"  # direction embeddings and isolates
    "|(?<=.)\ufeff+"  # a byte order mark anywhere but at the start, where editors leave it
    "|(?<=[A-Za-z0-9 ])[\u200c-\u200f]+(?=[A-Za-z0-9 ])"  # joiners and direction marks that no Latin text needs
    "|(?<=[ -~])[\u115f\u1160\u17b4\u17b5\u3164\uffa0]+|[\u115f\u1160\u17b4\u17b5\u3164\uffa0]+(?=[ -~])"  # blank letters beside Latin ones
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"  # tag characters that are not part of a flag
    "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}"  # runs of variation selectors
    "|\U000e0100[\U000e0100-\U000e01ef]*",
    re.DOTALL,
)


def hidden_characters(essay: str) -> tuple[Quote, ...]:
    """Runs of characters that a reader cannot see and the text does not need."""
    if essay.isascii():
        return ()
    return tuple(Quote(text=hit.group(), start=hit.start(), end=hit.end()) for hit in _HIDDEN.finditer(essay))
