"""Writing one batch of read pictures to the catalogue: all of it or nothing."""

import time
import zlib
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.collection.batches import PORTION, batches, rows_among
from lookalike.collection.reading import Read
from lookalike.collection.space_files import SpaceFiles
from lookalike.collection.store import now
from lookalike.finders.whole import WholeFrame
from lookalike.media import Decoded, Limits
from lookalike.types import Instances, Vectors

RACY_NS = 2_000_000_000
"""The coarsest clock of a file system in use (FAT), in nanoseconds."""


@dataclass(frozen=True)
class Described:
    """N new pictures with everything that is stored about them.

    Attributes
    ----------
    pictures : N of Decoded
        Of different contents.
    instances : N of Instances
        Of the finder that all of `vectors` share.
    vectors : mapping of int to (N, D) float32
        By the id of each generation that describes them, one row per picture.
    hashes : (N, 8) uint8
        Perceptual hashes.
    colours : N of str
        Of the pictures' quarters.
    """

    pictures: Sequence[Decoded]
    instances: Sequence[Instances]
    finder: str
    vectors: Mapping[int, Vectors]
    hashes: NDArray[np.uint8]
    colours: Sequence[str]

    def without(self, known: Container[str]) -> "Described":
        """Return those pictures whose SHA-256 is not known."""
        kept = [n for n, picture in enumerate(self.pictures) if picture.sha256 not in known]
        return Described(
            [self.pictures[n] for n in kept],
            [self.instances[n] for n in kept],
            self.finder,
            {space_id: vectors[kept] for space_id, vectors in self.vectors.items()},
            self.hashes[kept],
            [self.colours[n] for n in kept],
        )


def record_items(connection: Connection, described: Described, files: Iterable[SpaceFiles]) -> dict[str, int]:
    """Insert pictures, frames, instances and vectors; return the id of each content by its SHA-256.

    The vectors must be appended and flushed already: their last rows are these pictures'.
    """
    if not described.pictures:
        return {}
    looks = zip(described.pictures, described.hashes, described.colours, strict=True)
    rows = [_item_values(*look) for look in looks]
    item_ids = _insert(connection, t.items, rows)
    frame_ids = _insert(connection, t.frames, [{"item_id": i, "number": 0, "time": None} for i in item_ids])
    instance_ids = _insert(
        connection,
        t.instances,
        [
            _instance_values(frame_id, described.finder, instances)
            for frame_id, instances in zip(frame_ids, described.instances, strict=True)
        ],
    )
    for file in files:
        first = file.vectors.n_rows - len(item_ids)
        values = [
            {"space_id": file.space.id, "row": first + n, "instance_id": instance_id, "item_id": item_id}
            for n, (instance_id, item_id) in enumerate(zip(instance_ids, item_ids, strict=True))
        ]
        connection.execute(sa.insert(t.vectors), values)
        file.record(connection, n_new=len(values))
    for item_id, picture in zip(item_ids, described.pictures, strict=True):
        _record_texts(connection, item_id, picture)
    return dict(zip((picture.sha256 for picture in described.pictures), item_ids, strict=True))


def _insert(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> list[int]:
    statement = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(connection.scalars(statement, rows))


def _item_values(picture: Decoded, code: NDArray[np.uint8], colours: str) -> dict[str, Any]:
    metadata = picture.metadata
    height, width = picture.frame.size
    return {
        "sha256": picture.sha256,
        "kind": "picture",
        "format": picture.format,
        "n_bytes": picture.n_bytes,
        "width": width,
        "height": height,
        "n_frames": picture.n_frames,
        "taken_at": metadata.taken_at.isoformat() if metadata.taken_at else None,
        "camera": metadata.camera,
        "lens": metadata.lens,
        "latitude": metadata.latitude,
        "longitude": metadata.longitude,
        "place": metadata.place,
        "title": metadata.title,
        "description": metadata.description,
        "keywords": list(metadata.keywords),
        "perceptual_hash": code.tobytes(),
        "colours": colours,
        "thumbnail_crc": zlib.crc32(picture.thumbnail),
        "is_missing": False,
        "added_at": now(),
    }


def _instance_values(frame_id: int, finder: str, instances: Instances) -> dict[str, Any]:
    x0, y0, x1, y1 = (float(number) for number in instances.boxes[0])
    score = float(instances.scores[0])
    return {"frame_id": frame_id, "finder": finder, "x0": x0, "y0": y0, "x1": x1, "y1": y1, "score": score}


def _record_texts(connection: Connection, item_id: int, picture: Decoded) -> None:
    metadata = picture.metadata
    values = {
        "title": metadata.title,
        "description": metadata.description,
        "keywords": ", ".join(metadata.keywords),
        "camera": metadata.camera,
        "place": metadata.place,
    }
    rows = [{"item_id": item_id, "source": source, "text": text} for source, text in values.items() if text]
    if rows:
        connection.execute(sa.insert(t.texts), rows)


def whole_instances(connection: Connection, item_ids: Iterable[int]) -> dict[int, int]:
    """Return the instance that stands for the whole of each item's first frame, by item; of removed items, none."""
    query = sa.select(t.frames.c.item_id, t.instances.c.id).select_from(t.frames.join(t.instances))
    whole = query.where(t.instances.c.finder == WholeFrame.name, t.frames.c.number == 0)
    return {row.item_id: row.id for row in rows_among(connection, whole, t.frames.c.item_id, item_ids)}


def record_file(connection: Connection, read: Read, item_id: int | None) -> None:
    """Note where a content lies, or why a file has none; what it held before is kept for who comes after it."""
    candidate, found = read.candidate, read.candidate.found
    # A file written just now may change again within the same tick of its clock, unseen: look at its bytes once more.
    is_settled = read.is_final and time.time_ns() - found.mtime_ns > RACY_NS
    values = {
        "root_id": candidate.root.id,
        "path": found.path,
        "item_id": item_id if read.reason is None else candidate.item_id,
        "size": found.size,
        "mtime_ns": found.mtime_ns if is_settled else -1,
        "inode": found.inode,
        "device": found.device,
        "reason": read.reason,
        "is_missing": read.reason is not None and candidate.item_id is not None,
    }
    if candidate.file_id is None:
        connection.execute(sa.insert(t.files).values(values))
    else:
        connection.execute(sa.update(t.files).where(t.files.c.id == candidate.file_id).values(values))


def take_limits(connection: Connection, limits: Limits) -> None:
    """Note what a file may cost from now on; when it was something else, what was refused is tried again."""
    number = zlib.crc32(repr(limits).encode()) >> 1  # SQLite holds one number for its user, of 32 bits with the sign
    if connection.exec_driver_sql("PRAGMA user_version").scalar() != number:
        retry_refused(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")


def forget_removals(connection: Connection, contents: Collection[str]) -> bool:
    """Let contents (SHA-256) that are here again be no removed ones any more; return whether some were."""
    c = t.decisions.c
    return connection.execute(sa.delete(t.decisions).where(c.kind == "removed", c.sha256.in_(contents))).rowcount > 0


def retry_refused(connection: Connection) -> None:
    """Let no refused file be what it was, so that it is read when it is seen next."""
    connection.execute(sa.update(t.files).where(t.files.c.reason.is_not(None)).values(mtime_ns=-1))


def record_names(connection: Connection, item_ids: Iterable[int]) -> None:
    """Write the searchable names and folders of items anew, from the files that hold them now."""
    c = t.files.c
    query = sa.select(c.item_id, c.path, t.roots.c.path.label("root")).join(t.roots).order_by(c.id)
    for part in batches(iter(item_ids), PORTION):
        is_name = sa.and_(t.texts.c.item_id.in_(part), t.texts.c.source.in_(["name", "folder"]))
        connection.execute(sa.delete(t.texts).where(is_name))
        rows = []
        for row in connection.execute(query.where(c.item_id.in_(part), c.is_missing.is_(False))):
            *folders, name = row.path.decode(errors="replace").split("/")
            root = row.root.decode(errors="replace").rstrip("/").split("/")[-1]
            rows.append({"item_id": row.item_id, "source": "name", "text": name})
            rows.append({"item_id": row.item_id, "source": "folder", "text": " / ".join([root, *folders])})
        if rows:
            connection.execute(sa.insert(t.texts), rows)


def record_missing(connection: Connection, item_ids: Iterable[int]) -> None:
    """Note for each item whether any file still holds it."""
    holds = sa.exists().where(t.files.c.item_id == t.items.c.id, t.files.c.is_missing.is_(False))
    for item_id in item_ids:
        connection.execute(sa.update(t.items).where(t.items.c.id == item_id).values(is_missing=~holds))


def inherit(connection: Connection, item_id: int, predecessor_id: int) -> None:
    """Let a changed picture keep the labels and albums of what the file held before."""
    connection.execute(sa.update(t.items).where(t.items.c.id == item_id).values(predecessor_id=predecessor_id))
    for table in (t.labels, t.album_items):
        kept = [c for c in table.c if c.name not in ("id", "item_id", "instance_id")]
        source = sa.select(sa.literal(item_id), *kept).where(table.c.item_id == predecessor_id)
        statement = sa.insert(table).from_select([table.c.item_id, *kept], source)
        connection.execute(statement.prefix_with("OR IGNORE"))


def is_missing(connection: Connection, item_id: int) -> bool:
    """Return whether no file held the item until now."""
    return bool(connection.scalar(sa.select(t.items.c.is_missing).where(t.items.c.id == item_id)))


def take_leave(connection: Connection, file_ids: Iterable[int]) -> set[int]:
    """Mark files as vanished; return the items they held."""
    item_ids: set[int] = set()
    for file_id in file_ids:
        is_file = t.files.c.id == file_id
        item_id = connection.scalar(sa.select(t.files.c.item_id).where(is_file))
        if item_id is None:
            connection.execute(sa.delete(t.files).where(is_file))
        else:
            connection.execute(sa.update(t.files).where(is_file).values(is_missing=True, reason=None))
            item_ids.add(item_id)
    return item_ids


def forget_moved(connection: Connection, item_ids: Iterable[int]) -> int:
    """Drop the vanished places of items that lie elsewhere too; return how many items lie nowhere any more.

    A file that is there and cannot be read keeps its row: it says why, and whose labels go over once it can.
    """
    c = t.files.c
    n_nowhere = 0
    for item_id in item_ids:
        if is_missing(connection, item_id):
            n_nowhere += 1
        else:
            is_vanished = sa.and_(c.item_id == item_id, c.is_missing.is_(True), c.reason.is_(None))
            connection.execute(sa.delete(t.files).where(is_vanished))
    return n_nowhere
