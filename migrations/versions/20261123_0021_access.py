"""Who somebody is by another's word, and who may do what, noticed when it changes: tokens say a role, and must end with it."""

import sqlalchemy as sa
from alembic import op

revision = "0021_access"
down_revision = "0020_key_rotation"
branch_labels = None
depends_on = None

NOTE_CHANGE = """
CREATE FUNCTION note_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.access_changed_at := clock_timestamp();
    RETURN NEW;
END
$$
"""
ON_CHANGE = """
CREATE TRIGGER note_access_change BEFORE UPDATE OF role, is_active ON users FOR EACH ROW
WHEN (OLD.role IS DISTINCT FROM NEW.role OR OLD.is_active IS DISTINCT FROM NEW.is_active) EXECUTE FUNCTION note_access_change()
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("access_changed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_users_access_changed_at", "users", ["access_changed_at"], postgresql_where=sa.text("access_changed_at IS NOT NULL"))
    op.create_table(
        "external_identities",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject_index"),
    )
    op.create_index("ix_external_identities_user_id", "external_identities", ["user_id"])
    op.execute(NOTE_CHANGE)
    op.execute(ON_CHANGE)


def downgrade() -> None:
    op.execute("DROP TRIGGER note_access_change ON users")
    op.execute("DROP FUNCTION note_access_change()")
    op.drop_table("external_identities")
    op.drop_index("ix_users_access_changed_at", table_name="users")
    op.drop_column("users", "access_changed_at")
