"""Why a job was given up, and which job stands for it since."""

import sqlalchemy as sa
from alembic import op

revision = "0011_dead_letters"
down_revision = "0010_index_life"
branch_labels = None
depends_on = None

CAUSES = (
    "cause IN ('timeout', 'rate_limited', 'unavailable', 'refused', 'truncated', 'invalid_reply', "
    "'quota_exhausted', 'misconfigured', 'out_of_range', 'crashed', 'internal_error', "
    "'unreadable_rubric', 'unreadable_rule', 'missing_answer', 'index_empty')"
)


def upgrade() -> None:
    op.add_column("async_jobs", sa.Column("cause", sa.Text(), nullable=True))
    op.add_column("async_jobs", sa.Column("stack", sa.Text(), nullable=True))
    op.create_check_constraint("cause", "async_jobs", CAUSES)
    op.create_index("ix_async_jobs_dead", "async_jobs", ["id"], postgresql_where=sa.text("status = 'dead'"))
    op.create_index("ix_async_jobs_parent_job_id", "async_jobs", ["parent_job_id"], postgresql_where=sa.text("parent_job_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_async_jobs_parent_job_id", "async_jobs")
    op.drop_index("ix_async_jobs_dead", "async_jobs")
    op.drop_constraint(op.f("ck_async_jobs_cause"), "async_jobs")
    op.drop_column("async_jobs", "stack")
    op.drop_column("async_jobs", "cause")
