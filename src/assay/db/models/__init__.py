"""All tables. Importing this room registers every model with the metadata."""

from assay.db.models.assessment import (
    AnalyticsEvent,
    Assessment,
    AssessmentResponse,
    DegradedStage,
    EssayScore,
    QuestionSnapshot,
    ResponseBatch,
    RuleScore,
)
from assay.db.models.base import Base
from assay.db.models.catalog import CatalogImport, CatalogImportChunk, CatalogImportProblem
from assay.db.models.content import (
    BankState,
    Credential,
    CredentialVersion,
    Question,
    QuestionTrack,
    QuestionVersion,
    Skill,
    Track,
)
from assay.db.models.identity import Cohort, CohortMember, ExternalIdentity, LegalHold, PasswordLink, RefreshToken, User, WebSession
from assay.db.models.index import EmbeddingArtifact, IndexVersion
from assay.db.models.learning import LearnerDeclaration
from assay.db.models.ledger import AsyncJob, Effect, IdempotencyKey, ModelCall, StoredReply
from assay.db.models.operations import AuditAnchor, AuditHead, AuditLog, KeyProof, MetricSnapshot, RetentionRun
from assay.db.models.recommendation import RagTrace, Recommendation, RecommendationFeedback, RecommendationItem
from assay.db.models.review import AdvisorNote, AssessmentFlag, EssayScoreOverride
from assay.db.models.service_accounts import ServiceAccount, ServiceKey
from assay.db.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent

__all__ = [
    "AdvisorNote",
    "AnalyticsEvent",
    "Assessment",
    "AssessmentFlag",
    "AssessmentResponse",
    "AsyncJob",
    "AuditAnchor",
    "AuditHead",
    "AuditLog",
    "BankState",
    "Base",
    "CatalogImport",
    "CatalogImportChunk",
    "CatalogImportProblem",
    "Cohort",
    "CohortMember",
    "Credential",
    "CredentialVersion",
    "DegradedStage",
    "Effect",
    "EmbeddingArtifact",
    "EssayScore",
    "EssayScoreOverride",
    "ExternalIdentity",
    "IdempotencyKey",
    "IndexVersion",
    "KeyProof",
    "LearnerDeclaration",
    "LegalHold",
    "MetricSnapshot",
    "ModelCall",
    "PasswordLink",
    "Question",
    "QuestionSnapshot",
    "QuestionTrack",
    "QuestionVersion",
    "RagTrace",
    "Recommendation",
    "RecommendationFeedback",
    "RecommendationItem",
    "RefreshToken",
    "ResponseBatch",
    "RetentionRun",
    "RuleScore",
    "ServiceAccount",
    "ServiceKey",
    "Skill",
    "StoredReply",
    "Track",
    "User",
    "WebSession",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
]
