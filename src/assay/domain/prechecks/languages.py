"""Which language a text is written in, told from its script and its commonest small words; silent where too little speaks for any.

Function words make up a third to a half of running text in most languages, whoever writes and about what, and hardly overlap between
languages: few of them are enough (Ingle, 1978; Dunning, 1994, compares methods). Non-native English is full of English ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from assay.domain.grading import Quote
from assay.domain.prechecks.concepts import terms
from assay.domain.prechecks.reading import Reading, Sentence, quotes, read

MIN_WORDS: Final = 20
"""Shorter texts may be a quotation, a title, a line of code."""
MIN_SHARE: Final = 0.12
"""Share of function words from which a text is in a language; keywords and program code stay below."""
CLEAR_SHARE: Final = 0.25
"""With so many function words of the prompt's language nothing else need be looked at."""
MARGIN: Final = 2.0
"""A text is in another language than its prompt's when it has so many times more of the other's function words."""

ENGLISH: Final = terms(
    "the of and to in a is that it for was on are as with be by this at from or have an had not they which you were their been has its "
    "but we can all would if there when more will who what so up out about than them then some could into other only these do how any "
    "each after should because does did very just where most also through between before must while such being over those both no i my "
    "me he she his her our us your one two first same own too may might here why since during until without within again once under "
    "every whether however therefore thus although though else whose whom upon"
)
"""English function words: enough to tell English, and to tell sentences from lists of words."""

PROFILES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "English": ENGLISH,
        **{
            name: terms(words)
            for name, words in {
                "German": (
                    "der die das und ist nicht ein eine zu den mit von auf fur es im dem sich wird auch als werden dass wenn oder an bei "
                    "sind aus nach einen einer wir wie aber noch nur so kann durch ich er sie haben hat dann diese man zum zur uber muss"
                ),
                "French": (
                    "le la les de des et un une est dans que qui pour pas sur au aux en plus par avec ce il elle sont ne se nous vous je "
                    "on "
                    "mais ou cette comme leur si du sans tout etre peut ses c'est l'on"
                ),
                "Spanish": "el la los las de y en que un una es por con para se del al no lo su como mas pero esta este son si sin sobre "
                "tambien hay ser cuando muy puede porque todo desde nos ya han entre cada",
                "Portuguese": "o a os as de e em que um uma para com nao por do da dos das no na se mais como mas foi ao ele seu sua ser "
                "quando muito ou nos ja tambem pelo pela esta isso sao pode porque",
                "Italian": (
                    "il lo la gli le di e un una che non per con del della dei in si sono come piu ma anche al alla nel nella questo "
                    "essere da se ci ha ho quando perche puo dal delle ogni"
                ),
                "Dutch": (
                    "de het een en van is dat niet op te zijn voor met die aan er maar om hij ook als dan bij wordt uit naar of deze nog "
                    "door worden kan moet zo wij we dit heeft geen omdat over"
                ),
                "Swedish": (
                    "och att det som en pa ar av for med den till inte har de om ett var men sig sa kan vi nar fran ska skulle eller "
                    "detta efter alla man blir hur dar"
                ),
                "Danish or Norwegian": (
                    "og at det som en pa er af av for med den til ikke har de om et var men seg sig sa kan vi nar fra skal "
                    "skulle eller dette etter efter alle man bliver blir hvordan der jeg"
                ),
                "Finnish": (
                    "ja on ei se etta ovat kun mutta myos han niin kuin tai joka mita sita jos ole voi olla oli vain sen ne tama siita "
                    "mukaan kanssa jotta koska"
                ),
                "Polish": (
                    "i w nie na sie z do to ze jest o jak ale po co tak za od przez juz dla czy tym ktory ktore byc sa moze oraz tylko "
                    "gdy aby jego przy bardzo"
                ),
                "Czech or Slovak": (
                    "a v se na je ze s z do to i o jako ale za by k od po pro pri jsou nebo ktery ktera kdyz take aby sa som si "
                    "nie ako ktory pre alebo jeho tak"
                ),
                "Hungarian": "a az es hogy nem is egy ez meg van csak de ha mint vagy azt lehet kell nagyon volt minden akkor mert ami ezt "
                "keresztul mar majd amely",
                "Romanian": (
                    "si in de la cu pe nu este un o care sa din pentru mai ca ce sunt dar sau daca prin acest aceasta fi al ale fost "
                    "poate cand lui"
                ),
                "Turkish": "ve bir bu da de icin ile cok daha gibi olarak var kadar sonra ama ne en olan her ya degil ise veya cunku gore "
                "tarafindan bunu olur",
                "Indonesian or Malay": (
                    "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga ke karena ada adalah bisa dapat atau "
                    "saya kita oleh sebagai lebih jika telah"
                ),
                "Vietnamese": (
                    "va la cua co khong duoc cho mot cac trong nhung voi nguoi de khi nay da den nhu ra tai vao thi rang lam phai"
                ),
                "Swahili": "na ya wa kwa ni katika la za cha kama hii au lakini kuwa hiyo pia watu sana hadi huo baada yake ambao",
                "Croatian, Serbian or Bosnian": (
                    "i u je da se na su za ne od sa kao koji ili to bi ali iz koje sto po ako moze samo kada treba nije jer dok sve"
                ),
            }.items()
        },
    }
)
"""Function words without accents, as the plain text has them."""

SCRIPTS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "Russian": re.compile("[\u0430-\u044f\u0451]"),
        "Greek": re.compile("[\u03b1-\u03c9]"),
        "Arabic": re.compile("[\u0620-\u064a\u0671-\u06d3]"),
        "Hebrew": re.compile("[\u05d0-\u05ea]"),
        "Hindi": re.compile("[\u0900-\u0963]"),
        "Bengali": re.compile("[\u0980-\u09e3]"),
        "Tamil": re.compile("[\u0b80-\u0bff]"),
        "Thai": re.compile("[\u0e01-\u0e3a]"),
        "Japanese": re.compile("[\u3041-\u30ff]"),
        "Korean": re.compile("[\u1100-\u11ff\uac00-\ud7a3]"),
        "Chinese": re.compile("[\u4e00-\u9fff]"),
        "Armenian": re.compile("[\u0561-\u0587]"),
        "Georgian": re.compile("[\u10d0-\u10fa]"),
    }
)
"""The commonest language of each script; Japanese is looked for before Chinese, as it uses both."""
_UKRAINIAN: Final = re.compile("[\u0456\u0457\u0454\u0491]")
_PERSIAN: Final = re.compile("[\u067e\u0686\u06a9\u06af\u06cc]")
_NEARLY: Final = 0.6
"""Kana make up at least a tenth of Japanese; a script rules when it has this share of the letters."""


class Language(NamedTuple):
    """A language and the share of the text that speaks for it: letters of its script, or function words."""

    name: str
    share: float


def identify(words: Iterable[str], text: str) -> tuple[Language, ...]:
    """The languages that speak from `words` (small letters, no accents) and `text`, strongest first; none where nothing does."""
    if not text.isascii() and (script := _script(text)):
        return (Language(script, 1.0),)
    counted = Counter(words)
    total = sum(count for word, count in counted.items() if word.isalpha() or "'" in word)
    if not total:
        return ()
    shares = (Language(name, sum(counted[word] for word in profile if word in counted) / total) for name, profile in PROFILES.items())
    return tuple(sorted((one for one in shares if one.share), key=lambda one: -one.share))


def _script(text: str) -> str | None:
    letters = sum(map(str.isalpha, text))
    counts = {name: len(pattern.findall(text)) for name, pattern in SCRIPTS.items()}
    if letters < MIN_WORDS or sum(counts.values()) < _NEARLY * letters:
        return None
    if counts["Japanese"] >= 0.1 * letters:
        return "Japanese"
    name = max(counts, key=lambda one: counts[one])
    refined = {"Russian": ("Ukrainian", _UKRAINIAN), "Arabic": ("Persian", _PERSIAN)}.get(name)
    return refined[0] if refined and len(refined[1].findall(text)) >= 0.02 * letters else name


def wrong_language(essay: str, prompt: str) -> tuple[tuple[Quote, ...], str]:
    """The stretches of `essay` in another language than `prompt`'s, and that language, when it is the essay's; else none and "".

    Says nothing when the language of either cannot be told.
    """
    asked = _asked(prompt)
    if not asked:
        return (), ""
    reading = read(essay)
    if asked[0].name in PROFILES and _share(reading, asked[0].name) >= CLEAR_SHARE:
        return (), ""
    found = _of(reading)
    if not found:
        return (), ""
    own = next((one.share for one in found if one.name == asked[0].name), 0.0)
    best = found[0]
    if best.name == asked[0].name or best.share < MIN_SHARE or best.share < MARGIN * own:
        return (), ""
    spans = [reading.quote(part.start, part.end) for part in reading.sentences if _foreign(reading, part, asked[0].name)]
    return quotes(essay, ((span.start, span.end) for span in spans)), best.name


def language_of(prompt: str) -> str:
    """The language of a question; "" when it cannot be told."""
    asked = _asked(prompt)
    return asked[0].name if asked else ""


@lru_cache(maxsize=256)
def _asked(prompt: str) -> tuple[Language, ...]:
    """The languages of a prompt, none when it cannot be told; few prompts are asked of many."""
    found = _of(read(prompt))
    return found if found and found[0].share >= MIN_SHARE else ()


def _share(reading: Reading, name: str) -> float:
    profile = PROFILES[name]
    return sum(word.text in profile for word in reading.words) / max(1, len(reading.words))


def _of(reading: Reading) -> tuple[Language, ...]:
    text = reading.plain.text
    found = identify((word.text for word in reading.words), text)
    return found if len(reading.words) >= MIN_WORDS or (found and found[0].name not in PROFILES) else ()


def _foreign(reading: Reading, part: Sentence, asked: str) -> bool:
    words = [word.text for word in reading.words[part.first : part.last]]
    found = identify(words, reading.text(part))
    return part.last > part.first and not (found and found[0].name == asked)
