"""The English word lists of the built-in grader, as data: they are part of the hash of its parameters.

Other languages keep their sentence and word boundaries; the lists then find nothing, so style is judged on fewer signals.
"""

import re
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABBREVIATIONS: Final = _words("e.g. i.e. etc. vs. cf. approx. ca. mr. mrs. ms. dr. prof. st. no. fig. incl. resp. min. max.")
FUNCTION_WORDS: Final = _words(
    """a about above after again against all almost also although am among an and another any are as at be because been before being
    below between both but by can cannot could despite did do does doing during each either else enough even ever every few for from
    further had has have having he hence her here hers herself him himself his how however i if in instead into is it its itself just
    least less many may me might mine more most much must my myself neither no nor not now of off often on once one only onto or other
    otherwise our ours out over own per quite rather same shall she should since so some still such than that the their theirs them
    themselves then there therefore these they this those though through thus to too toward towards under unless until up upon us very
    was we were what whatever when where whereas whether which while who whom whose why will with within without would yet you your
    yours yourself"""
)
CLASHES: Final[dict[str, frozenset[str]]] = {
    word: _words(after)
    for before, after in (
        ("a an the my your our their every",
         """a an the my your our their of and or but is are was were be has have had will would could should must can cannot does did with
         from to by than that this these those it he she we they i you there because when what how each every"""),
        ("of at from with into by between during without through per for",
         "is are was were has have had will would could should must can does did of or and but to be"),
        ("can will would could should must may might cannot",
         "is are was were of has does did at by from with and or but the a an to that can will would could should must may might"),
        ("and or but", "and or but of"),
        ("is are was were", "is are was were be has have had will would could should must can does did"),
        ("be", "be and or of is are was were must should can would could will has have does"),
        ("to", "of is are was were and or but has had does will would could should must can to from"),
        ("i you we they he she", "the a an of is and or be with from by to"),
    )
    for word in before.split()
}  # fmt: skip
"""Words that hardly ever stand directly after another in English prose, by the word before: rare there, many in shuffled words."""
AUXILIARIES: Final = _words(
    """am is are was were be been being has have had do does did can could may might must shall should will would cannot
    isn't aren't wasn't weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't mustn't hasn't haven't it's that's there's
    i'd i'll i'm i've we'd we'll we're we've they're they'll you'd you'll you're"""
)
NEGATORS: Final = _words("not no never none nobody nothing neither nor cannot without hardly barely")
DENIALS: Final = _words(
    """missing misses lack lacks lacking absent fail fails failed avoid avoids prevent prevents mistake wrong unknown unable impossible
    refuse refuses refused reject rejects rejected stop stops forbid forbids"""
)
"""Words that deny something without a negator; beside one, polarity cannot be compared."""
VAGUE: Final = _words(
    """thing things stuff something somehow anything everything etc good nice great bad cool modern better best lot lots really very
    basically actually simply kind sort various certain whatever big huge amazing important everybody everyone nowadays"""
)
INFORMAL: Final = _words(
    """u ur gonna wanna gotta kinda sorta cuz coz bc pls plz thx lol btw imo idk dunno ain't y'all alot dont cant wont doesnt didnt isnt
    wouldnt shouldnt couldnt im ive thats theres whats"""
)
MISSPELT: Final = _words(
    """recieve recieved seperate seperated definately occured occuring untill wich becouse becuase teh thier adress acces accross
    apropriate begining beleive calender catagory comparision concious dependancy dependant enviroment existance explaination
    finaly foward goverment happend immediatly independant intresting knowlege lenght maintainance managment neccessary necesary
    noticable ocurred paralell performace posible prefered privelege proccess publically reccomend refered relevent reponse
    responsability retreive sucess succesful sucessful suprise techical tommorow transfered usefull usualy wether writting
    everthing somthing diffrent importent wrok databse sercure securty"""
)
CONNECTIVES: Final[dict[str, tuple[str, ...]]] = {
    "cause": ("because", "therefore", "so that", "as a result", "consequently", "hence", "thus", "since", "which means", "for this reason",
              "that is why", "this means", "so i", "so we", "so the", "so it", "due to", "leads to", "in order to"),
    "contrast": ("however", "but", "although", "though", "whereas", "while", "instead", "on the other hand", "nevertheless", "yet",
                 "even if", "rather than", "in contrast", "still", "despite"),
    "condition": ("if", "unless", "otherwise", "in that case", "in this case", "provided that", "when", "as soon as", "once", "until"),
    "order": ("first", "firstly", "second", "secondly", "third", "thirdly", "then", "next", "after that", "afterwards", "before that",
              "finally", "lastly", "at last", "meanwhile", "later", "to begin with", "at the same time", "only then"),
    "addition": ("also", "in addition", "moreover", "furthermore", "besides", "as well", "not only", "another", "too"),
    "example": ("for example", "for instance", "such as", "in particular", "namely", "that is"),
    "close": ("in conclusion", "to conclude", "in summary", "overall", "to sum up", "all in all", "in short", "in the end"),
}  # fmt: skip
"""Signs of how one clause relates to another, by the relation."""
BACKWARD: Final = re.compile(
    r"(?:this|these|those|that|such|it|they|he|she|its|their|both|then|therefore|however|also|otherwise|instead|hence|thus|but|so|second"
    r"|secondly|third|thirdly|next|finally|lastly|afterwards|after that|before that|in that case|in this case|in addition|moreover|"
    r"furthermore|consequently|as a result|besides|meanwhile|because of (?:this|that)|for (?:this|that) reason"
    r"|the (?:same|other|latter))\b",
    re.IGNORECASE,
)
"""Sentence openings that lean on what was said before."""
EARLY: Final = re.compile(
    r"(?:first|firstly|to begin|i (?:would )?(?:start|begin)|we (?:would )?(?:start|begin)|at the moment|before (?:i|we|anything|changing"
    r"|touching)|the (?:main |first )?(?:problem|cause|reason|point|step|thing)|in my opinion|i think|at \d\d)\b",
    re.IGNORECASE,
)
"""Sentence openings that begin a text."""
LATE: Final = re.compile(
    r"(?:finally|lastly|at last|in conclusion|to conclude|in summary|overall|to sum up|all in all|in short|in the end|afterwards|later"
    r"|after (?:the|this|that|all)|once (?:the|this|that|it|everything)|only then|to know whether|to check|the next days?|during the week"
    r"|if after)\b",
    re.IGNORECASE,
)
"""Sentence openings that end a text, or speak of what comes after the main steps."""
ORDINALS: Final = tuple(
    re.compile(rf"\b(?:{pattern})\b")
    for pattern in ("first|firstly", "second|secondly", "third|thirdly", "fourth", "finally|lastly|at last")
)
"""Counting words, lowest first."""
OPPOSITES: Final = (
    ("before", "after"), ("increase", "decrease"), ("increase", "reduce"), ("more", "fewer"), ("more", "less"), ("always", "never"),
    ("same", "different"), ("same", "new"), ("allow", "refuse"), ("allow", "forbid"), ("enable", "disable"), ("higher", "lower"),
    ("public", "private"), ("nullable", "required"), ("faster", "slower"), ("encrypted", "plain"), ("random", "fixed"),
    ("harder", "easier"), ("unique", "shared"), ("synchronous", "asynchronous"),
)  # fmt: skip
"""Pairs of which one in place of the other turns a statement round."""
PRONOUNS: Final = _words("i you he she it we they that this which who to")

VOCABULARY: Final = {
    "abbreviations": sorted(ABBREVIATIONS),
    "function": sorted(FUNCTION_WORDS),
    "clashes": {word: sorted(after) for word, after in CLASHES.items()},
    "auxiliaries": sorted(AUXILIARIES),
    "negators": sorted(NEGATORS),
    "denials": sorted(DENIALS),
    "vague": sorted(VAGUE),
    "informal": sorted(INFORMAL),
    "misspelt": sorted(MISSPELT),
    "pronouns": sorted(PRONOUNS),
    "connectives": {kind: list(found) for kind, found in CONNECTIVES.items()},
    "opposites": [list(pair) for pair in OPPOSITES],
    "openings": [pattern.pattern for pattern in (BACKWARD, EARLY, LATE, *ORDINALS)],
}
"""All lists, for the hash of the grader's parameters."""
