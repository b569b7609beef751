"""Jobs know the trace that wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0024_traces"
down_revision = "0023_service_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("async_jobs", sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("async_jobs", "traceparent")
