"""What students declare of their learning, and what a recommendation was based on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_learning"
down_revision = "0008_review"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learner_declarations",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("completed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("prior_learning", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("hours_per_week", sa.Float(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("hours_per_week > 0 AND hours_per_week <= 168", name="hours_per_week"),
        sa.ForeignKeyConstraint(["student_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("student_id"),
    )
    op.add_column("recommendations", sa.Column("basis", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("recommendations", "basis")
    op.drop_table("learner_declarations")
