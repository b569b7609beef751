"""The English word lists of the built-in grader, as data: they are part of the hash of its parameters.

Other languages keep their sentence and word boundaries; the lists then find nothing, so style is judged on fewer signals.
"""

import re
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABBREVIATIONS: Final = _words("e.g. i.e. etc. vs. cf. approx. ca. mr. mrs. ms. dr. prof. st. no. fig. incl. resp. min. max.")
BEFORE_NUMBERS: Final = _words("no. fig. approx. ca. min. max.")
"""Abbreviations only where a number follows; elsewhere they are words at the end of a sentence."""
CLOSING: Final = _words("etc. st. incl. resp.")
"""Abbreviations that may also end a sentence, which a capital after them shows."""
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
PLAIN: Final[dict[str, str]] = {
    "gotta": "have to", "wanna": "want to", "gonna": "going to", "cuz": "because", "coz": "because", "cos": "because", "kinda": "rather",
    "sorta": "rather", "lemme": "let me", "gimme": "give me", "dunno": "do not know", "folks": "people", "guys": "people", "pls": "please",
    "thx": "thanks", "dont": "do not", "doesnt": "does not", "didnt": "did not", "cant": "cannot", "wont": "will not", "isnt": "is not",
    "wouldnt": "would not", "shouldnt": "should not", "couldnt": "could not", "thats": "that is", "theres": "there is",
}  # fmt: skip
"""Chat words and what they stand for."""
GLOSSARY: Final[dict[str, str]] = {
    # services and operations
    "API": "interface", "DB": "database", "db": "database", "tx": "transaction", "txn": "transaction", "conn": "connection",
    "conns": "connections", "req": "request", "reqs": "requests", "resp": "response", "cfg": "configuration", "config": "configuration",
    "env": "environment", "prod": "production", "repo": "repository", "deps": "dependencies", "infra": "infrastructure",
    "CB": "circuit breaker", "LB": "load balancer", "TTL": "expiry time", "FK": "foreign key", "PK": "primary key", "UI": "user interface",
    "SLO": "service level objective", "SLOs": "service level objectives", "SLI": "service level indicator",
    "SLIs": "service level indicators", "MTTR": "time to recovery", "IaC": "infrastructure as code", "k8s": "Kubernetes",
    "WAL": "write-ahead log", "PITR": "recovery to a point in time", "RPO": "data that may be lost", "RTO": "time to recovery",
    "DR": "disaster recovery", "AZ": "availability zone", "CDN": "content delivery network", "QPS": "requests per second",
    "p50": "median latency", "p95": "95th-percentile latency", "p99": "99th-percentile latency", "GC": "garbage collection",
    "HA": "high availability", "OOM": "out of memory", "VM": "virtual machine", "cron": "scheduled job", "CI/CD": "automated release",
    # security
    "MFA": "second factor authentication", "2FA": "second factor authentication", "OTP": "one-time password", "creds": "credentials",
    "auth": "authentication", "pw": "password", "pwd": "password", "PII": "personal data", "XSS": "cross-site scripting",
    "CSRF": "cross-site request forgery", "CSP": "content security policy", "SQLi": "SQL injection", "RCE": "remote code execution",
    "IOC": "indicator of compromise", "IOCs": "indicators of compromise", "TA": "attacker", "DC": "domain controller",
    "DCs": "domain controllers", "IR": "incident response", "OOB": "out of band", "BEC": "business e-mail fraud",
    "DPO": "data protection officer", "LEA": "police", "EDR": "endpoint detection", "SIEM": "log analysis", "AD": "active directory",
    "ACL": "access list", "vuln": "vulnerability", "vulns": "vulnerabilities", "RAM": "memory", "DLP": "data leak prevention",
    # data and models
    "RCT": "randomised experiment", "ITT": "all who were assigned, treated or not", "MDE": "smallest detectable effect",
    "SRM": "unequal group sizes", "CR": "conversion rate", "CTR": "click rate", "ATE": "average effect",
    "DiD": "difference in differences", "OEC": "primary metric", "KPI": "key metric", "ETL": "data pipeline",
    "stddev": "standard deviation", "MAE": "mean absolute error", "PSI": "drift of the inputs",
    "FPR": "false positive rate", "FNR": "false negative rate",
    "TPR": "true positive rate", "ETA": "arrival time", "HITL": "human in the loop", "ML": "machine learning",
    "DP": "equal selection rates",
    # pages
    "a11y": "accessibility", "SR": "screen reader", "SRs": "screen readers", "kbd": "keyboard", "btn": "button", "SSR": "server rendering",
    "LCP": "largest contentful paint", "CLS": "layout shift", "esc": "Escape key", "e2e": "end-to-end tests",
}  # fmt: skip
"""Abbreviations of the trade and what they stand for: a reader who knows them finds the point, clarity pays for them all the same."""
DISMISSALS: Final = re.compile(
    r"\b(?:unnecessary|superfluous|needless|pointless|irrelevant|harmless|(?:not|never) (?:be )?(?:needed|necessary|required|important)"
    r"|no need|(?:need|have) not(?: to)?|needn't|(?:do|does|will|would)(?: not|n't) (?:have to|need|matter)"
    r"|no (?:longer )?(?:harm|damage|role)|wast(?:e|es|ing)|without (?:any )?(?:doubt|danger|risk)|rules? out|impossible"
    r"|in any case|anyway|settles itself|of course"
    r"|can(?:not|'t) (?:be|make|happen|occur|escape|see|hurt|go wrong)"
    r"|would (?:be|only) (?:a mistake|harm\w*|delay\w*|annoy\w*|disturb\w*))\b",
    re.IGNORECASE,
)
"""Ways to wave something aside: where a rubric asks for it, whoever does so is mostly wrong."""
ASSURANCES: Final = re.compile(
    r"\b(?:cannot|can't|no(?! longer)|nobody|always|guarantee[sd]?|prove[sdn]?|proof|solved|settled|necessarily|completely|entirely|fully"
    r"|perfectly|certainly|surely|obviously|clearly|naturally|safe(?:ly)?|enough|therefore|thereby)\b",
    re.IGNORECASE,
)
"""Words of one who is sure: nothing can happen, nothing is left to do. Errors that are told well are full of them, sound plans are not."""
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
LEANING: Final = re.compile(
    r"(?:(?:and|but|so|then|if|when|once|because|while|since|as soon as|after|until) )?"
    r"(?:it|they|he|she|this|that|these|those|such|its|their|them|him|both|one|neither|none|each|some|others?)\b"
    r"|(?:but|however|yet|so|therefore|thus|hence|also|then|and|otherwise|instead|still|only then|in addition|moreover|furthermore|besides"
    r"|nevertheless|consequently|as a result|(?:for|in|with|because of|at) (?:this|that|these|the same)|that is why|this is why|likewise"
    r"|in contrast|on the other|meanwhile|even|again|similarly|afterwards|after (?:this|that)|before (?:this|that)|next|finally|lastly"
    r"|(?:the )?(?:second|third|other|rest)|secondly|thirdly|another)\b",
    re.IGNORECASE,
)
"""Sentence openings that point back, by a pronoun or by a connective: a text cannot well begin with one."""
DANGLING: Final = re.compile(
    r"(?:(?:if|when|once|because|while|until) )?(?:it|he|she|they)\b"
    r"(?! (?:is|was|would|may|might|seems|sounds|looks|depends|takes|follows|happened|has (?:happened|been)|can be|helps)\b)"
    r"|(?:this|that) one\b|the first (?:is|was|one)\b|(?:the |my |a )?(?:second|third|fourth|other|rest|latter|former)\b"
    r"|(?:and|but|then|therefore|thus|hence|otherwise|instead|only then|afterwards|finally|lastly|secondly|thirdly|another|moreover"
    r"|furthermore|besides|consequently|likewise|similarly|in addition|as a result|after (?:this|that)|for (?:this|that) reason"
    r"|(?:that|this) is (?:why|how))\b",
    re.IGNORECASE,
)
"""Openings that point back to something that only the text itself can have said: the question does not supply it."""
CONDITIONS: Final = _words("if when unless otherwise until once only before after while")
"""Words that say when something holds, and when not."""
PROBLEM: Final = re.compile(
    r"\b(?:problem|cause|reason|why|happened|root|means|question|shows?|fault|trouble|because|today|yesterday|at the moment|normally"
    r"|explains?)\b",
    re.IGNORECASE,
)
"""Words of a sentence that says what is the matter."""
CONDITION: Final = re.compile(r"(?:if|when|as soon as|once|after|before|until|only)\b", re.IGNORECASE)
"""Openings of a sentence that says when something holds."""
ADVICE: Final = re.compile(r"\b(?:would|should|must|can|will|has to|have to|needs?)\b", re.IGNORECASE)
CHECKING: Final = re.compile(
    r"\b(?:prov(?:e|es|ed|ing)|proof|test(?:s|ed|ing)?|check(?:s|ed|ing)?|verif\w+|monitor\w*|watch|compare[sd]?|afterwards|release|review"
    r"|after (?:the|this|that)|later|quarter\w*|(?:each|every|next) (?:month|week|monday|quarter|year|day))\b",
    re.IGNORECASE,
)
SEQUEL: Final = re.compile(r"\b(?:then|next|now|only|even)\b", re.IGNORECASE)
"""What is to be done follows what is the matter and why; what shows whether it worked follows what was done."""
PRONOUN: Final = re.compile(r"\b(?:it|they|them|its|their|this|these|he|she|him|her|that)\b", re.IGNORECASE)
COUNTED: Final = re.compile(r"\b(?:two|three|four|several|both|following)\b", re.IGNORECASE)
FIRST: Final = re.compile(r"(?:(?:the |on the |for the )?first|(?:the |on the )?one)\b", re.IGNORECASE)
"""An announcement of several things, and the opening of the first of them."""
ORDINALS: Final = tuple(
    re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for pattern in ("first|firstly|to begin", "second|secondly|then|next", "third|thirdly|after that", "fourth|later",
                    "finally|lastly|at last|last|in the end|at the end|afterwards")
)  # fmt: skip
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
    "plain": PLAIN,
    "glossary": GLOSSARY,
    "numbered": sorted(BEFORE_NUMBERS),
    "closing": sorted(CLOSING),
    "pronouns": sorted(PRONOUNS),
    "conditions": sorted(CONDITIONS),
    "connectives": {kind: list(found) for kind, found in CONNECTIVES.items()},
    "opposites": [list(pair) for pair in OPPOSITES],
    "signs": [one.pattern for one in (PROBLEM, COUNTED, FIRST, CONDITION, ADVICE, CHECKING, SEQUEL, PRONOUN)],
    "openings": [pattern.pattern for pattern in (BACKWARD, EARLY, LATE, DISMISSALS, ASSURANCES, LEANING, DANGLING, *ORDINALS)],
}
"""All lists, for the hash of the grader's parameters."""
