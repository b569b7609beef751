"""Webhooks as jobs of the ledger: what a job delivers, how each try went, secrets that overlap, endpoints that are disabled."""

import sqlalchemy as sa
from alembic import op

revision = "0012_webhook_deliveries"
down_revision = "0011_dead_letters"
branch_labels = None
depends_on = None
contracts = "webhook_events.assessment_id may no longer be empty: nothing wrote events before this revision"

WAITING = "status IN ('queued', 'retry_wait')"
ABOUT_ONE_THING = "(job_type = 'deliver_webhook') = (delivery_id IS NOT NULL) AND num_nonnulls(assessment_id, delivery_id) = 1"


def upgrade() -> None:
    op.add_column("webhook_endpoints", sa.Column("previous_secret", sa.LargeBinary(), nullable=True))
    op.add_column("webhook_endpoints", sa.Column("previous_secret_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("webhook_endpoints", sa.Column("disabled_because", sa.Text(), nullable=True))
    op.add_column("webhook_endpoints", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint("disabled_because", "webhook_endpoints", "disabled_because IN ('gone')")
    op.execute("DELETE FROM webhook_events WHERE assessment_id IS NULL")
    op.alter_column("webhook_events", "assessment_id", existing_type=sa.Uuid(), nullable=False)
    op.add_column("webhook_deliveries", sa.Column("error", sa.Text(), nullable=True))
    op.add_column("webhook_deliveries", sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Double(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhook_attempts_delivery_id", "webhook_attempts", ["delivery_id"])

    op.add_column("async_jobs", sa.Column("delivery_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(None, "async_jobs", "webhook_deliveries", ["delivery_id"], ["id"], ondelete="CASCADE")
    op.alter_column("async_jobs", "assessment_id", existing_type=sa.Uuid(), nullable=True)
    op.drop_constraint(op.f("ck_async_jobs_job_type"), "async_jobs")
    op.create_check_constraint("job_type", "async_jobs", "job_type IN ('score_essay', 'generate_recommendations', 'deliver_webhook')")
    op.create_check_constraint("about_one_thing", "async_jobs", ABOUT_ONE_THING)
    op.create_index("ix_async_jobs_delivery_id", "async_jobs", ["delivery_id"], postgresql_where=sa.text("delivery_id IS NOT NULL"))
    # what waits for an endpoint must not stand in the way of those who look for what students wait for
    op.drop_index("ix_async_jobs_due", "async_jobs")
    due = sa.text(f"{WAITING} AND delivery_id IS NULL")
    op.create_index("ix_async_jobs_due", "async_jobs", ["priority", "run_at"], postgresql_where=due)
    op.create_index(
        "ix_async_jobs_deliveries_due", "async_jobs", ["run_at"], postgresql_where=sa.text(f"{WAITING} AND delivery_id IS NOT NULL")
    )


def downgrade() -> None:
    op.execute("DELETE FROM async_jobs WHERE delivery_id IS NOT NULL")
    op.drop_index("ix_async_jobs_deliveries_due", "async_jobs")
    op.drop_index("ix_async_jobs_due", "async_jobs")
    op.create_index("ix_async_jobs_due", "async_jobs", ["priority", "run_at"], postgresql_where=sa.text(WAITING))
    op.drop_index("ix_async_jobs_delivery_id", "async_jobs")
    op.drop_constraint(op.f("ck_async_jobs_about_one_thing"), "async_jobs")
    op.drop_constraint(op.f("ck_async_jobs_job_type"), "async_jobs")
    op.create_check_constraint("job_type", "async_jobs", "job_type IN ('score_essay', 'generate_recommendations')")
    op.alter_column("async_jobs", "assessment_id", existing_type=sa.Uuid(), nullable=False)
    op.drop_constraint(op.f("fk_async_jobs_delivery_id"), "async_jobs", type_="foreignkey")
    op.drop_column("async_jobs", "delivery_id")

    op.drop_table("webhook_attempts")
    op.drop_column("webhook_deliveries", "finished_at")
    op.drop_column("webhook_deliveries", "error")
    op.alter_column("webhook_events", "assessment_id", existing_type=sa.Uuid(), nullable=True)
    op.drop_constraint(op.f("ck_webhook_endpoints_disabled_because"), "webhook_endpoints")
    for column in ("disabled_at", "disabled_because", "previous_secret_until", "previous_secret"):
        op.drop_column("webhook_endpoints", column)
