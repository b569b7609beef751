"""Service accounts and their keys; answered requests are kept for machines too, which are nobody in the table of people."""

import sqlalchemy as sa
from alembic import op

revision = "0023_service_accounts"
down_revision = "0022_password_links"
branch_labels = None
depends_on = None

ACTOR = "fk_idempotency_keys_actor_id"


def upgrade() -> None:
    op.create_table(
        "service_accounts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("cohort_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "service_keys",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["service_accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index("ix_service_keys_account_id", "service_keys", ["account_id"])
    op.drop_constraint(ACTOR, "idempotency_keys", type_="foreignkey")


def downgrade() -> None:
    op.execute("DELETE FROM idempotency_keys k WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = k.actor_id)")
    op.create_foreign_key(None, "idempotency_keys", "users", ["actor_id"], ["id"], ondelete="CASCADE")
    op.drop_table("service_keys")
    op.drop_table("service_accounts")
