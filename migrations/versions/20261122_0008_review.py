"""Advisors' overrides and flags."""

import sqlalchemy as sa
from alembic import op

revision = "0008_review"
down_revision = "0007_operations"
branch_labels = None
depends_on = None


def immutable(table: str) -> str:
    """The trigger that lets rows of `table` be written once."""
    return f"CREATE TRIGGER immutable BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"


def upgrade() -> None:
    op.create_table(
        "essay_score_overrides",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("essay_score_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("dimension IN ('clarity', 'accuracy', 'coherence')", name="dimension"),
        sa.CheckConstraint("level BETWEEN 0 AND 4", name="level"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["essay_score_id"], ["essay_scores.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_essay_score_overrides_essay_score_id_dimension_at", "essay_score_overrides", ["essay_score_id", "dimension", "at"])
    op.create_index("ix_essay_score_overrides_author_id", "essay_score_overrides", ["author_id"])
    op.create_table(
        "assessment_flags",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint(
            "code IN ('degraded', 'scoring', 'recommendation', 'integrity', 'followUp', 'resolved')",
            name="code",
        ),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_assessment_flags_assessment_id_at", "assessment_flags", ["assessment_id", "at"])
    op.create_index("ix_assessment_flags_author_id", "assessment_flags", ["author_id"])
    op.execute(immutable("essay_score_overrides"))
    op.execute(immutable("assessment_flags"))


def downgrade() -> None:
    op.drop_table("assessment_flags")
    op.drop_table("essay_score_overrides")
