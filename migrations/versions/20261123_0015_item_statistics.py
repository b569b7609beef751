"""Which assessments asked a question: what item statistics start from. Built beside those that write, in no transaction."""

from alembic import op

revision = "0015_item_statistics"
down_revision = "0014_catalog"
branch_labels = None
depends_on = None

NAME = "ix_assessment_question_snapshots_question_id"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")  # what a build that was broken off has left
        op.create_index(NAME, "assessment_question_snapshots", ["question_id"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index(NAME, "assessment_question_snapshots")
