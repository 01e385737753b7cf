"""Several generations of a space, the codes beside its vectors, and what was looked at last."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("items", sa.Column("looked_at", sa.String()))
    op.add_column("vectors", sa.Column("is_stand_in", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("spaces", sa.Column("state", sa.String(), nullable=False, server_default="serving"))
    op.add_column("spaces", sa.Column("model", sa.String()))
    op.add_column("spaces", sa.Column("is_chosen", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("spaces", sa.Column("coder", sa.String(), nullable=False, server_default=""))
    op.add_column("spaces", sa.Column("n_codes", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "spaces_state", "spaces", ["name", "state"], unique=True, sqlite_where=sa.text("state != 'retired'")
    )
    # SQLite changes no primary key in place.
    op.rename_table("blocks", "blocks_before")
    op.create_table(
        "blocks",
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("contents", sa.String(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("crc32", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("space_id", "contents", "block"),
    )
    op.execute("INSERT INTO blocks SELECT space_id, 'vectors', block, crc32 FROM blocks_before")
    op.drop_table("blocks_before")
