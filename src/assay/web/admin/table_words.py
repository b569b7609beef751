"""Words for the tables that hold rows about people, as the proof of an erasure counts them."""

from typing import Final

TABLES: Final = {
    "users": "Account",
    "refresh_tokens": "Sessions of the API",
    "web_sessions": "Sessions of the pages",
    "external_identities": "Names at other sign-ons",
    "password_links": "Links to choose a password",
    "cohort_members": "Membership in cohorts",
    "learner_declarations": "What they told of their learning",
    "idempotency_keys": "Answers to repeated requests",
    "legal_holds": "Legal holds",
    "assessments": "Assessments",
    "assessment_question_snapshots": "Questions as asked",
    "assessment_responses": "Answers",
    "response_batches": "Receipts of saved answers",
    "rule_scores": "Scores of theory",
    "essay_scores": "Scores of essays",
    "essay_score_overrides": "Levels changed or confirmed",
    "assessment_flags": "Flags",
    "advisor_notes": "Notes of advisors",
    "degraded_stages": "Stages that ran on a substitute",
    "analytics_events": "Figures for analytics",
    "recommendations": "Recommendations",
    "recommendation_items": "Recommended credentials",
    "rag_traces": "Traces of searches",
    "recommendation_feedback": "Feedback",
    "model_calls": "Calls to models",
    "model_replies": "Replies of models",
    "async_jobs": "Jobs",
    "effect_log": "Effects of jobs",
    "webhook_events": "Webhook events",
    "webhook_deliveries": "Webhook deliveries",
    "webhook_attempts": "Tries of deliveries",
    "audit_logs": "Entries of the audit log",
}


def named(table: str) -> str:
    """A table in words; one of a later version by its name."""
    return TABLES.get(table) or table.replace("_", " ").capitalize()
