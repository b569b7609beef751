"""People's rights and memory: erasure, legal holds, retention that reports, and an audit chain whose ends are known."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017_rights"
down_revision = "0016_release_policy"
branch_labels = None
depends_on = None

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is immutable: write a new version instead', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""
# Two narrow gates. Whoever erases a person (named in the transaction's setting `assay.erasing`) may empty the words that this person has
# written about others, and change nothing else. Audit entries may be deleted once they are 36 months old and an anchor keeps the hash of
# the last of them.
REFUSE_CHANGE_BUT = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    words text;
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME IN ('assessment_flags', 'essay_score_overrides') THEN
        words := CASE TG_TABLE_NAME WHEN 'assessment_flags' THEN 'note' ELSE 'reason' END;
        IF to_jsonb(OLD) ->> 'author_id' = current_setting('assay.erasing', true)
            AND to_jsonb(NEW) - words = to_jsonb(OLD) - words AND to_jsonb(NEW) ->> words IS NULL THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_logs' THEN
        IF OLD.at < clock_timestamp() - interval '36 months' AND EXISTS (SELECT FROM audit_anchors WHERE sequence >= OLD.sequence) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% is immutable: write a new version instead', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""
KEEP_HEAD = """
CREATE FUNCTION keep_audit_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_head (sequence, hash) VALUES (NEW.sequence, NEW.hash)
    ON CONFLICT (singleton) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("sessions_ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_users_sessions_ended_at", "users", ["sessions_ended_at"], postgresql_where=sa.text("sessions_ended_at IS NOT NULL"))
    op.add_column("model_replies", sa.Column("assessment_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_model_replies_assessment_id", "model_replies", "assessments", ["assessment_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_model_replies_assessment_id", "model_replies", ["assessment_id"])
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_legal_holds_standing", "legal_holds", ["person_id"], unique=True, postgresql_where=sa.text("lifted_at IS NULL"))
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled", sa.Boolean(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("items", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_retention_runs_started_at", "retention_runs", ["started_at"])
    op.create_table(
        "audit_anchors",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "audit_head",
        sa.Column("singleton", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("singleton", name="singleton"),
        sa.PrimaryKeyConstraint("singleton"),
    )
    op.execute(REFUSE_CHANGE_BUT)
    op.execute(KEEP_HEAD)
    op.execute("CREATE TRIGGER keep_audit_head AFTER INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION keep_audit_head()")
    op.execute("INSERT INTO audit_head (sequence, hash) SELECT sequence, hash FROM audit_logs ORDER BY sequence DESC LIMIT 1")


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_audit_head ON audit_logs")
    op.execute("DROP FUNCTION keep_audit_head()")
    op.execute(REFUSE_CHANGE)
    op.drop_table("audit_head")
    op.drop_table("audit_anchors")
    op.drop_table("retention_runs")
    op.drop_table("legal_holds")
    op.drop_column("model_replies", "assessment_id")
    op.drop_index("ix_users_sessions_ended_at", "users")
    op.drop_column("users", "erased_at")
    op.drop_column("users", "sessions_ended_at")
