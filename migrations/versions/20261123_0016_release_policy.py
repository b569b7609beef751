"""When students see their results: as a track says, as an assessment was started under, and when an advisor released it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016_release_policy"
down_revision = "0015_item_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    at_once = sa.text("""'{"when": "atOnce"}'::jsonb""")
    op.add_column("role_catalog", sa.Column("release_policy", postgresql.JSONB(), server_default=at_once, nullable=False))
    op.add_column("assessments", sa.Column("release_policy", postgresql.JSONB(), nullable=True))
    op.add_column("assessments", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("assessments", "released_at")
    op.drop_column("assessments", "release_policy")
    op.drop_column("role_catalog", "release_policy")
