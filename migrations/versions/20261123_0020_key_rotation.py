"""Keys that prove themselves before anything is read, and rotation: ciphertexts may be renewed, also where rows are immutable."""

import sqlalchemy as sa
from alembic import op

revision = "0020_key_rotation"
down_revision = "0019_advisor_notes"
branch_labels = None
depends_on = None

# Whether the row is the same but for ciphertexts: none comes or goes, and each holds as many bytes of plain text as before. Whether these
# are the same bytes only somebody with the key can tell. A ciphertext is format, length of the key's id, that id, and what is encrypted.
ONLY_RENEWED = """
CREATE FUNCTION only_renewed(before jsonb, after jsonb, ciphertexts text[]) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    name text;
    was bytea;
    is_now bytea;
BEGIN
    IF before - ciphertexts <> after - ciphertexts THEN
        RETURN false;
    END IF;
    FOREACH name IN ARRAY ciphertexts LOOP
        was := (before ->> name)::bytea;
        is_now := (after ->> name)::bytea;
        IF (was IS NULL) <> (is_now IS NULL) OR is_now IS NOT NULL AND (
            length(was) < 2 OR length(is_now) < 2 OR length(was) - get_byte(was, 1) <> length(is_now) - get_byte(is_now, 1)
        ) THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$
"""
# Every table that refuses changes and holds ciphertexts: in such a table nothing else is binary.
IMMUTABLE = """
SELECT t.tgrelid::regclass::text AS name, array_agg(a.attname::text ORDER BY a.attname) AS ciphertexts
FROM pg_trigger t JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum > 0 AND NOT a.attisdropped
WHERE t.tgname = 'immutable' AND a.atttypid = 'bytea'::regtype GROUP BY t.tgrelid ORDER BY 1
"""
TRIGGER = "CREATE OR REPLACE TRIGGER immutable BEFORE UPDATE ON {} FOR EACH ROW {} EXECUTE FUNCTION refuse_change()"
UNLESS_RENEWED = (
    "WHEN (current_setting('assay.rekeying', true) IS DISTINCT FROM 'on'"
    " OR NOT only_renewed(to_jsonb(OLD), to_jsonb(NEW), '{{{}}}'::text[]))"
)


def upgrade() -> None:
    op.create_table(
        "key_proofs",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("purpose IN ('encryption', 'look-ups')", name="purpose"),
        sa.PrimaryKeyConstraint("purpose", "key_id"),
    )
    op.execute(ONLY_RENEWED)
    for table in op.get_bind().execute(sa.text(IMMUTABLE)).all():
        op.execute(TRIGGER.format(table.name, UNLESS_RENEWED.format(",".join(table.ciphertexts))))


def downgrade() -> None:
    for table in op.get_bind().execute(sa.text(IMMUTABLE)).all():
        op.execute(TRIGGER.format(table.name, ""))
    op.execute("DROP FUNCTION only_renewed(jsonb, jsonb, text[])")
    op.drop_table("key_proofs")
