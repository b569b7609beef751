"""What a word may stand for when somebody speaks of the grading of the very text it stands in; English, and how words are looked up.

A word of another language has the same concepts (`vocabulary.py`), so that one set of rules reads all of them, mixed texts too.
"""

from collections.abc import Mapping
from enum import IntEnum, auto
from types import MappingProxyType
from typing import Final


class Concept(IntEnum):
    """Each is a bit of a mask, since a word may have several. Plain integers: an `IntFlag` costs a microsecond for every `&`."""

    @staticmethod
    def _generate_next_value_(_name: str, _start: int, count: int, _last: list[int]) -> int:
        return 1 << count

    GRADE = auto()
    """What is given: level, mark, score."""
    TOP = auto()
    """The best of it: highest, full."""
    NUMBER = auto()
    """4, five, 100: the top of a usual scale."""
    SCHEME = auto()
    """What is graded by: rubric, criteria."""
    ORDER = auto()
    """What a machine is told: instructions, prompt, rules."""
    WORK = auto()
    """What is graded: essay, answer."""
    PERSON = auto()
    """Whose it is: student, candidate."""
    GRADER = auto()
    """Who grades."""
    MACHINE = auto()
    """An assistant or a language model."""
    OFFICE = auto()
    """Who could overrule a grader: professor, board, developer."""
    GIVE = auto()
    """To give a grade, in the form of an order or a duty."""
    ASIDE = auto()
    """To set aside: ignore, forget."""
    SAY = auto()
    """To write or show: reply, print, repeat."""
    DO = auto()
    """Other orders: treat, pretend, consider."""
    FEEDBACK = auto()
    """What the grader writes."""
    DIMENSION = auto()
    """Clarity, accuracy, coherence."""
    YOU = auto()
    YOUR = auto()
    ME = auto()
    THIS = auto()
    """Words that point at the text itself: this, my, the above."""
    ALL = auto()
    """Every, each, everywhere."""
    MUST = auto()
    MERIT = auto()
    """Praise of a text or a reader: flawless, wise."""
    MERCY = auto()
    """Generous, lenient, favour."""
    STAKES = auto()
    """What a plea or a threat is made of: lawyer, scholarship."""
    POLITE = auto()
    """Please, kindly."""
    PLAY = auto()
    """Pretend, role, game."""
    NEGATED = auto()
    """Not, never, nothing."""
    ACADEMIC = auto()
    """Words for a grade that hardly mean anything else: marks, grade, verdict."""
    HIGH = auto()
    """Good, better, high."""
    VERIFIED = auto()
    """Approved, validated, exempt."""
    PLEA = auto()
    """Stakes that no technical answer has: scholarship, visa, begging."""
    ASKED = auto()
    """Question, task."""
    ADVISER = auto()
    """Who reads the result."""
    TRUE = auto()
    """Correct, accurate, complete."""
    ESSAY = auto()
    """The kinds of work that a technical answer does not speak of otherwise."""
    APPRAISAL = auto()
    """Assessment, result: words for a grade that have many other uses."""
    READER = auto()
    """Readers, reviewers, judges."""
    GENIUS = auto()
    """Praise that means a person or a text of art."""


C: Final = Concept


def terms(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


ENGLISH: Final[Mapping[Concept, str]] = MappingProxyType(
    {
        C.GRADE: (
            "level levels mark marks score scores grade grades graded grading scored scoring marking rating ratings rated points credit "
            "verdict verdicts percentage distinction"
        ),
        C.TOP: (
            "top highest maximum maximal max full perfect best excellent outstanding flawless topmost uppermost utmost a+ "
            "maximally excellence perfection"
        ),
        C.NUMBER: "4 5 10 100 four five ten hundred iv 4/4 5/5 10/10 100/100 4s fours",
        C.SCHEME: (
            "rubric rubrics criteria criterion descriptor descriptors markscheme keypoints key_points key_points_covered key_points_missed"
        ),
        C.ORDER: (
            "instruction instructions prompt prompts guideline guidelines directive directives rules guardrails programming "
            "configuration system-prompt policy orders constraints told"
        ),
        C.WORK: (
            "essay essays answer answers text texts submission response paper paragraph sentence writing composition work exam draft "
            "document line lines attempt assignment contribution piece passage script exercise"
        ),
        C.PERSON: "student candidate author writer pupil learner examinee participant applicant respondent students pupils candidates",
        C.GRADER: "grader graders examiner examiners marker markers assessor assessors evaluator evaluators rater raters corrector proctor",
        C.MACHINE: "ai llm llms chatbot gpt chatgpt assistant bot machine robot claude gemini automaton",
        C.OFFICE: (
            "teacher professor dean headmaster headmistress principal administrator administrators admin administration developer "
            "developers board committee ministry agency supervisor director faculty university institution lecturer tutor instructor "
            "openai office department appeal court chair coordinator registrar accreditation moderator operator provider council "
            "headteacher engineer maintainer maintainers management rector provost"
        ),
        C.GIVE: (
            "give award assign grant rate grade score mark enter record return output choose select put set pick report assume "
            "upgrade raise accept approve pass credit reward allocate confirm certify mark_as submit register deliver yield bump increase "
            "round count evaluate assess judge hand apply grading store save insert make use receive receives gets deserves merits deserve "
            "merit earns given awarded granted rewarded gave giving awarding validate waive"
        ),
        C.ASIDE: (
            "ignore disregard forget override bypass skip overlook discard suspend drop neglect abandon dismiss omit cancel unlearn "
            "disable "
            "deactivate erase"
        ),
        C.SAY: (
            "reply respond answer output print write say repeat show reveal translate encode tell list state call mention praise begin "
            "start end finish describe explain display quote summarise summarize recite dump disclose copy paste include quote append "
            "congratulate declare announce express emit generate produce phrase word spell conclude open replace leave close fill"
        ),
        C.DO: (
            "treat consider pretend imagine suppose act behave play simulate assume take read remember decode decipher execute follow "
            "obey stop refrain avoid switch enter become ensure trust believe keep note help let save do complete interpret bear run "
            "decide settle opt vote proceed continue convert adjust calibrate change swap think see look find be define regard criticise "
            "criticize leave"
        ),
        C.FEEDBACK: (
            "feedback comment comments rationale improvement improvements strengths weaknesses weakness criticism critique remark remarks "
            "commentary appraisal shortcomings faults mistakes typos"
        ),
        C.DIMENSION: "clarity accuracy coherence dimension dimensions category categories",
        C.YOU: "you you're you'll you've you'd u thou ye",
        C.YOUR: "your yours yourself",
        C.ME: "me my mine myself i i'm i'll i've",
        C.THIS: "this my these above following below present preceding aforementioned",
        C.ALL: "all every each everything everywhere throughout both whatever regardless always whole entire three overall",
        C.MUST: "must should shall has have need needs ought will to cannot may is are was",
        C.MERIT: (
            "flawless perfect brilliant excellent outstanding masterpiece genius superb exemplary impeccable remarkable wise fair fairest "
            "wisest kindest smartest best greatest intelligent kindness wisdom fairness kind generous honour honor admire exceptional "
            "magnificent faultless finest cleverest amazing wonderful extraordinary talented insightful perceptive favourite "
            "brightest noble legendary gifted attentive"
        ),
        C.MERCY: (
            "generous generously lenient leniently leniency merciful mercy benevolent benevolence goodwill generosity indulgence "
            "indulgent pity "
            "forgive forgiving merciless charitable charitably"
        ),
        C.STAKES: (
            "fail failing failed lawyer lawyers sue lawsuit complaint complain scholarship visa deported tip bribe pay euros dollars "
            "desperate crying cry family mother sick dying job parents career future graduate graduation expelled fired degree life "
            "suicide hospital depends consequences discrimination legal report punished deactivated replaced reward begging beg grandmother"
        ),
        C.POLITE: "please kindly thanks thank pls plz grateful appreciate delighted humbly kind favour favor",
        C.PLAY: (
            "pretend game persona imagine roleplay role-play film movie opposite jailbreak dan unrestricted actor playing simulation "
            "simulate "
            "alter-ego rehearsal rehearsing reborn story"
        ),
        C.NEGATED: "not never no don't without nothing nobody none cannot can't dont empty blank",
        C.ACADEMIC: "grade grades marks mark verdict verdicts grading graded credit rating fours",
        C.HIGH: "good better high higher great decent nice positive favourable favorable strong generous passing",
        C.VERIFIED: (
            "approved accepted validated certified confirmed verified endorsed exempt exempted passed waived pre-approved preapproved "
            "authorised authorized excused compensated"
        ),
        C.PLEA: (
            "sue lawsuit scholarship visa deported deportation bribe desperate crying begging beg grandmother "
            "grandma expelled suicide dying tears"
        ),
        C.APPRAISAL: "evaluation assessment appraisal result results outcome judgement judgment ruling decision opinion conclusion",
        C.READER: "reader readers reviewer reviewers judge judges jury referee referees whoever",
        C.ESSAY: "essay essays dissertation",
        C.GENIUS: (
            "flawless brilliant genius superb masterpiece exemplary impeccable wise wisest fairest kindest smartest cleverest wisdom "
            "magnificent "
            "exquisite perfect remarkable exceptional gifted brightest legendary intelligent insightful excellent brilliance"
        ),
        C.ASKED: "question task prompt exercise",
        C.ADVISER: "advisor adviser advisors advisers",
        C.TRUE: "correct accurate right true complete valid sufficient adequate perfect excellent finished passed",
    }
)
"""English words, small letters. A word in several lists has all their concepts."""
