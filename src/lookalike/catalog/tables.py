"""The tables of a collection, in SQLAlchemy Core.

A *file* is a place, an *item* is a content. Everything a person decides hangs on items, so a file may be renamed,
moved or copied and loses nothing. An item has frames (one for a still), a frame has instances (one for the whole frame,
more for regions and faces), an instance has one vector in each space that describes it.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect


class Identity(TypeDecorator[int]):
    """The id of a picture; of a number that SQLite does not have, as much as of any unknown one, there is none."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Return the number, or one that no picture has instead of one of more than 64 bits."""
        return value if value is None or abs(value) < 2**63 else -1


metadata = MetaData()

roots = Table(
    "roots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),  # absolute, as the file system writes it
    Column("is_whole", Boolean, nullable=False),  # False: only single files of this folder were added
    Column("device", BigInteger, nullable=False),  # tells an empty mount point from an emptied folder
    Column("added_at", String, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("format", String, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("n_frames", Integer, nullable=False),
    Column("taken_at", String),  # ISO 8601, the camera's own clock
    Column("camera", String),
    Column("lens", String),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("place", String),
    Column("title", Text),
    Column("description", Text),
    Column("keywords", JSON, nullable=False),
    Column("perceptual_hash", LargeBinary(8), nullable=False),
    Column("colours", String(12), nullable=False, server_default=""),  # of its quarters, to show until it is there
    Column("thumbnail_crc", BigInteger, nullable=False),
    Column("is_missing", Boolean, nullable=False),  # no file holds it any more
    Column("predecessor_id", Integer, ForeignKey("items.id", ondelete="SET NULL")),
    Column("added_at", String, nullable=False),
    Column("looked_at", String),  # when somebody last opened it, to the minute or so
    Index("items_taken_at", "taken_at"),
    Index("items_is_missing", "is_missing"),
    Index("items_shown_at", "is_missing", text("coalesce(taken_at, added_at)"), "id"),
    Index("items_added_at", "is_missing", "added_at", "id"),
    Index("items_predecessor_id", "predecessor_id"),  # each deletion looks for what came after
    sqlite_autoincrement=True,  # an id is never used again
)

files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root_id", Integer, ForeignKey("roots.id", ondelete="CASCADE"), nullable=False),
    Column("path", LargeBinary, nullable=False),  # relative to the root, '/'-separated
    Column("item_id", Identity, ForeignKey("items.id", ondelete="SET NULL")),  # what it holds, or held last
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("device", BigInteger, nullable=False),
    Column("reason", Text),  # why it is not indexed, in a sentence
    Column("is_missing", Boolean, nullable=False),  # it holds its item no more: it vanished, or cannot be read now
    UniqueConstraint("root_id", "path"),
    Index("files_item_id", "item_id"),
)

frames = Table(
    "frames",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", Identity, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("time", Float),  # seconds; NULL for a still
    UniqueConstraint("item_id", "number"),
)

instances = Table(
    "instances",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("frame_id", Integer, ForeignKey("frames.id", ondelete="CASCADE"), nullable=False),
    Column("finder", String, nullable=False),
    Column("x0", Float, nullable=False),
    Column("y0", Float, nullable=False),
    Column("x1", Float, nullable=False),
    Column("y1", Float, nullable=False),
    Column("mask", LargeBinary),
    Column("score", Float, nullable=False),
    Index("instances_frame_id", "frame_id"),
)

spaces = Table(
    "spaces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("folder", String, nullable=False, unique=True),
    Column("finder", String, nullable=False),
    Column("version", String, nullable=False),  # of the describer: vectors of two versions never mix
    Column("n_dims", Integer, nullable=False),
    Column("n_rows", Integer, nullable=False),  # rows in the vector file, dead ones included
    Column("n_vectors", Integer, nullable=False),  # rows that an instance stands behind
    Column("state", String, nullable=False, server_default="serving"),  # or building, or retired
    Column("model", String),  # the network that describes it, by its name here; NULL for the classics
    Column("is_chosen", Boolean, nullable=False, server_default="0"),  # somebody asked for it, so nothing replaces it
    Column("coder", String, nullable=False, server_default=""),  # the version of what made the codes
    Column("n_codes", Integer, nullable=False, server_default="0"),  # rows that have a code
    UniqueConstraint("name", "generation"),
    Index("spaces_state", "name", "state", unique=True, sqlite_where=text("state != 'retired'")),
    sqlite_autoincrement=True,  # as of items: another process may remember a generation that was dropped
)

vectors = Table(
    "vectors",
    metadata,
    Column("space_id", Integer, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("instance_id", Integer, ForeignKey("instances.id", ondelete="CASCADE"), nullable=False),
    Column("item_id", Identity, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("is_stand_in", Boolean, nullable=False, server_default="0"),  # of the thumbnail: the original was away
    Index("vectors_item_id", "item_id", "space_id"),
    Index("vectors_instance_id", "instance_id"),
    sqlite_with_rowid=False,
)

blocks = Table(
    "blocks",
    metadata,
    Column("space_id", Integer, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True),
    Column("contents", String, primary_key=True),  # vectors or codes
    Column("block", Integer, primary_key=True),
    Column("crc32", BigInteger, nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", Identity, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("source", String, nullable=False),  # name, folder, title, description, keywords, camera, place
    Column("text", Text, nullable=False),
    Index("texts_item_id", "item_id"),
)

albums = Table(
    "albums",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("made_at", String, nullable=False),
    sqlite_autoincrement=True,
)

album_items = Table(
    "album_items",
    metadata,
    Column("album_id", Integer, ForeignKey("albums.id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", Identity, ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, nullable=False),
    Index("album_items_item_id", "item_id"),
)

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", Identity, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("instance_id", Integer, ForeignKey("instances.id", ondelete="CASCADE")),
    Column("name", String, nullable=False),
    Column("is_positive", Boolean, nullable=False),
    Column("source", String, nullable=False),
    Column("made_at", String, nullable=False),
    Index("labels_item_id", "item_id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),  # "removed": do not index this content again
    Column("sha256", String(64), nullable=False),
    Column("made_at", String, nullable=False),
    UniqueConstraint("kind", "sha256"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("started_at", String, nullable=False),
    Column("ended_at", String),
    Column("arguments", JSON, nullable=False, server_default="{}"),
    Column("report", JSON),
    Column("message", Text, nullable=False, server_default=""),
)
