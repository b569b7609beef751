"""Notes that the advisors of a student share with one another."""

import sqlalchemy as sa
from alembic import op

revision = "0019_advisor_notes"
down_revision = "0018_web_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "advisor_notes",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("about IN ('assessment', 'student')", name="about"),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_advisor_notes_assessment_id_at", "advisor_notes", ["assessment_id", "at"])
    op.create_index("ix_advisor_notes_author_id", "advisor_notes", ["author_id"])
    op.execute("CREATE TRIGGER immutable BEFORE UPDATE ON advisor_notes FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    op.drop_table("advisor_notes")
