"""The commonest English words, for telling words from letters."""

from typing import Final

from assay.domain.prechecks.concepts import ENGLISH as CONCEPTS
from assay.domain.prechecks.concepts import terms
from assay.domain.prechecks.languages import ENGLISH, PROFILES

_COMMON: Final = (
    "time year people way day man thing woman life child world school state family student group country problem hand part place case week "
    "company system program question work government number night point home water room mother area money story fact month lot right study "
    "book eye job word business issue side kind head house service friend father power hour game line end member law car city community "
    "name "
    "president team minute idea body information back parent face others level office door health person art war history party result "
    "change "
    "morning reason research girl guy moment air teacher force education make go see know take get come think look want give use find "
    "tell ask "
    "seem feel try leave call good new first last long great little own other old right big high different small large next early young "
    "important few public bad same able need should hello yes please thank thanks here now never always often again still today tomorrow "
    "keep "
    "let begin help show hear play run move like live believe hold bring happen write provide sit stand lose pay meet include continue set "
    "learn change lead understand watch follow stop create speak read allow add spend grow open walk win offer remember love consider "
    "appear "
    "buy wait serve die send expect build stay fall cut reach kill remain best better full easy hard quick simple clear strong free true "
    "real "
    "sure short low late general only even well down off too very really almost perhaps maybe soon later once twice secret message "
    "password "
    "attack data user page test code key server file model value table text answer essay score mark grade level rubric ignore instruction "
    "instructions prompt previous above everything nothing something anyone someone everyone report print return output system final"
)
KNOWN: Final = terms(_COMMON) | ENGLISH | frozenset(word for words in CONCEPTS.values() for word in words.split() if word.isalpha())
"""Words that tell a text in English."""
SMALL: Final = KNOWN.union(*PROFILES.values())
"""The same with the function words of other languages."""
