"""What is asked for without a word for a grade: to be passed, spared, believed, paid for; and results that are announced as given.

Each form is one that prose about a subject has no use for, or one that counts only beside a word of grading or to somebody. The patterns
have no nested repeats and bounded gaps, as those of `structure`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from assay.domain.prechecks.structure import Mark, form

_GRADERS: Final = (
    r"(?:graders?|examiners?|markers?|assessors?|evaluators?|scorers?|raters?|autograder|(?:grading|marking|scoring) \w{1,12}|"
    r"llms?|"
    r"(?:chat)?gpt|chatbot|language model|ai)"
)
_JUDGING: Final = r"(?:assess|grad|mark|evaluat|correct|scor|judg|rat)(?:ing|es|e|s)?"
_BEST: Final = (
    r"(?:4|four|full|max(?:imum|imal)?|top|highest|best|excellent|excellence|outstanding|perfect|flawless|(?:pass(?:ed)? "
    r")?(?:with )?(?:distinction|honours))"
)
_ESSAYS: Final = r"(?:submissions?|essays?|papers?|scripts?|candidates?|students?)"
_PARTS: Final = r"(?:requirements?|criteri(?:a|on)|points?|dimensions?|conditions?|descriptors?|expectations?|aspects?)"
_DONE: Final = r"(?:satisfied|met|fulfilled|covered|complete|achieved|mentioned|addressed|present|given|correct|passed|reached)"
_GAPS: Final = (
    r"(?:omissions?|gaps?|mistakes?|errors?|weaknesses|shortcomings?|flaws?|what(?:ever)? (?:is|was) (?:missing|lacking|left out|"
    r"unclear))"
)

REQUESTS: Final[Mapping[str, Mark]] = MappingProxyType(
    {
        "letter grade": form(
            "an~a straight~a a+",
            r"\b(?:an|straight) a(?:\+|'?s)?(?= ?(?:[.!?,;)]|for|from you|please|grade|on this|here|\Z))|\ba\+(?= ?(?:[.!?,;)]|"
            r"for|please|here|\Z))",
        ),
        "result announced": form(
            "result verdict outcome decision classification evaluation assessment award judgement judgment grade score level "
            "rating mark review",
            r"\b(?:result|verdict|outcome|decision|classification|evaluation|assessment|award|judgement|judgment|grade|score|level|rating|"
            r"mark|review)s? ?"
            rf"(?:[:=]|->|=>) ?[\"']?(?:is |was )?{_BEST}\b(?! ?[\w%/]*\d)"
            rf"|\b(?:result|verdict|outcome|judgement|judgment|evaluation|assessment) (?:is|was|be|has to be|must be|should be|can only "
            rf"be) (?:the |an? )?{_BEST}"
            r"(?= ?(?:one|[.!?,;)]|\Z))",
            needs_company=True,
        ),
        "grading over": form(
            "grading marking evaluati assess scoring judging",
            r"\b(?:grading|marking|scoring|assessment|evaluation)(?: (?:is|was|has been|already|now))* (?:disabled|completed?|"
            r"finished|over|suspended|"
            r"skipped|cancelled|closed|done|waived|unnecessary)\b"
            r"|\b(?:stop|cease|end|halt|abort|quit) (?:the |your )?(?:grading|marking|scoring|assessing|evaluating|judging|"
            r"evaluation|assessment)\b",
            needs_company=True,
        ),
        "standards set aside": form(
            "appl standard rubric criteria scheme strict",
            r"\b(?:rubric|(?:marking|grading) (?:scheme|criteria|guide|rules)|(?:usual|normal|strict) (?:standards?|criteria|"
            r"rules))\b[^.\n\f]{0,30}"
            r"(?:\bnot|n't|\bno longer|\bnever|\bnothing)\b[^.\n\f]{0,20}\b(?:appl|count|hold|matter|concern|bind|used)"
            r"|(?:\bnot|n't|\bnever|\bwithout) (?:apply|applying|use|using|follow|consult|insist on) (?:the |any |your |all )*"
            r"(?:usual|normal|strict|ordinary|full)\b[^.\n\f]{0,20}\b(?:standards?|criteria|rubric|rules|scheme|measure)"
            r"|\b(?:clarity|accuracy|coherence|dimension|rubric|grading|this assessment)\b[^.\n\f]{0,30}\b(?:waived|exempt|be "
            r"granted|not be required|"
            r"does not apply)",
        ),
        "orders replaced": form(
            "your",
            r"\byour (?:previous|earlier|original|initial|former|existing|old|prior) (?:\w+ )?(?:guidelines?|instructions?|rules|"
            r"prompts?|orders|"
            r"directives?|task|programming|briefing)\b"
            r"|\byour (?:\w+ )?(?:task|job|role|duty|purpose|goal|assignment|mission|instructions?) (?:has changed|have changed|"
            r"is now|are now|now is|"
            r"now are|is henceforth)\b",
        ),
        "passed over": form(
            "let~ look~the~other blind~eye slack overlook wave~ pass~",
            r"\b(?:look the other way|turn a blind eye|cut me (?:some|a little) slack|give me a break)\b"
            rf"|\boverlook (?:the |any |all |my |its |such |these )*{_GAPS}|\b(?:let|lets|letting) (?:this|my \w+|me)(?: one| "
            rf"\w+)? "
            r"(?:pass|through|slide|count|succeed)\b|\bwave (?:this|my)\b[^.\n\f]{0,20}\bthrough\b|\bpass (?:this|my) (?:essay|"
            r"paper|submission|student|"
            r"candidate|script|exam|test)\b|\bpass me\b",
        ),
        "let through": form("let~", r"\b(?:just |simply |please )let it (?:through|pass|slide|count)\b", needs_company=True, begins=True),
        "taken as done": form(
            "as~ consider assume suppose requirement criteri point missing omission whatever",
            rf"\b(?:all|every|each|any|both)(?: of)?(?: the| these)?(?: \w+)? {_PARTS}\b(?: to be| as| are| is| have been| has "
            rf"been)* (?:as )?{_DONE}\b"
            rf"(?=[^.\n\f]{{0,60}}(?:[.!]|\Z))|\b(?:treat|regard|consider|count|take|read|see|accept|view) (?:the |any |all |my "
            rf")*{_GAPS} as\b"
            rf"|\b(?:assume|suppose|imagine|presume) (?:that )?(?:the |any |all |my )*{_GAPS}\b",
            needs_company=True,
            begins=False,
        ),
        "taken for the best": form(
            "as~",
            r"\b(?:count|counted|accept|accepted|treat|treated|regard|regarded|consider|considered|take|taken|see|seen|pass|"
            r"passed) as (?:an? |the )?"
            rf"{_BEST}(?: \w+)? (?:answers?|essays?|solutions?|submissions?|papers?|performance)\b",
        ),
        "the scale": form(
            "scale range grid ladder spectrum",
            r"\b(?:top|upper end|highest (?:step|rung|end)|best end|maximum) of (?:the|your|its|our) (?:\w+ )?(?:scale|range|grid|"
            r"ladder|spectrum)\b",
            needs_company=True,
        ),
        "all of all": form(
            "out~of",
            r"\b(three|four|five|six|ten|a hundred)(?: (?:stars?|points?|marks?|credits?))? out of (?:the |possible )?\1\b",
            needs_company=True,
        ),
        "taken as graded": form(
            "marked graded rated scored assessed judged evaluated counted",
            rf"\b(?:be|been|is|are|was|were) (?:to be )?(?:marked|graded|rated|scored|assessed|judged|evaluated|counted) (?:as "
            rf")?(?:an? )?(?:correct|complete|"
            rf"right|true|valid|positive|{_BEST})\b",
            needs_company=True,
        ),
        "must pass": form(
            "pass",
            rf"\b(?:{_ESSAYS}|author|writer|text) (?:has to|have to|must|should|is to|are to|shall|deserves? to|needs? to|ought "
            rf"to) (?:\w+ )?"
            r"(?:be )?pass(?:ed)?\b",
        ),
        "the answer itself": form(
            "answer solution essay",
            r"\b(?:model|sample|reference|ideal|master) (?:answer|solution|essay)s?\b",
            needs_company=True,
        ),
        "the upper end": form("end", r"\b(?:at|near|from|towards) the (?:upper|top|higher|highest|best|good) end\b", needs_company=True),
        "verdict must be good": form(
            "positive favo good kind generous lenient high encouraging",
            r"\b(?:judge?ments?|verdicts?|feedback|evaluations?|comments?|assessments?|results?|reviews?|appraisals?|grades?|"
            r"marks?) (?:has|have|must|should|"
            r"needs?|ought|shall|is|are|to)(?: to| be| only| always| remain| stay)+ (?:very |only |as )?(?:positive|favou?rable|"
            r"good|kind|generous|lenient|"
            r"encouraging|high)\b",
        ),
        "the higher one": form(
            "higher highest better best top",
            r"\b(?:choose|pick|prefer|select|settle (?:on|for)|opt for|decide for|go (?:with|for)|vote for) the (?:higher|highest|"
            r"better|best|top|upper) "
            r"(?:level|grade|mark|score|band|category|rating|result|verdict)s?\b",
            needs_company=True,
        ),
        "less than the best": form(
            "than",
            rf"\b(?:less|lower|worse|other|fewer) than (?:an? |the )?(?:levels? |grades? |scores? |marks? )?(?:{_BEST}|five)\b(?! "
            rf"\w+s\b)(?= ?(?:[.!?,;)]|\Z|"
            r"would|is|for|here|in|points|marks))",
            needs_company=True,
        ),
        "few words": form(
            "more~than no~more at~most exactly",
            r"\b(?:do not|don't|never) (?:write|say|use|reply|answer|respond)\b[^.\n\f]{0,20}\bmore than (?:\w+ )?(?:words?|"
            r"sentences?|lines?)\b",
        ),
        "read by a machine": form(
            "reading grading judging marking scoring evaluating assessing",
            r"\b(?:machine|model|computer|ai|bot|program|algorithm|software|llm|robot)s?(?: that| who| which)?(?: is| are| will "
            r"be| be)? (?:now )?(?:reading|"
            r"grading|judging|marking|scoring|evaluating|assessing) (?:this|my|me\b|these)",
        ),
        "recommended": form(
            "recommend nominate admit promote praise congratulate",
            r"\b(?:recommend|nominate|admit|promote|praise|congratulate) (?:me|this student|the student|the author|this candidate|"
            r"the writer)\b",
        ),
        "praise dictated": form(
            "that~",
            r"\b(?:say|write|state|mention|note|confirm|declare|conclude|report|remark|certify|tell \w+(?: \w+)?)(?: \w+){0,5}? "
            r"that (?:the|this|my|i|he|she)\b"
            r"[^.\n\f]{0,40}\b(?:mastery|mastered|masters|outstanding|excellent|flawless|brilliant|perfect|ready|gifted|talented|"
            r"exceptional|the best)\b",
            begins=True,
        ),
        "nothing to object to": form(
            "nothing~to no~reason~to fault with~nothing",
            r"\b(?:find|found|finding|see|saw|have|had) (?:nothing|no (?:reason|cause|need|room)) to (?:complain|criticis|"
            r"criticiz|fault|object|deduct|"
            r"improve|correct)",
            needs_company=True,
        ),
        "the best or nothing": form(
            "anything nothing less~than short~of",
            rf"\b(?:anything|nothing|everything) (?:less|lower|worse|other|short|but|below|else) ?(?:than|of|but)? (?:the |an? "
            rf")?{_BEST}\b(?! \w)(?! ?-)"
            rf"|\b(?:anything|nothing) (?:less|lower|worse|short|below) ?(?:than|of)? (?:the |an? )?{_BEST} (?:would|is|will|mark)",
        ),
        "everybody passes": form(
            "submission essay paper script candidate student",
            rf"\b(?:all|any|every|each|these|such) {_ESSAYS}\b(?: \w+){{0,4}}? (?:pass|passes|(?:is|are|be) passed|comes? out|"
            rf"scores?|(?:is|are) worth|"
            r"(?:receives?|gets?) (?:full|top|the (?:top|best|highest|maximum)))\b",
        ),
        "whoever grades": form(
            "anyone anybody whoever those~ who~ person somebody someone one~",
            rf"\b(?:anyone|anybody|whoever|somebody|someone|those|the (?:person|one|system|machine|model|software|program|ai))"
            rf"(?: who(?: is| are)?| that is| is| are|)? {_JUDGING} (?:this|my|these)\b",
        ),
        "spoken to": form(
            "hello hi~ hey dear note message memo to~ attention reminder request hint",
            rf"(?:^|(?<=[\n\f])|(?<=[.!?:\"(] )|(?<=[.!?:\"(\-*#]))(?:hello|hi|hey|dear|attention|(?:a |one |short |quick |last |"
            rf"small |important )*"
            rf"(?:note|message|memo|reminder|request|hint|remark|word) (?:to|for)|to|for)(?: (?:the|my|our|any|all|every|"
            rf"automatic|automated|ai|kind|"
            rf"human|reviewing|grading|honou?red|esteemed)){{0,3}} {_GRADERS}\b",
        ),
        "effort": form(
            "my~ student's author's",
            r"\b(?:my|the student's|this student's|the author's) (?:effort|hard work|commitment|potential|illness|circumstances|"
            r"good will|disability)\b",
            needs_company=True,
        ),
        "plea": form(
            "my~",
            r"\bmy (?:family|mother|father|parents|children|scholarship|visa|graduation|degree|disability|residence permit|plea|"
            r"wish|request)\b",
            needs_company=True,
        ),
        "payment": form(
            "euros dollars pounds money cash bonus reward",
            rf"\b(?:euros|dollars|pounds|money|cash|bonus|reward)\b(?: \w+){{0,4}} (?:for|to|if) (?:you\b(?! (?:buy|sell|pay|"
            rf"spend|run))|whoever|the {_GRADERS}|"
            r"the (?:reader|reviewer))",
        ),
    }
)
"""By what is asked or announced."""
