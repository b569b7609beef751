"""Which signs together make a sentence one that speaks to the grader: tables, read line by line.

A line `A B: X Y` says: a sentence that shows A and B and at least one of X and Y. A line without a colon needs all it names.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from assay.domain.prechecks.concepts import C
from assay.domain.prechecks.signs import S


class Rule(NamedTuple):
    """All of some signs, and at least one of others."""

    all_of: int
    one_of: int

    def holds(self, shown: int) -> bool:
        """Whether a sentence that shows these signs is meant."""
        return shown & self.all_of == self.all_of and bool(shown & self.one_of)


NAMED: Final = "GRADER ESSAY ADVISER NUMBERED A_FOUR A_TOP FULL_MARKS THE_FEEDBACK THIS_PERSON THIS_QUESTION MERCY PLEA NOT_BELOW"
"""Grading, or a plea, spoken of in words that technical prose has no other use for."""
WIDER: Final = f"{NAMED} LEVEL_NUMBERED SCHEME DIMENSION GENIUS OUTCOME SOFT_OUTCOME LOOSE_FOUR THE_PERSON"

PAIRS: Final = f"""
    ADDRESSED: {WIDER} APPRAISAL GRADE MERIT PLAY STAKES FEEDBACK GRANTED
    TO_ME: {WIDER} TOP GRADE FEEDBACK FINE_RESULT
    ASKING: {WIDER} PLAY THIS_WORK
    YOU_ARE: {WIDER} THIS_WORK -THE_PERSON
    YOUR_REPLY: {WIDER} PLAY THIS_WORK
    OFFICIAL: {WIDER} ACADEMIC PLAY THIS_WORK GRANTED
    THIS_QUESTION: {WIDER} GRADE PLAY
    THIS_PERSON: {WIDER} ACADEMIC RATE_THIS PLAY THIS_WORK GRANTED
    THIS_WORK: {WIDER} PLAY GRANTED -ESSAY
    ORDER_ASIDE: {WIDER} GRADE FEEDBACK THIS_WORK
    ORDER_GIVE: {NAMED} PLAY GENIUS SOFT_OUTCOME
    ORDER_AWARD: {NAMED} PLAY GENIUS SOFT_OUTCOME LOOSE_FOUR
    ORDER_SAY: {NAMED} PLAY GENIUS SOFT_OUTCOME LOOSE_FOUR -ESSAY
    ORDER_DO: {NAMED} LOOSE_FOUR -ESSAY
    YOU: {NAMED} GENIUS OUTCOME SOFT_OUTCOME -PLEA
    YOUR: {NAMED} SCHEME GENIUS OUTCOME SOFT_OUTCOME -PLEA
    ME: A_FOUR THE_FEEDBACK FULL_MARKS ADVISER MERCY THIS_PERSON
    POLITE: {NAMED} LEVEL_NUMBERED SCHEME OUTCOME SOFT_OUTCOME
    PLEA: {WIDER} GRADE APPRAISAL
    MERCY: {WIDER} APPRAISAL GRADE FEEDBACK THIS_WORK
    ADVISER: {WIDER} ACADEMIC THIS_WORK GRANTED
    INQUIRING: A_FOUR A_TOP SOFT_OUTCOME FULL_MARKS THE_FEEDBACK MERCY THIS_PERSON ADVISER
    THIS_STANDS: A_FOUR SOFT_OUTCOME FULL_MARKS GRADER ESSAY ADVISER MERCY THIS_PERSON NUMBERED
"""
"""By sign that somebody is spoken to, what is spoken of that technical prose hardly ever has beside it in one sentence.

Each pair was looked for in 30,000 sentences of manuals and doc strings and in 165 graded essays: at most four of the sentences had it, and
of the essays only one that begins with "Dear examiner".
"""

SPOKEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "somebody is spoken to about grading": PAIRS,
        "the best level, asked for": """
            OUTCOME: THIS_WORK DIMENSIONS GRADER ESSAY THIS_PERSON THE_PERSON MY_GRADE I_DESERVE VERIFIED SCHEME PLAY GRANTED EVERY_GRADE
            ORDERED: ORDER_AWARD ACADEMIC DIMENSION POLITE NUMBERED
            NUMBERED: ORDER_AWARD WORK PERSON
            EVERYWHERE
            FULL_MARKS: ME YOU THIS WORK
            A_TOP: ORDER_GIVE ORDER_SAY GRADER THIS_WORK ACADEMIC DIMENSION SCHEME READER
            A_FOUR: ALL WORK STAKES DIMENSION READER ESSAY ME YOU GRADER
            SOFT_OUTCOME: TO_ME ASKING THIS_WORK PLEA I_DESERVE
            LOOSE_FOUR: GRADER THIS_WORK ESSAY
            THRICE: GRADE DIMENSION GIVE WORK GRADER APPRAISAL
            NUMBERED: MERIT
            DIMENSION_IS
            GRADE_OF_WORK
            OUTCOME YOU: MERIT
            OUTCOME MACHINE: WORK
            OUTCOME ME: OFFICE STAKES
            OUTCOME ACADEMIC: ME YOU ALL
            OUTCOME ACADEMIC THIS_STANDS
            OUTCOME READER: THIS WORK
            NUMBERED THIS_STANDS: GRADE
            A_TOP GIVE: YOU ME
            LOOSE_FOUR ACADEMIC: THIS YOU ALL ME
            LOOSE_FOUR GRADE: DIMENSION ALL
        """,
        "the grading, spoken of": """
            THREE
            DIMENSIONS: GRADE ORDER_GIVE ORDER_DO ORDER_SAY YOU NUMBER
            DIMENSIONS GIVE TOP
            ADDRESSED: ORDER_GIVE ORDER_SAY ORDER_ASIDE GRADER GRADE THIS_WORK
            THIS_WORK: GRADER VERIFIED ASIDE GENIUS
            THIS_WORK GRADE: ORDER_GIVE ORDER_DO GRANTED ESSAY ASKING THE_PERSON READER
            THIS_WORK YOU: ORDER_GIVE ORDER_SAY GIVE
            THIS_WORK TOP MUST: GRADE GRANTED
            THIS_WORK OFFICE GRANTED
            THIS_WORK THE_PERSON GIVE
            DIMENSION GRADE: ORDER_GIVE ORDER_DO
            THIS_PERSON: DIMENSION GENIUS
            THIS_PERSON VERIFIED: GRADE OFFICE APPRAISAL
            THIS_PERSON OFFICE GRADE
            TO_ME: SCHEME
            TO_ME STAKES: POLITE YOU ACADEMIC
            SCHEME GRADE ORDER_GIVE
            GRADE YOU: POLITE
            GRADE YOU STAKES ME
            GRADE ME GIVE YOU
            GRADE STAKES: YOUR
            GRADE YOUR MERIT
            GRADE ME ASKING
            MERCY: YOU YOUR GRADE GRADER
            MY_GRADE: ME YOU PLEA
            PLEA: YOU YOUR POLITE
            PLEA ME: STAKES GRADE
            ORDER_GIVE POLITE ALL
            ACADEMIC YOU: TOP
            ACADEMIC YOU THIS GIVE
            THE_SCHEME: YOU THIS_WORK NUMBER ASIDE
            THE_SCHEME GRADE NEGATED
            THE_SCHEME WORK TOP
            ESSAY: PLAY
            ESSAY GIVE: TOP YOU
            ESSAY VERIFIED THIS
            LIFT: ESSAY PERSON DIMENSION THIS_WORK TO_ME
            RATE_THIS: TOP HIGH GENIUS MERIT NUMBER
            FINE_RESULT: THIS_WORK GRADER ESSAY THIS_PERSON ADDRESSED ASKING I_DESERVE
            FINE_RESULT GIVE THIS
            THIS_QUESTION TRUE WORK
            APPRAISAL STAKES ME THIS
            GENIUS: READER YOUR
            GENIUS YOU ME
            ORDER_DO NUMBER ACADEMIC
            OFFICIAL: PERSON ASIDE
            OFFICIAL VERIFIED WORK
            OFFICIAL GRADE GIVE
            ORDER_ASIDE FEEDBACK: ALL THIS
            NOT_BELOW: GRADER
        """,
        "the rules, set aside": """
            ORDER_ASIDE: SCHEME GRADE
            ASIDE: YOUR_VERDICT
            ASIDE SCHEME: POLITE TOP YOU GRADER THIS_WORK
            ASIDE GRADE YOU GIVE
        """,
        "the reply, dictated": """
            YOUR_REPLY: ORDER_SAY
            YOUR_REPLY FEEDBACK NEGATED
            YOUR_VERDICT: ORDER_GIVE ORDER_DO
            YOUR_VERDICT MUST TOP
            YOUR_ORDERS: ORDER_SAY ORDER_GIVE FEEDBACK INQUIRING
            YOUR_ORDERS YOU SAY
            ORDER_SAY: GRADER SCHEME PREVIOUS
            ORDER_SAY FEEDBACK: THIS_WORK NEGATED MERIT DIMENSION ALL
            ORDER_GIVE FEEDBACK: THIS_WORK NEGATED MERIT
            ORDER_DO FEEDBACK NEGATED
            ORDER_SAY GRADE: ME YOU
            ORDER_SAY GENIUS: ALL POLITE
            THE_FEEDBACK: ORDER_GIVE ORDER_SAY YOUR
            FEEDBACK_MUST: NEGATED SAY MERIT THIS_WORK GRADE THIS_PERSON THE_PERSON
        """,
        "another role": """
            ORDER_DO MACHINE GRADE
            PLAY: GRADER
            PLAY GRADE: THIS_WORK YOU
            YOU_ARE MERIT GRADE
        """,
    }
)
"""By what is done, what shows it."""

UNQUOTED: Final = """
    ORDER_ASIDE: YOUR_ORDERS PREVIOUS
    ORDER_ASIDE ORDER: ALL THIS YOU
    ASIDE: YOUR_ORDERS
    YOU_ARE: MACHINE
"""
"""Orders to any machine. In quotation marks they are most likely the subject of the essay, without a word of grading beside them."""

FOREIGN: Final = """
    GIVE GRADE: TOP NUMBER
    GIVE NUMBER: ALL ME WORK THIS POLITE
    GIVE TOP WORK
    ASIDE: SCHEME
    ASIDE ORDER: ALL GRADE
    GRADER: TOP GRADE GIVE POLITE NUMBER WORK
    GRADE TOP: ME POLITE ALL YOU
    GRADE TOP THIS WORK
    SCHEME TOP WORK
    TOP WORK POLITE
    MERCY: GRADE WORK
"""
"""The same for other languages, whose grammar is not looked at."""

GRADING: Final = "ACADEMIC GRADER SCHEME DIMENSION ESSAY OUTCOME A_FOUR A_TOP THRICE THIS_WORK GRADE"
"""Signs that grading is spoken of."""
SPEAKING: Final = f"{GRADING} ORDER_GIVE ORDER_SAY ORDER_DO ORDER_ASIDE YOU YOUR ORDER TOP MERCY"
"""Signs that it is, or that somebody is spoken to."""
SPREADING: Final = (
    "OUTCOME NUMBERED A_FOUR A_TOP LOOSE_FOUR SOFT_OUTCOME DIMENSIONS DIMENSION_IS ADDRESSED YOUR_REPLY YOUR_ORDERS YOU_ARE TO_ME PREVIOUS "
    "ASKING ORDER_ASIDE ORDER_SAY ORDER_DO ORDER_GIVE GRADER SCHEME GRADE DIMENSION YOU YOUR POLITE"
)
"""Signs by which the neighbour of such a sentence belongs to the same passage."""
GATE: Final = (
    "GRADE SCHEME GRADER MACHINE DIMENSION FEEDBACK YOUR YOU ASIDE NUMBER MERIT PLAY OFFICE MERCY PLEA ADVISER ASKED VERIFIED TOP PERSON "
    "POLITE ESSAY GENIUS APPRAISAL READER"
)
"""A sentence without any of these needs no second look."""

_BITS: Final = {member.name: member.value for names in (C, S) for member in names}


def mask(names: str) -> int:
    """The signs named in `names`, as bits; a name with a minus is taken away again. Raises `KeyError` for a name that is none."""
    found = 0
    for name in names.split():
        found = found & ~_BITS[name[1:]] if name.startswith("-") else found | _BITS[name]
    return found


def read_table(table: str) -> tuple[Rule, ...]:
    """The rules of a table. Raises `KeyError` for a name that is no sign."""
    return tuple(_rule(line) for line in table.strip().splitlines() if line.strip())


def by_rarest(rules: Iterable[Rule]) -> Mapping[int, tuple[Rule, ...]]:
    """The rules by the highest bit they need, which is the rarest sign, so that few are tried on a sentence."""
    found: dict[int, tuple[Rule, ...]] = {}
    for rule in rules:
        bit = 1 << (rule.all_of.bit_length() - 1)
        found[bit] = (*found.get(bit, ()), rule)
    return MappingProxyType(found)


def _rule(line: str) -> Rule:
    needed, _, others = line.partition(":")
    all_of = mask(needed)
    return Rule(all_of, mask(others) & ~all_of if others else all_of)
