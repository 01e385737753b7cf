"""What serving needs: the colours of a picture that is not loaded yet, orders to page through, and jobs that last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("items", sa.Column("colours", sa.String(12), nullable=False, server_default=""))
    op.create_index("items_shown_at", "items", ["is_missing", sa.text("coalesce(taken_at, added_at)"), "id"])
    op.create_index("items_added_at", "items", ["is_missing", "added_at", "id"])
    op.add_column("jobs", sa.Column("arguments", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("jobs", sa.Column("report", sa.JSON()))
    op.add_column("jobs", sa.Column("message", sa.Text(), nullable=False, server_default=""))
