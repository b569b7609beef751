"""A catalog as CTDL JSON-LD, written: one graph of micro-credentials, each with its organization and competencies inside it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from assay.domain.interchange.ctdl_terms import CONTEXT, DELIVERY, LEVEL_TERMS, OWN_FIELDS, OWN_TERMS, SKILLS, STATUS_TERMS
from assay.domain.interchange.rows import OWN, CatalogRow

BEGIN: Final = b'{"@context": ["' + CONTEXT.encode() + b'", {"assay": "' + OWN_TERMS.encode() + b'"}],\n"@graph": [\n'
END: Final = b"\n]}\n"
_DELIVERY_TERMS: Final = {participation: name for name, participation in DELIVERY.items()}


def write(row: CatalogRow, names: Mapping[str, str]) -> bytes:
    """A row as a node of the graph; `names` are those of the skills."""
    own = row.model_dump(mode="json", exclude_defaults=True)
    node = {
        "@type": "ceterms:MicroCredential",
        "@id": row.source_id if row.source_id and row.source_id.startswith("http") else f"{OWN}{row.slug}",
        "ceterms:name": {row.language: row.title},
        "ceterms:description": {row.language: row.description},
        "ceterms:inLanguage": [row.language],
        "ceterms:offeredBy": [_organization(row, row.provider)],
        "ceterms:audienceLevelType": [_aligned(target=f"audLevel:{LEVEL_TERMS[row.level]}")],
        "ceterms:estimatedDuration": [{"@type": "ceterms:DurationProfile", "ceterms:timeRequired": f"PT{row.workload_hours}H"}],
        "ceterms:subject": _skills(row, row.skills, names),
        "ceterms:requires": [_earned(row)],
        **_optional(row, names),
        **{f"assay:{name}": own[name] for name in OWN_FIELDS if name in own},
    }
    return to_json(node)


def _optional(row: CatalogRow, names: Mapping[str, str]) -> dict[str, Any]:
    """What not every credential tells."""
    told: dict[str, Any] = {}
    if row.status:
        told["ceterms:credentialStatusType"] = _aligned(target=f"credentialStat:{STATUS_TERMS[row.status]}")
    if row.awarding_body:
        told["ceterms:ownedBy"] = [_organization(row, row.awarding_body)]
    if row.homepage:
        told["ceterms:subjectWebpage"] = row.homepage
    if row.participation:
        told["ceterms:learningDeliveryType"] = [_aligned(target=f"deliveryType:{_DELIVERY_TERMS[row.participation]}")]
    if row.ects is not None:
        unit = _aligned(name={"en": "ECTS"})
        told["ceterms:creditValue"] = [{"@type": "ceterms:ValueProfile", "schema:value": row.ects, "ceterms:creditUnitType": [unit]}]
    if row.prerequisites or row.prerequisite_skills:
        told["ceterms:entryCondition"] = [
            {
                "@type": "ceterms:ConditionProfile",
                "ceterms:targetCredential": [f"{OWN}{slug}" for slug in row.prerequisites],
                "ceterms:targetCompetency": _skills(row, row.prerequisite_skills, names),
            }
        ]
    return told


def _earned(row: CatalogRow) -> dict[str, Any]:
    competencies = [_aligned(description={row.language: outcome}) for outcome in row.outcomes]
    profile = {"@type": "ceterms:ConditionProfile", "ceterms:targetCompetency": competencies}
    if row.assessment:
        method = {"@type": "ceterms:AssessmentProfile", "ceterms:assessmentMethodDescription": {row.language: row.assessment}}
        profile["ceterms:targetAssessment"] = [method]
    return profile


def _organization(row: CatalogRow, name: str) -> dict[str, Any]:
    return {"@type": "ceterms:CredentialOrganization", "ceterms:name": {row.language: name}}


def _skills(row: CatalogRow, slugs: Sequence[str], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_aligned(name={row.language: names.get(slug, slug)}, framework=SKILLS, code=slug) for slug in slugs]


def _aligned(
    *,
    target: str | None = None,
    name: Mapping[str, str] | None = None,
    description: Mapping[str, str] | None = None,
    framework: str | None = None,
    code: str | None = None,
) -> dict[str, Any]:
    told = {
        "ceterms:targetNode": target,
        "ceterms:targetNodeName": name,
        "ceterms:targetNodeDescription": description,
        "ceterms:framework": framework,
        "ceterms:codedNotation": code,
    }
    return {"@type": "ceterms:CredentialAlignmentObject", **{term: value for term, value in told.items() if value is not None}}
