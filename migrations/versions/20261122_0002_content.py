"""Tracks, questions and credentials with immutable versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "0002_content"
down_revision = "0001_identity"
branch_labels = None
depends_on = None

RAISE_BANK_VERSION = """
CREATE FUNCTION raise_bank_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bank_state SET version = version + 1;
    RETURN NULL;
END
$$
"""
BANK_TABLES = ("role_catalog", "questions", "question_tracks", "question_versions")


def immutable(table: str) -> str:
    """The trigger that lets rows of `table` be written once."""
    return f"CREATE TRIGGER immutable BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"


def upgrade() -> None:
    op.create_table(
        "skills",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_table(
        "role_catalog",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("skill_focus", ARRAY(sa.Text()), nullable=False),
        sa.Column("question_mix", JSONB(), nullable=False),
        sa.Column("target_level", sa.Text(), nullable=False),
        sa.Column("expiry_days", sa.Integer(), nullable=False),
        sa.Column("fallback_credentials", ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'active', 'retired')", name="status"),
        sa.CheckConstraint("target_level IN ('beginner', 'intermediate', 'advanced')", name="target_level"),
        sa.CheckConstraint("expiry_days BETWEEN 1 AND 90", name="expiry_days"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("difficulty", sa.Integer(), nullable=False),
        sa.Column("current_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("type IN ('theoretical', 'essay', 'profile')", name="type"),
        sa.CheckConstraint("difficulty BETWEEN 1 AND 3", name="difficulty"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "question_tracks",
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("track_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["track_id"], ["role_catalog.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("question_id", "track_id"),
    )
    op.create_index("ix_question_tracks_track_id", "question_tracks", ["track_id"])
    op.create_table(
        "question_versions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("rubric_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("question_id", "version"),
    )
    op.create_table(
        "bank_state",
        sa.Column("singleton", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("singleton", name="singleton"),
        sa.PrimaryKeyConstraint("singleton"),
    )
    op.execute("INSERT INTO bank_state DEFAULT VALUES")
    op.execute(RAISE_BANK_VERSION)
    for table in BANK_TABLES:
        op.execute(
            f"CREATE TRIGGER raise_bank_version AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION raise_bank_version()"
        )
    op.create_table(
        "credential_catalog",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="published", nullable=False),
        sa.Column("current_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'published', 'retired')", name="status"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "credential_versions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column(
            "search",
            TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', content ->> 'title'), 'A')"
                " || setweight(to_tsvector('english', content -> 'skills'), 'B')"
                " || setweight(to_tsvector('english', content -> 'outcomes'), 'C')"
                " || setweight(to_tsvector('english', content ->> 'description'), 'D')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["credential_id"], ["credential_catalog.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("credential_id", "version"),
    )
    op.create_index("ix_credential_versions_search", "credential_versions", ["search"], postgresql_using="gin")
    op.execute(immutable("question_versions"))
    op.execute(immutable("credential_versions"))


def downgrade() -> None:
    op.drop_table("credential_versions")
    op.drop_table("credential_catalog")
    op.drop_table("bank_state")
    op.drop_table("question_versions")
    op.drop_table("question_tracks")
    op.drop_table("questions")
    op.drop_table("role_catalog")
    op.drop_table("skills")
    op.execute("DROP FUNCTION raise_bank_version()")
