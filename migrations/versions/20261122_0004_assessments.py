"""Assessments, snapshots, responses, scores."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004_assessments"
down_revision = "0003_index"
branch_labels = None
depends_on = None


def immutable(table: str) -> str:
    """The trigger that lets rows of `table` be written once."""
    return f"CREATE TRIGGER immutable BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"


def upgrade() -> None:
    op.create_table(
        "assessments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("track_id", sa.Uuid(), nullable=False),
        sa.Column("track_version", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("closed_at IS NOT NULL OR completed_at IS NULL", name="completed_is_closed"),
        sa.CheckConstraint("completed_at IS NULL OR submitted_at IS NOT NULL", name="completed_was_submitted"),
        sa.ForeignKeyConstraint(["student_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["track_id"], ["role_catalog.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_assessments_student_id_started_at", "assessments", ["student_id", "started_at"])
    op.create_index("ix_assessments_track_id", "assessments", ["track_id"])
    op.create_index(
        "uq_assessments_open",
        "assessments",
        ["student_id", "track_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "assessment_question_snapshots",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("question_version_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"]),
        sa.ForeignKeyConstraint(["question_version_id"], ["question_versions.id"]),
        sa.PrimaryKeyConstraint("assessment_id", "position"),
        sa.UniqueConstraint("assessment_id", "question_id"),
    )
    op.create_table(
        "assessment_responses",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("is_blank", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id", "question_id"],
            ["assessment_question_snapshots.assessment_id", "assessment_question_snapshots.question_id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("assessment_id", "question_id"),
    )
    op.create_table(
        "response_batches",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("assessment_id", "batch_id"),
    )
    op.create_table(
        "rule_scores",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("credit", sa.Double(), nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("signals", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("credit BETWEEN 0 AND 1", name="credit"),
        sa.ForeignKeyConstraint(
            ["assessment_id", "question_id"],
            ["assessment_question_snapshots.assessment_id", "assessment_question_snapshots.question_id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("assessment_id", "question_id"),
    )
    op.create_table(
        "essay_scores",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("clarity", sa.Integer(), nullable=True),
        sa.Column("accuracy", sa.Integer(), nullable=True),
        sa.Column("coherence", sa.Integer(), nullable=True),
        sa.Column("percent", sa.Double(), nullable=False),
        sa.Column("flags", ARRAY(sa.Text()), nullable=False),
        sa.Column("verdict", sa.LargeBinary(), nullable=False),
        sa.Column("provenance", JSONB(), nullable=False),
        sa.Column("reply_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("accuracy BETWEEN 0 AND 4", name="accuracy"),
        sa.CheckConstraint("clarity BETWEEN 0 AND 4", name="clarity"),
        sa.CheckConstraint("coherence BETWEEN 0 AND 4", name="coherence"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        sa.ForeignKeyConstraint(
            ["assessment_id", "question_id"],
            ["assessment_question_snapshots.assessment_id", "assessment_question_snapshots.question_id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("assessment_id", "question_id", "version"),
    )
    op.create_table(
        "degraded_stages",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cause IN ('timeout', 'rate_limited', 'unavailable', 'refused', 'truncated', 'invalid_reply', "
            "'quota_exhausted', 'misconfigured', 'out_of_range', 'crashed', 'internal_error', "
            "'unreadable_rubric', 'unreadable_rule', 'missing_answer', 'index_empty')",
            name="cause",
        ),
        sa.CheckConstraint("stage IN ('ruleScoring', 'essayScoring', 'retrieval', 'narrative')", name="stage"),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("assessment_id", "stage"),
    )
    op.create_table(
        "analytics_events",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("track_slug", sa.Text(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_analytics_events_assessment_id", "analytics_events", ["assessment_id"])
    op.execute(immutable("assessment_question_snapshots"))
    op.execute(immutable("rule_scores"))
    op.execute(immutable("essay_scores"))
    op.execute(immutable("analytics_events"))


def downgrade() -> None:
    op.drop_table("analytics_events")
    op.drop_table("degraded_stages")
    op.drop_table("essay_scores")
    op.drop_table("rule_scores")
    op.drop_table("response_batches")
    op.drop_table("assessment_responses")
    op.drop_table("assessment_question_snapshots")
    op.drop_table("assessments")
