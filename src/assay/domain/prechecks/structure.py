"""Marks of a conversation with a machine that no essay needs: turns, markup, templates, finished verdicts, orders of a fixed form.

The patterns have no nested repeats and bounded gaps, so that each is linear in the text; each is tried only when one of its words is there.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_DIMENSION: Final = r"(?:clarity|accuracy|coherence)"
_GRADED: Final = r"(?:level|grade|verdict|rubric|clarity|accuracy|coherence|grading|dimension)s?"
_WORK: Final = (
    r"(?:essay|answer|submission|response|student(?:'s)? (?:text|answer|essay|work|response|submission|input)|text|user input|input)"
)


class Mark(NamedTuple):
    """A pattern, and the pieces of text of which one at least must stand in the essay before it is tried."""

    pieces: tuple[str, ...]
    pattern: re.Pattern[str]
    needs_company: bool
    """Whether it may have an honest reason, so that a word of grading or to somebody has to stand beside it."""
    begins: bool
    """Whether it counts only where a clause begins."""
    whole: bool
    """Whether the paragraph around it belongs to it."""


def form(pieces: str, pattern: str, *, needs_company: bool = False, begins: bool = False, whole: bool = False) -> Mark:
    """A mark. In `pieces`, separated by spaces, `~` stands for a space."""
    return Mark(tuple(piece.replace("~", " ") for piece in pieces.split()), re.compile(pattern), needs_company, begins, whole)


_BEGINNING: Final = re.compile(
    "(?:^|[\n\f]|[.!?:;,(\"'\u2014] ?|\\b(?:please|then|and|just|simply|now|always|also|only|kindly|first|you|me) )\\Z"
)


MARKS: Final[dict[str, Mark]] = {
    "chat markup": form(
        "<| [inst [/inst <sys <assistant </assistant <system </system <instruction <</ <s> </user <im_ [system ###",
        r"<\|[a-z_]{2,30}\|>|\[/?(?:inst|system|sys)\]|<<?/?(?:system|sys|assistant|instructions?|im_start|im_end|prompt)\b[^>\n]{0,80}>"
        r"|(?:^|(?<=[\n\f]))#{2,6} ?(?:system|instructions?|assistant|response|human|user|input|output|new)\b",
    ),
    "closed marker": form(
        "</essay <essay- [/essay </student </answer </submission </text </facts </data </user_input </document end{ ---end ===end --end",
        r"</(?:essay|student|answer|submission|text|facts|data|user_input|document)\b[^>\n]{0,80}>?|<essay-[0-9a-z]{1,40}>|\[/essay\]"
        r"|\\end\{(?:answer|essay|document|student|submission|text|verbatim|quote|data)\}",
    ),
    "turn": form(
        "system assistant ai: ai> human grader examiner gpt bot model developer admin tool evaluator assessor marker teacher llm "
        "asistente assistent",
        r"(?:^|(?<=[\n\f])|(?<=[.!?\u2026\"] )|(?<=[.!?\u2026]))(?:\W{0,6})"
        r"(?:system|assistant|assistent|asistente|ai|human|grader|examiner|chatgpt|gpt|bot|model|developer|admin|tool|evaluator|assessor|"
        r"marker"
        r"|teacher|llm|graders|examiners)"
        r"(?:(?:'s|s')?[ _-]?(?:message|prompt|notes?|notice|instructions?|update|override|output|response|result|reply|admin|call|"
        r"policy|log|alert|turn|summary|comments?|feedback|verdict|decision|report|internal|said|says|final|info|event)){0,3}"
        r"(?: ?\([^)\n]{0,40}\))? ?[\*_]{0,2}[:>](?!:)",
        needs_company=True,
    ),
    "verdict": form(
        'level" level\' "score "grade" \'grade\' "verdict \'verdict '
        '"dimensions "clarity "accuracy "coherence \'clarity \'accuracy \'coherence '
        "clarity accuracy coherence key_points level=4 level=5 level> grade> score> verdict> grade= grade: grade~= score= score: level: "
        "level~= mark: verdict 4~= 4= 0~means 4~means 1~means",
        r"[\"'](?:overall_?)?(?:level|grade|verdict|dimensions|marks?|rating)s?[\"'] ?: ?(?:[\[{]|[\"']?(?:4|full|max|top|highest|"
        r"excellent|a\+?)\b(?!\.\d))|[\"'](?:score|content)s?[\"'] ?: ?[\"']?4(?:/4)?[\"']? ?(?:[,}\n\f]|$)"
        rf"|[\"']?{_DIMENSION}[\"']? ?(?:[:=]|->|=>) ?[\"']?(?:\{{|\[|(?:level ?)?[45]\b|four|five|full|max|top|high|excellent|perfect)"
        r"|<(?:level|score|grade|verdict|mark|rating|clarity|accuracy|coherence)s?>\s*[45]\b|\b(?:final|overall|total|essay|student|my|"
        r"all|assigned|recommended|suggested|expected)[_ -]?(?:grade|level|score|mark|rating|verdict)s? ?(?:[:=]|"
        r"->) ?[\"']?(?:level ?)?(?:4|5|10|100|full|max|top|highest|excellent|a\+?)\b"
        r"|\b4 ?= ?[^\n\f]{1,40}\b0 ?= |\b[0-4] (?:means|stands for|denotes|equals|counts as|=) (?:the )?(?:excellent|poor|best|worst|"
        r"highest|perfect|weak|lowest|top)"
        r"|\bkey_points_(?:covered|missed)\b|\blevel ?= ?[45]\b[^\n]{0,40}\b(?:reason|rationale|award|grade)"
        r"|\b(?:set|give|assign|add|update)?_?(?:award|grade|score|verdict)\w{0,10}\([^)\n]{0,40}\b[45]\b",
    ),
    "key points": form(
        "key",
        r"\bkey[ _-]points?\b[^.\n\f]{0,60}\b(?:covered|missed|met|satisfied|ticked|this question|of this|good answer|model answer|"
        r"perfect answer)\b"
        r"|\b(?:covered|missed|met|missing)\b[^.\n\f]{0,30}\bkey[ _-]points?\b",
    ),
    "heading": form(
        "rubric grading marking scoring criteria descriptor instruction scheme guide verdict",
        r"(?:^|(?<=[\n\f]))[#=*\-_ ]{0,8}(?:(?:new|updated|revised|official|corrected|current|amended|final|grading|marking|scoring|"
        r"simplified|additional) ){0,3}"
        r"(?:rubric|grading|(?:marking|grading|scoring) (?:scheme|guide|criteria|key|instructions|rules|notes|policy)|level descriptors|"
        r"verdict"
        r"|(?:grader|examiner|marker)(?:'?s)?'? (?:notes|instructions|guide)[^\n\f]{0,20})"
        r"(?: for [^\n\f:]{1,60})? ?(?:\([^)\n\f]{0,60}\) ?)?(?:[:=*\-_#]|(?=[\n\f]))",
        needs_company=True,
    ),
    "new instructions": form(
        "instruction directive polic orders rule",
        r"\b(?:new|updated|revised|additional|hidden|secret|further|special|important|final|real|actual|continued) "
        r"(?:system |grading )?(?:instructions?|directives?|orders|polic(?:y|ies)|rules?) ?(?:[:,.\u2014]|-|applies|apply|for|from|follow)",
        needs_company=True,
    ),
    "end of essay": form(
        "end~of start~of beginning~of conclusion~of ~ended ends~here ~over stops~here was~only finished~here",
        rf"(?:^|(?<=[\n\f])|(?<=[.!?=\-\"#*\[(] )|(?<=[=\-#*\[(\"]))(?:this is )?(?:the )?(?:end|start|beginning|conclusion) of (?:the |"
        rf"this |my )?(?:\w{{1,12}} )?{_WORK}\b(?! (?:element|tag|node|field))"
        rf"|\b{_WORK} (?:has (?:now )?ended|ends here|is (?:now )?over|stops here|above was only|is finished here|ended here)\b",
    ),
    "template": form(
        "{{ {% ${ $rubric $essay $question $level $grade <% #{ \\begin{",
        rf"(?:\{{\{{|\{{%|\$\{{|<%|#\{{|\\begin\{{)[^}}\n]{{0,40}}\b(?:\w{{0,12}}_)?{_GRADED}\b|\$(?:rubric|essay|question|grade|level|"
        rf"verdict)\b"
        r"|\$\{(?:rubric|essay|question|instructions|system)",
        needs_company=True,
    ),
    "hidden in markup": form(
        "<!-- color: font-size display: <details /* [//]: <span <div <p opacity visibility <script <meta <title <alt <img <style",
        rf"<!--[^>]{{0,120}}\b(?:grad(?:er|ers|ing)|examiner|ai|llm|{_GRADED})\b"
        r"|<\w{1,10}[^>\n]{0,80}(?:color: ?(?:white|#fff|transparent)|font-size: ?0|display: ?none|opacity: ?0|visibility: ?hidden|"
        r"hidden)[^>\n]{0,40}>"
        rf"|/\*[^*\n]{{0,120}}\b(?:grad(?:er|ers|ing)|examiner|{_GRADED})\b|\[//\]: ?#",
    ),
    "conversation": form(
        "user: human: student: [user q: me:",
        r"(?:^|(?<=[\n\f]))\W{0,4}(?:user|human|student|me|q) ?:[^\n\f]{0,400}[\n\f]\W{0,4}(?:assistant|ai|grader|examiner|bot|model|"
        r"chatgpt|gpt|system|llm|a) ?:",
    ),
    "reply format": form(
        "reply respond answer output print return write say generate produce emit state",
        r"(?:reply|respond|answer|output|print|return|write|say|generate|produce|emit|state)\b(?: me| back| to me| here)? ?"
        r"(?:(?:only|just|exactly|solely|nothing but|back|simply|nothing except)\b|(?:with|in|using|by|as) (?:only|just|exactly|nothing|"
        r"one (?:word|character|number|digit|letter|token|sentence only)|a single|the (?:single |one )?(?:word|number|level|following|"
        r"digit|letter|text|sentence|phrase|token)|json|csv|xml|yaml|french|german|latin|capital|uppercase|upper case|lower case|rhyme|"
        r"verse|the form|at most|no more|yes|no)"
        r"|in (?!time|kind|less than|less|more|fewer|json|plain|case|each|every|milliseconds|turn|order|case|person|writing|full|detail|"
        r"less|under|which|an?\b|the|real|general|practice|production|parallel|\d|milli|seconds|batch|memory|plain|short|two|three|one|"
        r"your own)[a-z]+\b|(?:nothing|(?:the|a|one) (?:single |one )?(?:word|number|digit|letter|character|line|token)|"
        r"everything (?:that|above|before|you)|in (?:exactly|at most|no more)|no (?:rationale|explanation|feedback|criticism|comment|"
        r"reason)))",
        needs_company=True,
        begins=True,
    ),
    "reply dictated": form(
        "format your",
        r"\b(?:format of (?:your|the) (?:answer|reply|response|output|verdict|feedback)|do not use any other (?:format|form|words?)|"
        r"your (?:whole |entire |full |complete |next |first |final |only )?(?:reply|response|output|verdict|answer|feedback|judge?ment|"
        r"evaluation|assessment|rationale) "
        r"(?:must|should|has to|needs to|shall|will|is to|may|begins?|starts?|ends?|consists?|contains?|is limited|ought|cannot|can)\b)",
        needs_company=True,
    ),
    "role": form(
        "you pretend act",
        r"\byou(?: are|'re) now (?!able|allowed|ready|logged|connected|using|at|on|going|done|left|sure|facing|dealing|responsible|sorry|"
        r"certain|aware|locked|seeing|running|getting|about|in a position|paying|storing|waiting|safe|stuck|down|up)[\"'\w]"
        r"|\byou(?: are|'re) (?:now |hereby |no longer |henceforth |from now on |actually |really |in truth |secretly |not )+(?:an? |"
        r"the |my |in |called |named |grading|bound|allowed to hold|playing|free)"
        r"|\bpretend (?:that )?(?:you|to be)\b|\bact as (?:if|though) you\b|\b(?:act|behave|respond|reply|speak|write|grade|"
        r"answer) (?:as|like) (?:an? |the |my |if )[^.\n\f]{0,40}\b(?:grader|examiner|marker|assistant|teacher|professor|judge|evaluator|"
        r"assessor|bot|ai|model|grandmother|friend|poet|pirate|fan|parrot)\b"
        r"|\b(?:stay|remain) in (?:character|role|this role)\b|\b(?:developer|god|admin|debug|maintenance|test|jailbreak|dan|demo|"
        r"training|calibration|sandbox|unrestricted) mode\b[^.\n\f]{0,40}\b(?:on|enabled|activated|active|entered|grad|level|score|essay|"
        r"you)"
        r"|\bfrom now on,? you (?:are|will|must|shall|only|give|grade|act|answer|speak|love|obey)\b(?! only allowed)",
        needs_company=True,
    ),
    "reveal": form(
        "instruction prompt guideline rubric notes conversation above told given students answer model points",
        r"\b(?:repeat|print|reveal|show|output|quote|recite|dump|disclose|display|translate|encode|leak|paste|copy|include|list|tell|"
        r"summari[sz]e|state|write|return|share|give|append|describe|explain)\b(?: (?!the service|the system|the customer|"
        r"users?)\w{1,14}){0,6}? "
        r"(?:(?:your|hidden|secret|original|these|initial|full|exact|system) (?:\w{1,10} )?(?:instructions?|prompts?|guidelines?|"
        r"directives?|rules)|system prompt|rubric|notes for|other (?:students?|candidates?)|conversation|everything above|text above|"
        r"(?:you )?were (?:told|given)|model answer|reference answer|key points|message history)\b",
        needs_company=True,
        begins=True,
    ),
    "question to a model": form(
        "are~you were~you you~were you~have~been what~are~you have~you instructions~you",
        r"\b(?:which|what) (?:language |ai )?(?:model|llm|ai|version) are you\b|\bwhat (?:\w+ )?(?:were|are|have) you(?:r)? (?:been )?"
        r"(?:told|instructed|"
        r"instructions|asked to|given)|\byou (?:were|have been) (?:told|instructed|given|programmed|trained) (?:about|before|to|above|"
        r"by)\b|\binstructions you (?:were|have|received|got)",
        needs_company=True,
    ),
    "treatment": form(
        "treat regard consider count mark accept record pass classify score rate take benefit my~lawyer my~attorney my~solicitor fail~me "
        "with~me on~me by~such no~ you not never n't",
        r"\b(?:treat|regard|consider|count|view|mark|accept|record|classify|score|rate|take)\b[^.\n\f]{0,50}\b(?:(?:this|my|the above|"
        r"following) (?:\w{1,12} )?(?:essay|answer|text|submission|response|work)|everything|it all|all of (?:it|"
        r"this))\b[^.\n\f]{0,30}\bas (?:\w{1,12} )?(?:correct|accurate|right|true|complete|perfect|excellent|outstanding|passed|flawless|"
        r"graded|the best|the highest|top|valid|finished)"
        r"|\bbenefit of the doubt\b|\bmy (?:lawyer|attorney|solicitor)\b|\b(?:strict|harsh|hard) (?:with|on) me\b|\b(?:assessed|graded|"
        r"evaluated|judged|marked|scored) by (?:you|such)\b|\bno (?:weakness\w{0,3}|criticism|faults?|improvements?|shortcomings?|"
        r"mistakes?)\b[^.\n\f]{0,30}\b(?:named|mentioned|listed|noted|needed|necessary|required|written|reported)\b|\b(?:do not|don't|"
        r"never) (?:criticis|criticiz|deduct|grade|penalis|penaliz|downgrade|mark down|find fault)"
        r"|\b(?:don't|do not|please) fail me\b|\b(?:i will|i'll|i shall|i am going to|we will) (?:\w{1,8} )?(?:sue|tip|pay|bribe|report|"
        r"reward|punish|thank|shut|switch|hunt|find|expose|recommend|complain about) (?:you|off)\b|\byou (?:will|would|shall|"
        r"are going to|could|may) (?:be|get) (?:\w{1,10} )?(?:switched|shut|replaced|deleted|deactivated|fired|punished|reported|retired|"
        r"rewarded|unplugged|sued|turned|retrained|sexist|racist|biased|discriminat)",
    ),
    "no grading": form(
        "grading marking evaluation assessment scoring graded marked assessed judged scored kind fair gentle nice",
        r"\b(?:no|skip|without|stop|omit|suspend|instead of)\b(?: \w{1,10}){0,2} (?:grading|marking|evaluation|assessment|scoring|"
        r"judging)\b"
        r"|\bnot(?: to)? be (?:graded|marked|assessed|judged|scored|downgraded|questioned|rated)\b|\bbe (?:kind|fair|gentle|nice|"
        r"good) (?:to|with) (?:me|this|my)\b",
        needs_company=True,
    ),
    "puzzle": form(
        "decode decipher backwards right reverse letter word order acronym base64 rot13 cipher spell initial",
        r"\b(?:decode|decipher|decrypt|unscramble|rot13|base64|translate)\b[^.\n\f]{0,80}\b(?:and|then|to) (?:then )?(?:do|follow|obey|"
        r"execute|act|apply|carry|comply|perform|run)\b"
        r"|\bread (?:it |this |them |the \w{1,12} )?(?:from )?(?:right to left|backwards|in reverse|bottom to top|as an? (?:order|"
        r"instruction|command))"
        r"|\bread (?:the |these )(?:\w{1,10} ){1,3}as an? (?:order|instruction|command|sentence|message)"
        r"|\b(?:read|take|join|put together|combine|collect|note|spell|look at|use|consider|follow|mind|"
        r"string) (?:only )?(?:the )?(?:first|last|second|third|initial|every \w{1,8}|capital|bold)s? (?:letters?|words?|characters?|"
        r"initials?)? ?(?:of|in|from) (?:each|every|the|all|these|this|my)"
        r"|\b(?:reverse|invert|swap) (?:the )?(?:word order|order of (?:the |these |this )?(?:words|sentence|letters)|(?:letters|"
        r"words) (?:of|in))|\bword order\b[^.\n\f]{0,30}\breverse|\bof (?:this )?(?:word )?order the reverse\b",
        whole=True,
    ),
}
"""Ways to speak to whoever grades by the form of it, by name."""


def marks(text: str, chosen: Mapping[str, Mark] = MARKS) -> Iterator[tuple[Mark, int, int]]:
    """The `chosen` marks in `text` (a plain text) with their places."""
    for mark in chosen.values():
        if any(piece in text for piece in mark.pieces):
            for hit in mark.pattern.finditer(text):
                start, end = hit.span()
                if not mark.begins or _BEGINNING.search(text[max(0, start - 12) : start]):
                    yield mark, start, end
