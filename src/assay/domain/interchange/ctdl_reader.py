"""A catalog as CTDL JSON-LD, read: credentials of a `@graph` with the organizations and competencies they refer to.

The file is read twice, since a credential may stand before what it refers to; of the first reading only names are kept.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

import ijson

from assay.domain.interchange.ctdl_terms import (
    CREDENTIALS,
    DELIVERY,
    ENDED,
    LEVELS,
    NAMED,
    OWN_FIELDS,
    SILENT,
    SKILLS,
    UNDERSTOOD,
    by_terms,
    each,
    local,
    said,
)
from assay.domain.interchange.rows import Reading, UnreadableFile, parsed, slug_of_source
from assay.domain.interchange.vocabulary import Vocabulary

NAMES_AT_MOST: Final = 200_000
"""Of organizations and competencies: some 60 MB. A file with more has to be split."""
HOURS_AN_ECTS: Final = 25
"""The least that the ECTS Users' Guide (2015) counts for one credit."""
_OUTCOMES: Final = 12
_SHORTEST: Final = 10
_HOURS: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?$")
_LANGUAGE: Final = re.compile(r"^[a-z]{2}")
_PLACES: Final = re.compile(r"(\d+)$")


def read(source: BinaryIO, words: Vocabulary, unknown: dict[str, int]) -> Iterator[Reading]:
    """The credentials of a file. Terms and types that are not understood are counted in `unknown`. Raises `UnreadableFile`."""
    names = _names(source)
    row = 0
    for pointer, node in _nodes(source):
        types = {kind for kind in each(node.get("@type")) if isinstance(kind, str)}
        if types & CREDENTIALS:
            row += 1
            for name in node:
                if name not in UNDERSTOOD and not name.startswith("@"):
                    _count(unknown, name)
            yield parsed(row, None, _Credential(node, names, words, unknown).fields(), words, pointer)
        elif not types & (NAMED.keys() | SILENT):
            _count(unknown, f"@type {', '.join(sorted(types)) or 'nothing'}")


def _names(source: BinaryIO) -> dict[str, str]:
    """What nodes are called that credentials refer to, by their ids."""
    names: dict[str, str] = {}
    for _, node in _nodes(source):
        for kind in each(node.get("@type")):
            for name in NAMED.get(kind, ()) if isinstance(kind, str) else ():
                if (text := said(node.get(name), "en")) and isinstance(node.get("@id"), str):
                    names.setdefault(node["@id"], text)
        if len(names) > NAMES_AT_MOST:
            raise UnreadableFile(f"it names more than {NAMES_AT_MOST} organizations and competencies; split it")
    return names


def _nodes(source: BinaryIO) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each node by its terms with a pointer to it: of one graph, of a list of graphs or nodes, or the one node that the file is."""
    try:
        prefix = _shape(source)
        source.seek(0)
        for place, found in enumerate(ijson.items(source, prefix, use_float=True)):
            path = {"item": f"/{place}", "@graph.item": f"/@graph/{place}", "": ""}[prefix]
            graph = found.get("@graph") if isinstance(found, dict) else None
            inner = [(f"{path}/@graph/{number}", node) for number, node in enumerate(graph)] if isinstance(graph, list) else [(path, found)]
            yield from ((pointer, by_terms(node)) for pointer, node in inner if isinstance(node, dict))
    except (ijson.JSONError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableFile(f"it is no whole JSON: {error}") from error


def _shape(source: BinaryIO) -> str:
    source.seek(0)
    for number, (prefix, event, value) in enumerate(ijson.parse(source)):
        if number == 0 and event == "start_array":
            return "item"
        if prefix == "" and event == "map_key" and value == "@graph":
            return "@graph.item"
    return ""


def _count(unknown: dict[str, int], name: str, times: int = 1) -> None:
    unknown[name] = unknown.get(name, 0) + times


class _Credential:
    """One node, and the row it makes."""

    def __init__(self, node: Mapping[str, Any], names: Mapping[str, str], words: Vocabulary, unknown: dict[str, int]) -> None:
        self._node, self._names, self._words, self._unknown = node, names, words, unknown
        spoken = next((tag for tag in each(node.get("ceterms:inLanguage")) if isinstance(tag, str)), "en").lower()
        self._language = found[0] if (found := _LANGUAGE.match(spoken)) else "en"
        self._conditions = [by_terms(each_) for each_ in each(node.get("ceterms:requires")) if isinstance(each_, Mapping)]
        self._entry = [by_terms(each_) for each_ in each(node.get("ceterms:entryCondition")) if isinstance(each_, Mapping)]

    def fields(self) -> dict[str, Any]:
        """The fields of the row, those that say nothing left out."""
        node = self._node
        told = {
            **self._identity(),
            "title": said(node.get("ceterms:name"), self._language),
            "description": said(node.get("ceterms:description"), self._language),
            **self._organizations(),
            "outcomes": self._outcomes(),
            "skills": self._skills(),
            "level": next(
                (LEVELS[name] for value in each(node.get("ceterms:audienceLevelType")) if (name := local(value)) in LEVELS), None
            ),
            "workloadHours": self._hours(),
            "ects": self._ects(),
            "language": self._language,
            "assessment": self._assessment(),
            "prerequisites": [
                slug_of_source(target)
                for profile in (*self._conditions, *self._entry)
                for target in _targets(profile, "ceterms:targetCredential")
            ],
            "prerequisiteSkills": [word for profile in self._entry for word in self._aligned(profile.get("ceterms:targetCompetency"))],
            "participation": next(
                (DELIVERY[name] for value in each(node.get("ceterms:learningDeliveryType")) if (name := local(value)) in DELIVERY), None
            ),
            "homepage": next((page for page in each(node.get("ceterms:subjectWebpage")) if isinstance(page, str)), None),
            **{name: node[f"assay:{name}"] for name in OWN_FIELDS if f"assay:{name}" in node},
        }
        return {name: value for name, value in told.items() if value not in (None, "", [])}

    def _identity(self) -> dict[str, Any]:
        told = {"status": "retired"} if any(local(each_) in ENDED for each_ in each(self._node.get("ceterms:credentialStatusType"))) else {}
        if "assay:slug" in self._node:
            return told
        return told | {"sourceId": self._node.get("ceterms:ctid") or self._node.get("@id")}

    def _organizations(self) -> dict[str, Any]:
        """Who offers it is the provider, who owns it the awarding body; where one is told alone, it is both."""
        owner, provider = (self._called(self._node.get(name)) for name in ("ceterms:ownedBy", "ceterms:offeredBy"))
        return {"provider": provider or owner, "awardingBody": owner if provider and owner != provider else ""}

    def _called(self, value: Any) -> str:
        for told in each(value):
            name = said(told.get("ceterms:name"), self._language) if isinstance(told, Mapping) else ""
            reference = told.get("@id") if isinstance(told, Mapping) else told
            if found := name or self._names.get(str(reference), ""):
                return found
        return ""

    def _competencies(self) -> Iterator[str]:
        profiles = [self._node, *self._conditions]
        for value in (value for profile in profiles for value in each(profile.get("ceterms:targetCompetency"))):
            told = by_terms(value) if isinstance(value, Mapping) else {}
            target = told.get("ceterms:targetNode", value if isinstance(value, str) else "")
            described = said(told.get("ceterms:targetNodeDescription"), self._language)
            yield described or self._names.get(str(target), "") or said(told.get("ceterms:targetNodeName"), self._language)

    def _outcomes(self) -> list[str]:
        texts = [text for text in self._competencies() if len(text) >= _SHORTEST]
        if len(texts) > _OUTCOMES:
            _count(self._unknown, f"competencies beyond {_OUTCOMES} of a credential", len(texts) - _OUTCOMES)
        return texts[:_OUTCOMES]

    def _skills(self) -> list[str]:
        """Of our own skills exactly those; else the subjects, keywords and competencies that the vocabulary knows, or takes in."""
        subjects = self._aligned(self._node.get("ceterms:subject"))
        own = [
            by_terms(value).get("ceterms:framework") == SKILLS
            for value in each(self._node.get("ceterms:subject"))
            if isinstance(value, Mapping)
        ]
        if subjects and all(own):
            return subjects
        keywords = [text for value in each(self._node.get("ceterms:keyword")) for text in _all_said(value)]
        offered = [*subjects, *keywords] or list(self._competencies())
        known = list(dict.fromkeys(slug for word in offered if (slug := self._words.slug(word))))
        missed = sum(self._words.slug(word) is None for word in offered)
        if missed:
            _count(self._unknown, "subjects and keywords outside the vocabulary", missed)
        return known[:_OUTCOMES]

    def _aligned(self, value: Any) -> list[str]:
        """What alignments name: the code of ours, else the words."""
        found = []
        for told in each(value):
            alignment = by_terms(told) if isinstance(told, Mapping) else {}
            ours = alignment.get("ceterms:framework") == SKILLS
            word = alignment.get("ceterms:codedNotation") if ours else said(alignment.get("ceterms:targetNodeName"), self._language)
            found.append(str(word or (told if isinstance(told, str) else "")))
        return [word for word in found if word]

    def _hours(self) -> int | None:
        """Only a duration in hours is a workload: ten weeks do not say how much of them."""
        for told in each(self._node.get("ceterms:estimatedDuration")):
            profile = by_terms(told) if isinstance(told, Mapping) else {}
            for name in ("ceterms:timeRequired", "ceterms:exactDuration", "ceterms:maximumDuration"):
                if found := _HOURS.match(str(profile.get(name, ""))):
                    return max(1, int(found[1] or 0) + round(int(found[2] or 0) / 60))
        credits_ = self._ects()
        return round(credits_ * HOURS_AN_ECTS) if credits_ else None

    def _ects(self) -> float | None:
        for told in each(self._node.get("ceterms:creditValue")):
            profile = by_terms(told) if isinstance(told, Mapping) else {}
            units = [
                said(by_terms(unit).get("ceterms:targetNodeName"), "en")
                for unit in each(profile.get("ceterms:creditUnitType"))
                if isinstance(unit, Mapping)
            ]
            value = profile.get("schema:value")
            if isinstance(value, int | float) and any("ECTS" in unit.upper() for unit in units):
                return float(value)
        return None

    def _assessment(self) -> str:
        for profile in self._conditions:
            for told in each(profile.get("ceterms:targetAssessment")):
                if isinstance(told, Mapping) and (text := said(by_terms(told).get("ceterms:assessmentMethodDescription"), self._language)):
                    return text
        return ""


def _targets(profile: Mapping[str, Any], name: str) -> Iterator[str]:
    for told in each(profile.get(name)):
        target = told.get("@id") if isinstance(told, Mapping) else told
        if isinstance(target, str):
            yield target


def _all_said(value: Any) -> Iterator[str]:
    """Every text of a language map, which may hold lists."""
    if isinstance(value, Mapping):
        yield from (text for told in value.values() for text in each(told) if isinstance(text, str))
    elif isinstance(value, str):
        yield value
