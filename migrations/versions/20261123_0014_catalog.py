"""The catalog as an institution owns it: further elements of a version, identities of other systems, imports with their reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014_catalog"
down_revision = "0013_healing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_imports",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("on_error", sa.Text(), nullable=False),
        sa.Column("new_status", sa.Text(), nullable=False),
        sa.Column("add_skills", sa.Boolean(), nullable=False),
        sa.Column("staged", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_understood", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'running', 'done', 'refused', 'failed')", name="status"),
        sa.CheckConstraint("format IN ('csv', 'jsonl', 'ctdl')", name="format"),
        sa.CheckConstraint("on_error IN ('abort', 'skip')", name="on_error"),
        sa.CheckConstraint("new_status IN ('draft', 'published', 'retired')", name="new_status"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "catalog_import_chunks",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["catalog_imports.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "number"),
    )
    op.create_table(
        "catalog_import_problems",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("pointer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["catalog_imports.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "row", "number"),
    )
    op.add_column("credential_catalog", sa.Column("source_id", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_credential_catalog_source_id"), "credential_catalog", ["source_id"])
    op.add_column("credential_versions", sa.Column("details", JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("credential_versions", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(None, "credential_versions", "catalog_imports", ["import_id"], ["id"])
    op.create_index(
        "ix_credential_versions_import_id", "credential_versions", ["import_id"], postgresql_where=sa.text("import_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_credential_versions_import_id", "credential_versions")
    op.drop_constraint(op.f("fk_credential_versions_import_id"), "credential_versions", type_="foreignkey")
    op.drop_column("credential_versions", "import_id")
    op.drop_column("credential_versions", "details")
    op.drop_constraint(op.f("uq_credential_catalog_source_id"), "credential_catalog")
    op.drop_column("credential_catalog", "source_id")
    op.drop_table("catalog_import_problems")
    op.drop_table("catalog_import_chunks")
    op.drop_table("catalog_imports")
