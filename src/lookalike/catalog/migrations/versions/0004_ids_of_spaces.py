"""Generations whose ids are never used again, so that whoever remembers one means that one; removals that scale."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # SQLite changes no primary key in place. What names a generation by its id goes on naming it: `migrate` turns
    # foreign keys off, and the new table is renamed, not the old one.
    op.create_table(
        "spaces_after",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("finder", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("n_dims", sa.Integer(), nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("n_vectors", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, server_default="serving"),
        sa.Column("model", sa.String()),
        sa.Column("is_chosen", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("coder", sa.String(), nullable=False, server_default=""),
        sa.Column("n_codes", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("folder"),
        sa.UniqueConstraint("name", "generation"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO spaces_after SELECT id, name, generation, folder, finder, version, n_dims, n_rows, n_vectors, "
        "state, model, is_chosen, coder, n_codes FROM spaces"
    )
    op.drop_table("spaces")
    op.rename_table("spaces_after", "spaces")
    op.create_index(
        "spaces_state", "spaces", ["name", "state"], unique=True, sqlite_where=sa.text("state != 'retired'")
    )
    op.create_index("items_predecessor_id", "items", ["predecessor_id"])
