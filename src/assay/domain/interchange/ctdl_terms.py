"""Terms of CTDL, the Credential Transparency Description Language (https://credreg.net/ctdl/terms), and what they are here."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from assay.domain.credentials import CredentialStatus, Participation
from assay.domain.tracks import SkillLevel

CONTEXT: Final = "https://credreg.net/ctdl/schema/context/json"
OWN_TERMS: Final = "urn:assay:terms:"
"""What CTDL has no term for stands under this name space, prefix `assay`."""
SKILLS: Final = "urn:assay:skills"

_SPELT_OUT: Final[dict[str, str]] = {
    "https://purl.org/ctdl/terms/": "ceterms:",
    "http://purl.org/ctdl/terms/": "ceterms:",
    "https://purl.org/ctdlasn/terms/": "ceasn:",
    "http://purl.org/ctdlasn/terms/": "ceasn:",
    "https://schema.org/": "schema:",
    "http://schema.org/": "schema:",
    OWN_TERMS: "assay:",
}
CREDENTIALS: Final = frozenset(
    f"ceterms:{name}"
    for name in (
        *("Credential", "MicroCredential", "Badge", "DigitalBadge", "OpenBadge", "Certification", "License", "Diploma", "Degree"),
        *("Certificate", "CertificateOfCompletion", "CertificateOfParticipation", "AcademicCertificate", "ProfessionalCertificate"),
        *("ApprenticeshipCertificate", "JourneymanCertificate", "MasterCertificate", "WorkbasedLearningCertificate"),
        *("BasicTechnicalCertificate", "TechnicalLevel1Certificate", "TechnicalLevel2Certificate", "TechnicalLevel3Certificate"),
        *("HigherEducationLevel1Certificate", "HigherEducationLevel2Certificate", "SecondaryEducationCertificate"),
        *("GeneralEducationLevel1Certificate", "GeneralEducationLevel2Certificate", "PreparatoryCertificate", "ProficiencyCertificate"),
        *("PostBaccalaureateCertificate", "PostMasterCertificate", "AssociateDegree", "AssociateOfArtsDegree", "AssociateOfScienceDegree"),
        *("AssociateOfAppliedScienceDegree", "AssociateOfAppliedArtsDegree", "BachelorDegree", "BachelorOfArtsDegree"),
        *("BachelorOfScienceDegree", "MasterDegree", "MasterOfArtsDegree", "MasterOfScienceDegree", "DoctoralDegree"),
        *("ProfessionalDoctorate", "ResearchDoctorate", "SpecialistDegree", "GeneralEducationDevelopment", "SecondarySchoolDiploma"),
        *("QualityAssuranceCredential",),
    )
)
NAMED: Final[dict[str, tuple[str, ...]]] = {
    "ceasn:Competency": ("ceasn:competencyText", "ceasn:competencyLabel"),
    "ceterms:CredentialOrganization": ("ceterms:name",),
    "ceterms:QACredentialOrganization": ("ceterms:name",),
    "ceterms:Organization": ("ceterms:name",),
}
"""Nodes that others refer to, and the terms that hold what they are called."""
SILENT: Final = frozenset({"ceasn:CompetencyFramework"})
"""Understood, and nothing is taken from it."""

LEVELS: Final[dict[str, SkillLevel]] = {
    **dict.fromkeys(("BeginnerLevel", "SecondaryLevel", "PostSecondaryLevel", "LowerDivisionLevel"), SkillLevel.BEGINNER),
    **dict.fromkeys(
        ("IntermediateLevel", "UndergraduateLevel", "UpperDivisionLevel", "AssociatesDegreeLevel", "BachelorsDegreeLevel"),
        SkillLevel.INTERMEDIATE,
    ),
    **dict.fromkeys(
        ("AdvancedLevel", "GraduateLevel", "MastersDegreeLevel", "DoctoralDegreeLevel", "ProfessionalLevel"), SkillLevel.ADVANCED
    ),
}
LEVEL_TERMS: Final = {
    SkillLevel.BEGINNER: "BeginnerLevel",
    SkillLevel.INTERMEDIATE: "IntermediateLevel",
    SkillLevel.ADVANCED: "AdvancedLevel",
}
DELIVERY: Final[dict[str, Participation]] = {
    "OnlineOnly": Participation.ONLINE,
    "InPerson": Participation.ON_SITE,
    "BlendedDelivery": Participation.BLENDED,
}
ENDED: Final = frozenset({"Deprecated", "Superseded", "Ceased", "Suspended"})
STATUS_TERMS: Final = {
    CredentialStatus.DRAFT: "Probationary",
    CredentialStatus.PUBLISHED: "Active",
    CredentialStatus.RETIRED: "Deprecated",
}
OWN_FIELDS: Final = ("slug", "sourceId", "status", "awardingBody", "country", "eqfLevel", "supervision", "qualityAssurance", "stackability")
"""Fields that CTDL has no exact term for."""
UNDERSTOOD: Final = frozenset(
    {
        *(f"assay:{name}" for name in OWN_FIELDS),
        *("ceterms:ctid", "ceterms:name", "ceterms:description", "ceterms:ownedBy", "ceterms:offeredBy", "ceterms:inLanguage"),
        *("ceterms:subjectWebpage", "ceterms:credentialStatusType", "ceterms:audienceLevelType", "ceterms:estimatedDuration"),
        *("ceterms:creditValue", "ceterms:learningDeliveryType", "ceterms:requires", "ceterms:entryCondition", "ceterms:subject"),
        *("ceterms:keyword", "ceterms:targetCompetency"),
    }
)
"""What is read of a credential; of all else the name is reported, with how often it came."""


def term(name: str) -> str:
    """A term by its prefix, also where it is spelt out as an address."""
    for address, prefix in _SPELT_OUT.items():
        if name.startswith(address):
            return prefix + name[len(address) :]
    return name


def by_terms(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node with its terms by their prefixes."""
    return {term(name): value for name, value in node.items()}


def each(value: Any) -> Iterator[Any]:
    """JSON-LD writes one value as itself, several as a list, none as nothing."""
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def said(value: Any, language: str) -> str:
    """A text: plain, or of a language map the one in `language`, else in English, else the first."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        texts: dict[str, str] = {}
        for key, told in value.items():
            if isinstance(text := next(each(told), None), str):
                texts.setdefault(str(key)[:2].lower(), text)
        return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
    return ""


def local(value: Any) -> str:
    """The last part of what an alignment points to: `BeginnerLevel` of `audLevel:BeginnerLevel`."""
    target = value.get("ceterms:targetNode") if isinstance(value, Mapping) else value
    target = target.get("@id") if isinstance(target, Mapping) else target
    return target.rsplit(":", 1)[-1].rsplit("/", 1)[-1] if isinstance(target, str) else ""
