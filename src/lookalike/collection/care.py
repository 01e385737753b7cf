"""Keeping a collection sound: verify what is stored, mend it from the originals, remove pictures for good."""

import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import command, translated
from lookalike.catalog.vector_file import RowFile, VectorFile
from lookalike.codes.coder import read_coder
from lookalike.collection.batches import PORTION, batches, rows_among
from lookalike.collection.engine import RECORD
from lookalike.collection.facts import are_facts_sound, write_facts
from lookalike.collection.generations import items_without
from lookalike.collection.gone import GoneDescriber
from lookalike.collection.graphs import graph_file, graph_problems, graph_without
from lookalike.collection.indexes import index_problems, mend_code_index, segment_folder
from lookalike.collection.ingest import BATCH, Progress
from lookalike.collection.items import unknown
from lookalike.collection.reach import FOLDER, copy_reach
from lookalike.collection.reading import in_order
from lookalike.collection.recode import fill_codes, forget_codes
from lookalike.collection.record import whole_instances
from lookalike.collection.scan import absolute
from lookalike.collection.space_files import CODER, coder_of, load_space_files, usable_coder
from lookalike.collection.spaces import Spaces
from lookalike.collection.store import Space, Store, now, read_generations, record_rows
from lookalike.errors import BadModel, UnreadableMedia
from lookalike.media import Decoded, Decoder, open_beneath
from lookalike.types import Describer, Vectors

VERIFY_ATTEMPTS = 3

_PLACES = (
    sa.select(t.items.c.sha256, t.roots.c.path.label("root"), t.files.c.path)
    .select_from(t.items.join(t.files).join(t.roots))
    .where(t.items.c.id == sa.bindparam("item_id"))
    .order_by(t.files.c.id)
)
"""Where an item lies or lay, and the content that it should be; made once for all items."""

Told = Callable[[Progress], None]
"""Who is told how far work is."""


@dataclass(frozen=True)
class Verification:
    """What `verify` found: one sentence per problem, none when all is well."""

    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {"ok": self.ok, "problems": list(self.problems)}


@dataclass
class RepairReport:
    """What `repair` did.

    Attributes
    ----------
    described : int
        Vectors computed again from the originals.
    coded : int
        Codes computed again from the vectors.
    thumbnails : int
        Thumbnails made again.
    lost : list of (path or id, reason)
        What could not be mended now, because no original can be read.
    """

    described: int = 0
    coded: int = 0
    thumbnails: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        lost = [{"item": item, "reason": reason} for item, reason in self.lost]
        return {"described": self.described, "coded": self.coded, "thumbnails": self.thumbnails, "lost": lost}


class _Meter:
    """Counts what is done, and tells of it at every `BATCH` and at the end."""

    def __init__(self, progress: Told | None) -> None:
        self._done = self._total = 0
        self._progress = progress
        self._started = time.monotonic()

    def expect(self, number: int) -> None:
        self._total += number

    def advance(self) -> None:
        self._done += 1
        if self._progress is not None and (self._done % BATCH == 0 or self._done >= self._total):
            self._progress(Progress.since(self._started, self._done, max(self._total, self._done)))


def verify(store: Store, progress: Told | None = None) -> Verification:
    """Read everything that is stored and compare it with its checksums and counts; changes nothing.

    What was found while a writer replaced or removed files is looked at again before it is believed. Progress counts
    pictures, of which the thumbnails are most of the work, from none again at each look.
    """
    with translated(), store.engine.connect() as connection:
        watch = connection.execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(VERIFY_ATTEMPTS):
            version = watch.exec_driver_sql("PRAGMA data_version").scalar()
            problems = tuple(_problems(store, progress))
            if not problems or watch.exec_driver_sql("PRAGMA data_version").scalar() == version:
                break
    return Verification(problems)


def _problems(store: Store, progress: Told | None) -> list[str]:
    problems: list[str] = []
    if store.is_catalog_damaged():
        problems.append("the catalogue is not the file that was last closed")
    with store.engine.connect() as connection:
        for (answer,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            problems += [] if answer == "ok" else [f"the catalogue: {answer}"]
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        problems += [f"the catalogue: {len(dangling)} rows name others that are not there"] if dangling else []
        for space in read_generations(connection):
            vectors, codes = store.read_files(connection, space)
            for file in (vectors, codes):
                problems += _file_problems(space, file)
            of_indexes = index_problems(store, space, codes) + graph_problems(store, space)
            problems += [f"{_title(space)}: {problem}" for problem in of_indexes]
            problems += _row_problems(connection, space)
            problems += _folder_problems(store, space)
        meter = _Meter(progress)
        meter.expect(_n_items(connection))
        for item_id, _ in _bad_thumbnails(store, connection, meter):
            problems.append(f"the thumbnail of picture {item_id} is missing or damaged")
    return problems


def _title(space: Space) -> str:
    return f"space {space.name}" if space.state == "serving" else f"space {space.name} (generation {space.generation})"


def _file_problems(space: Space, file: RowFile) -> Iterator[str]:
    for block in file.damaged_blocks():
        rows = file.rows_of(block)
        yield f"{_title(space)}: the {file.contents} of rows {rows.start} to {rows.stop - 1} are not what was written"


def _row_problems(connection: Connection, space: Space) -> Iterator[str]:
    is_here = t.vectors.c.space_id == space.id
    n_vectors = connection.scalar(sa.select(sa.func.count()).where(is_here)) or 0
    if n_vectors != space.n_vectors:
        yield f"{_title(space)}: {space.n_vectors} vectors are expected and {n_vectors} are named"
    last = connection.scalar(sa.select(sa.func.max(t.vectors.c.row)).where(is_here))
    if last is not None and last >= space.n_rows:
        yield f"{_title(space)}: row {last} is named, but there are {space.n_rows} rows"
    if space.n_codes > space.n_rows:
        yield f"{_title(space)}: there are {space.n_codes} codes for {space.n_rows} rows"
    n_without = len(items_without(connection, space.id)) if space.state == "serving" else 0
    if n_without:
        yield f"{_title(space)}: {n_without} pictures are not described"


def _folder_problems(store: Store, space: Space) -> Iterator[str]:
    folder = store.folder_of(space)
    if not are_facts_sound(folder):
        yield f"{_title(space)}: its space.json is missing or damaged"
    if (folder / CODER).exists():
        try:
            read_coder(folder / CODER)
        except BadModel:
            yield f"{_title(space)}: its {CODER} is damaged"


def _n_items(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(t.items)) or 0


def _bad_thumbnails(store: Store, connection: Connection, meter: _Meter) -> Iterator[tuple[int, str]]:
    c = t.items.c
    for item_id, sha256, crc in connection.execute(sa.select(c.id, c.sha256, c.thumbnail_crc)):
        try:
            content = store.thumbnail_path(sha256).read_bytes()
        except OSError:
            yield item_id, sha256
        else:
            if zlib.crc32(content) != crc:
                yield item_id, sha256
        meter.advance()


class Repair:
    """One run of `repair`, by the holder of the writer lock.

    Pictures are decoded and described before a transaction begins, so that albums can be changed meanwhile.
    """

    def __init__(
        self, store: Store, spaces: Spaces, decoder: Decoder, n_workers: int, progress: Told | None = None
    ) -> None:
        self.store = store
        self.spaces = spaces
        self.decoder = decoder
        self.n_workers = n_workers
        self.report = RepairReport()
        self._meter = _Meter(progress)

    def repair(self) -> RepairReport:
        """Make again, from the originals, whatever is damaged or missing."""
        with self.store.changes.begin() as connection:
            connection.exec_driver_sql("INSERT INTO texts_index(texts_index) VALUES ('rebuild')")
        self._meter.expect(self._n_to_do())
        for space, describer in self._known().items():
            self._count(space)
            self._mend_blocks(space, describer)
            self._mend_facts(space, describer)
        for space, describer in self._known().items():
            if space.state == "serving":
                self._complete(space, describer)
        for space, describer in self._known().items():
            self.report.coded += fill_codes(self.store, space, describer)
            if (coded := self.store.as_it_is(space)) is not None:
                mend_code_index(self.store, coded, describer)
        self._mend_thumbnails()
        self.report.lost = list(dict(self.report.lost).items())  # once each, not once per space
        return self.report

    def _n_to_do(self) -> int:
        """Return how many pictures are to be described, in each space, and whose thumbnail is to be looked at."""
        with self.store.engine.connect() as connection:
            total = _n_items(connection)
            for space in self._known():
                file, _ = self.store.read_files(connection, space)
                total += sum(len(file.rows_of(block)) for block in file.damaged_blocks())
                total += len(items_without(connection, space.id)) if space.state == "serving" else 0
        return total

    def _known(self) -> dict[Space, Describer]:
        """Return the generations whose describer is installed; of the others nothing can be made again."""
        known = {space: self.spaces.describer(space) for space in self.store.generations()}
        return {space: describer for space, describer in known.items() if not isinstance(describer, GoneDescriber)}

    def _count(self, space: Space) -> None:
        is_here = t.vectors.c.space_id == space.id
        n_vectors = sa.select(sa.func.count()).where(is_here).scalar_subquery()
        with self.store.changes.begin() as connection:
            connection.execute(sa.delete(t.vectors).where(is_here, t.vectors.c.row >= space.n_rows))
            connection.execute(sa.update(t.spaces).where(t.spaces.c.id == space.id).values(n_vectors=n_vectors))

    def _mend_blocks(self, space: Space, describer: Describer) -> None:
        file, codes = self.store.load_files(space)
        damaged = file.damaged_blocks()
        if damaged or codes.damaged_blocks():
            forget_codes(self.store, space)
            space = replace(space, n_codes=0)
        for block in damaged:
            self._mend_block(space, describer, file, block)

    def _mend_block(self, space: Space, describer: Describer, file: VectorFile, block: int) -> None:
        rows = file.rows_of(block)
        c = t.vectors.c
        is_block = sa.and_(c.space_id == space.id, c.row >= rows.start, c.row < rows.stop)
        with self.store.engine.connect() as connection:
            item_of = {row.row: row.item_id for row in connection.execute(sa.select(c.row, c.item_id).where(is_block))}
        found = dict(self._described(list(item_of.values()), describer))
        vectors = np.zeros((len(rows), space.n_dims), dtype=np.float32)
        for row, item_id in item_of.items():
            if item_id in found:
                vectors[row - rows.start] = found[item_id]
        lost = [row for row, item_id in item_of.items() if item_id not in found]
        with self.store.changes.begin() as connection:
            connection.execute(sa.delete(t.vectors).where(c.space_id == space.id, c.row.in_(lost)))
            file.overwrite(rows.start, vectors)
            file.flush()
            record_rows(connection, space, file, self.store.load_files(space)[1], n_new=-len(lost))

    def _mend_facts(self, space: Space, describer: Describer) -> None:
        folder = self.store.folder_of(space)
        if usable_coder(folder, describer) is None:
            (folder / CODER).unlink(missing_ok=True)  # codes by the coder that everybody has are better than none
        if not are_facts_sound(folder):
            write_facts(folder, space.name, describer, coder_of(folder, describer))

    def _complete(self, space: Space, describer: Describer) -> None:
        """Describe what has no vector in a space."""
        file = load_space_files(self.store, space, describer)
        with self.store.engine.connect() as connection:
            without = items_without(connection, space.id).tolist()
        for item_ids in batches(iter(without), BATCH):
            found = dict(self._described(item_ids, describer))
            if not found:
                continue
            with self.store.changes.begin() as connection:
                first = file.append(np.stack(list(found.values())))
                instances = whole_instances(connection, list(found))
                values = [
                    {"space_id": space.id, "row": first + n, "instance_id": instances[item_id], "item_id": item_id}
                    for n, item_id in enumerate(found)
                ]
                connection.execute(sa.insert(t.vectors), values)
                file.record(connection, n_new=len(values))

    def _described(self, item_ids: Sequence[int], describer: Describer) -> Iterator[tuple[int, Vectors]]:
        for decoded in batches(self._decoded(item_ids), BATCH):
            vectors = describer.describe([picture.frame.image for _, picture in decoded])
            self.report.described += len(decoded)
            yield from zip((item_id for item_id, _ in decoded), vectors, strict=True)

    def _mend_thumbnails(self) -> None:
        with self.store.engine.connect() as connection:
            bad = dict(_bad_thumbnails(self.store, connection, self._meter))
        self._meter.expect(len(bad))
        is_item = t.items.c.id == sa.bindparam("item_id")
        for decoded in batches(self._decoded(list(bad)), BATCH):
            for item_id, picture in decoded:
                self.store.write_thumbnail(bad[item_id], picture.thumbnail)
            values = [
                {"item_id": item_id, "thumbnail_crc": zlib.crc32(picture.thumbnail)} for item_id, picture in decoded
            ]
            with self.store.changes.begin() as connection:
                connection.execute(sa.update(t.items).where(is_item), values)
            self.report.thumbnails += len(decoded)

    def _decoded(self, item_ids: Sequence[int]) -> Iterator[tuple[int, Decoded]]:
        """Yield items and their pictures, as many at a time as there are workers; what is lost is reported instead."""
        with ThreadPoolExecutor(self.n_workers) as readers:
            read = in_order(self._decode, item_ids, readers, ahead=4 * self.n_workers)
            for item_id, picture in zip(item_ids, read, strict=True):
                self._meter.advance()
                if isinstance(picture, Decoded):
                    yield item_id, picture
                else:
                    self.report.lost.append((f"#{item_id}", picture))

    def _decode(self, item_id: int) -> Decoded | str:
        """Return an item's picture from the first of its files that still holds it, or why there is none."""
        with self.store.engine.connect() as connection:
            places = connection.execute(_PLACES, {"item_id": item_id}).all()
        reason = "no file holds it any more"
        for place in places:
            root = Path(os.fsdecode(place.root))
            try:
                descriptor = open_beneath(root, place.path)
                try:
                    picture = self.decoder.decode(descriptor)
                finally:
                    os.close(descriptor)
            except (UnreadableMedia, OSError) as error:
                reason = str(error)
                continue
            if picture.sha256 == place.sha256:
                return picture
            reason = f"{absolute(root, place.path)} holds another picture now"
        return reason


def remove(store: Store, item_ids: Iterable[int], *, is_remembered: bool = True) -> int:
    """Delete pictures from the collection so that nothing of them stays on disk; originals are not touched.

    Vectors are overwritten in new segments, rows, words and thumbnails are deleted, and the catalogue is written anew.

    Parameters
    ----------
    is_remembered : bool
        Whether the content's SHA-256 is kept, so that the next `add` of the folder does not bring it back.

    Returns
    -------
    n_removed : int

    Raises
    ------
    ItemNotFound
        If an id is not in the collection; nothing is removed then.
    """
    ids = sorted(set(item_ids))
    with store.writing():
        with store.changes.begin() as connection:
            contents = _contents(connection, ids)
            for space in read_generations(connection):
                _forget_vectors(store, connection, space, ids)
            for part in batches(iter(ids), PORTION):
                connection.execute(sa.delete(t.texts).where(t.texts.c.item_id.in_(part)))
                connection.execute(sa.delete(t.files).where(t.files.c.item_id.in_(part)))
                connection.execute(sa.delete(t.items).where(t.items.c.id.in_(part)))
            connection.exec_driver_sql("INSERT INTO texts_index(texts_index) VALUES ('rebuild')")
            if is_remembered and contents:
                rows = [{"kind": "removed", "sha256": sha256, "made_at": now()} for sha256 in contents]
                connection.execute(sa.insert(t.decisions).prefix_with("OR IGNORE"), rows)
        for sha256 in contents:
            store.thumbnail_path(sha256).unlink(missing_ok=True)
            store.large_thumbnail_path(sha256).unlink(missing_ok=True)
        _vacuum(store)
    return len(ids)


def _contents(connection: Connection, ids: Sequence[int]) -> list[str]:
    query = sa.select(t.items.c.id, t.items.c.sha256)
    found = {row.id: row.sha256 for row in rows_among(connection, query, t.items.c.id, ids)}
    missing = [item_id for item_id in ids if item_id not in found]
    if missing:
        raise unknown(missing[0])
    return list(found.values())


def _forget_vectors(store: Store, connection: Connection, space: Space, ids: Sequence[int]) -> None:
    c = t.vectors.c
    rows: list[int] = []
    for part in batches(iter(ids), PORTION):
        is_theirs = sa.and_(c.space_id == space.id, c.item_id.in_(part))
        rows += connection.scalars(sa.select(c.row).where(is_theirs))
        connection.execute(sa.delete(t.vectors).where(is_theirs))
    if not rows:
        return
    name = _next_folder(space.folder)
    folder = store.folder / "spaces" / name
    vectors, codes = store.load_files(space)
    # A thumbnail that stood in for its original left its vector behind, perhaps that of one of these pictures.
    forgotten = np.union1d(np.array(rows, dtype=np.int64), _left_behind(connection, space, vectors))
    new_vectors = vectors.copy_without(forgotten, folder / vectors.folder.name)
    new_codes = codes.copy_without(forgotten[forgotten < codes.n_rows], folder / codes.folder.name)
    segment_folder(store.folder_of(space), space.coder).link_without(forgotten, folder / FOLDER)
    copy_reach(store.folder_of(space), folder)
    if (graph := graph_file(store.folder_of(space))) is not None:
        graph_without(graph, space.version, forgotten, folder)
    for facts in ("space.json", CODER, RECORD):
        if (store.folder_of(space) / facts).exists():  # `verify` tells if it is missed
            shutil.copy2(store.folder_of(space) / facts, folder / facts)
    connection.execute(sa.update(t.spaces).where(t.spaces.c.id == space.id).values(folder=name))
    record_rows(connection, space, new_vectors, new_codes, n_new=-len(rows))


def _left_behind(connection: Connection, space: Space, vectors: VectorFile) -> NDArray[np.int64]:
    """Return the rows (n,) that hold a vector of nobody."""
    is_free = np.ones(space.n_rows, dtype=np.bool_)
    is_here = sa.and_(t.vectors.c.space_id == space.id, t.vectors.c.row < space.n_rows)
    is_free[np.fromiter(connection.scalars(sa.select(t.vectors.c.row).where(is_here)), dtype=np.int64)] = False
    free = np.flatnonzero(is_free)
    found = [np.zeros(0, dtype=np.int64)]
    for number, segment in enumerate(vectors.segments()):
        rows = free[free // vectors.rows_per_segment == number]
        found.append(rows[segment[rows % vectors.rows_per_segment].any(axis=1)])
    return np.concatenate(found)


def _next_folder(folder: str) -> str:
    """Return the name of the folder that follows: `colour`, `colour.1`, `colour.2` ..."""
    name, _, number = folder.partition(".")
    return f"{name}.{int(number or 0) + 1}"


def _vacuum(store: Store) -> None:
    known = {space.folder for space in store.generations()}
    for folder in (store.folder / "spaces").iterdir():
        if folder.name not in known:
            shutil.rmtree(folder)
    for path in store.folder.glob("catalog-before-*.db"):
        path.unlink()
    command(store.engine, "VACUUM")
