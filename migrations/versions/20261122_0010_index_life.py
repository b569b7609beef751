"""The life of an index version: asked for, built by whoever holds it, progress, end; and what each vector was made from."""

import sqlalchemy as sa
from alembic import op

revision = "0010_index_life"
down_revision = "0009_learning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_index_versions_status"), "index_versions")
    op.create_check_constraint("status", "index_versions", "status IN ('queued', 'building', 'ready', 'active', 'retired', 'failed')")
    op.add_column("index_versions", sa.Column("phase", sa.Text(), server_default="done", nullable=False))
    op.create_check_constraint("phase", "index_versions", "phase IN ('waiting', 'embedding', 'indexing', 'done')")
    op.add_column("index_versions", sa.Column("afresh", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("index_versions", sa.Column("switch_when_ready", sa.Boolean(), server_default="true", nullable=False))
    op.add_column("index_versions", sa.Column("credentials", sa.Integer(), server_default="0", nullable=False))
    op.add_column("index_versions", sa.Column("credentials_done", sa.Integer(), server_default="0", nullable=False))
    op.add_column("index_versions", sa.Column("embedded", sa.Integer(), server_default="0", nullable=False))
    op.add_column("index_versions", sa.Column("copied", sa.Integer(), server_default="0", nullable=False))
    op.add_column("index_versions", sa.Column("failure", sa.Text(), nullable=True))
    op.add_column("index_versions", sa.Column("requested_by", sa.Uuid(), nullable=True))
    op.add_column("index_versions", sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("index_versions", sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("embedding_artifacts", sa.Column("source_hash", sa.Text(), nullable=True))
    # a chunk is written once, however often a build is taken up again
    op.create_index(
        "uq_embedding_artifacts_place",
        "embedding_artifacts",
        ["index_version_id", "credential_version_id", "section", "start"],
        unique=True,
    )
    op.drop_index("ix_embedding_artifacts_index_version_id", table_name="embedding_artifacts")


def downgrade() -> None:
    op.create_index("ix_embedding_artifacts_index_version_id", "embedding_artifacts", ["index_version_id"])
    op.drop_index("uq_embedding_artifacts_place", table_name="embedding_artifacts")
    op.drop_column("embedding_artifacts", "source_hash")
    columns = (
        *("finished_at", "beat_at", "requested_by", "failure", "copied", "embedded"),
        *("credentials_done", "credentials", "switch_when_ready", "afresh", "phase"),
    )
    for column in columns:
        op.drop_column("index_versions", column)
    op.execute("DELETE FROM index_versions WHERE status = 'queued'")
    op.drop_constraint(op.f("ck_index_versions_status"), "index_versions")
    op.create_check_constraint("status", "index_versions", "status IN ('building', 'ready', 'active', 'retired', 'failed')")
