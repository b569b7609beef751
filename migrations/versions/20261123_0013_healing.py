"""Which jobs were sent again by the healer, how many of late, and which degraded stages are young enough to be healed."""

import sqlalchemy as sa
from alembic import op

revision = "0013_healing"
down_revision = "0012_webhook_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("async_jobs", sa.Column("heals", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_async_jobs_heals", "async_jobs", ["created_at"], postgresql_where=sa.text("heals"))
    op.create_index("ix_degraded_stages_since", "degraded_stages", ["since"])


def downgrade() -> None:
    op.drop_index("ix_degraded_stages_since", "degraded_stages")
    op.drop_index("ix_async_jobs_heals", "async_jobs")
    op.drop_column("async_jobs", "heals")
