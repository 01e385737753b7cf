"""Bringing a collection forward beside its other work: new generations of spaces, codes, originals that are back."""

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.batches import batches, rows_among
from lookalike.collection.describe import describe_all
from lookalike.collection.generations import drop, items_without, switch
from lookalike.collection.ingest import BATCH, Progress
from lookalike.collection.originals import original
from lookalike.collection.reading import in_order
from lookalike.collection.recode import are_codes_due, fill_codes
from lookalike.collection.record import whole_instances
from lookalike.collection.scan import is_offline, known_roots
from lookalike.collection.space_files import load_space_files
from lookalike.collection.spaces import Spaces, largest_size
from lookalike.collection.store import LOCKS, PATIENCE_SECONDS, Space, Store
from lookalike.errors import ItemNotFound, ModelNotFound, UnreadableMedia
from lookalike.lock import writer_lock
from lookalike.media import Decoder
from lookalike.types import Describer, Image, Vectors


@dataclass
class RenewReport:
    """What `renew` did.

    Attributes
    ----------
    described : int
        Pictures described.
    stand_ins : int
        How many of them by their thumbnail, because no original can be read now.
    coded : int
        Vectors that got their code.
    switched : list of str
        Spaces in which a new generation serves now.
    lost : list of (id, reason)
        Pictures of which neither an original nor the thumbnail can be read; they stay in the old generation.
    """

    described: int = 0
    stand_ins: int = 0
    coded: int = 0
    switched: list[str] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        counts = {name: getattr(self, name) for name in ("described", "stand_ins", "coded", "switched")}
        return counts | {"lost": [{"item": item, "reason": reason} for item, reason in self.lost]}


@dataclass(frozen=True)
class _Seen:
    """A picture as it was read: its pixels, and whether they are of its thumbnail; or a reason for none."""

    item_id: int
    image: Image | None = None
    is_stand_in: bool = False
    reason: str = ""


class Renewal:
    """One run of `renew`. It becomes the writer only for the moments of a commit, so that others can add meanwhile.

    All that is committed stays, whenever it is interrupted; the next run goes on from there.

    Parameters
    ----------
    store : Store
    spaces : Spaces
    decoder_of : callable
        Takes the longer side that the describers want, in pixels, and returns the decoder to read pictures with.
    n_workers : int
        Pictures that are read at the same time.
    progress : callable or None
    """

    def __init__(
        self,
        store: Store,
        spaces: Spaces,
        decoder_of: Callable[[int], Decoder],
        n_workers: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.store = store
        self.spaces = spaces
        self.report = RenewReport()
        self._decoder_of = decoder_of
        self._n_workers = n_workers
        self._progress = progress
        self._started = time.monotonic()
        self._done = 0
        self._tried: set[int] = set()  # in vain, or of no use: an original that is still away
        self._lost: set[int] = set()

    def renew(self) -> RenewReport:
        """Bring everything forward, and let complete generations serve.

        Raises
        ------
        CollectionBusy
            If another process is renewing, or one is writing for more than half a minute.
        CollectionDamaged
            If vectors that need codes are damaged.
        """
        with writer_lock(self.store.folder / LOCKS[2]):
            self._begin()
            for space, describer in self.spaces.targets().items():
                self.report.coded += fill_codes(self.store, space, describer, self._turn)
            size = largest_size(self.spaces.targets().values())
            with self._decoder_of(size) as decoder:
                while not self._switched():
                    self._describe(decoder)
        return self.report

    def _turn(self) -> AbstractContextManager[None]:
        return self.store.writing(patience=PATIENCE_SECONDS)

    def _begin(self) -> None:
        """Begin what is wished for, in the place of what is being built and wished for no more."""
        with self._turn():
            wished = self.spaces.wished()
            for space in self.store.generations():
                if space.state == "building" and _is_unwanted(space, wished):
                    drop(self.store, space)
            self.spaces.ensure()

    def _switched(self) -> bool:
        """Let serve what is complete; return whether nothing is left to describe."""
        if len(self._to_describe()):
            return False
        with self._turn():
            for space in self.store.generations():
                with self.store.changes.begin() as connection:
                    if space.state == "building" and self._lost.issuperset(items_without(connection, space.id)):
                        switch(connection, space.name)
                        self.report.switched.append(space.name)
        return not len(self._to_describe())

    def _to_describe(self) -> NDArray[np.int64]:
        """Return the items (n,) that some generation lacks or describes by a thumbnail, what is looked at first."""
        targets = self.spaces.targets()
        with translated(), self.store.engine.connect() as connection:
            lacking = [items_without(connection, space.id) for space in targets]
            lacking.append(_improvable(connection, targets))
            wanted = np.setdiff1d(np.unique(np.concatenate(lacking)), np.array(sorted(self._tried), dtype=np.int64))
            if not len(wanted):
                return wanted
            c = t.items.c
            shown_at = sa.func.coalesce(c.taken_at, c.added_at)
            query = sa.select(c.id).order_by(c.looked_at.desc().nulls_last(), shown_at.desc(), c.id.desc())
            ordered = np.fromiter(connection.scalars(query), dtype=np.int64)
        return ordered[np.isin(ordered, wanted)]

    def _describe(self, decoder: Decoder) -> None:
        ids = self._to_describe()
        total = self._done + len(ids)
        with ThreadPoolExecutor(self._n_workers) as readers:
            read = in_order(lambda item_id: self._read(item_id, decoder), ids.tolist(), readers, 4 * self._n_workers)
            for seen in batches(read, BATCH):
                self._take(seen)
                self._done += len(seen)
                if self._progress is not None:
                    self._progress(Progress.since(self._started, self._done, total))

    def _read(self, item_id: int, decoder: Decoder) -> _Seen:
        """Return a picture's original, or its thumbnail where that cannot be read."""
        try:
            with original(self.store, item_id) as file:
                decoded = decoder.decode(file.descriptor)
            if decoded.sha256 == file.sha256:
                return _Seen(item_id, decoded.frame.image)
            reason = f"{file.path} holds another picture now"
        except ItemNotFound:
            return _Seen(item_id)  # removed meanwhile, and missed by nobody
        except (UnreadableMedia, OSError) as error:
            reason = str(error)
        try:
            return _Seen(item_id, self._thumbnail(item_id, decoder), is_stand_in=True)
        except (UnreadableMedia, OSError) as error:
            return _Seen(item_id, reason=f"{reason}; its thumbnail: {error}")

    def _thumbnail(self, item_id: int, decoder: Decoder) -> Image | None:
        """Return a picture's thumbnail, None if it was removed meanwhile."""
        with self.store.engine.connect() as connection:
            facts = sa.select(t.items.c.sha256, t.items.c.thumbnail_crc).where(t.items.c.id == item_id)
            item = connection.execute(facts).one_or_none()
        if item is None:
            return None
        path = self.store.thumbnail_path(item.sha256)
        content = path.read_bytes()
        if zlib.crc32(content) != item.thumbnail_crc:
            raise UnreadableMedia(f"{path} is not what was written")
        return decoder.decode_bytes(content).frame.image

    def _take(self, seen: Sequence[_Seen]) -> None:
        """Describe pictures in all generations that lack them, and commit that."""
        for picture in seen:
            if picture.image is None or picture.is_stand_in:
                self._tried.add(picture.item_id)
            if picture.reason:
                self._lost.add(picture.item_id)
                self.report.lost.append((f"#{picture.item_id}", picture.reason))
        shown = [picture for picture in seen if picture.image is not None]
        targets = {space.id: describer for space, describer in self.spaces.targets().items()}
        with self.store.engine.connect() as connection:
            needed = {key: targets[key] for key in targets if any(_wanted(connection, key, shown))}
        if not needed:
            return
        vectors = describe_all([picture.image for picture in shown if picture.image is not None], needed)
        with self._turn(), self.store.changes.begin() as connection:
            described = self._commit(connection, shown, vectors, needed)
        self.report.described += len(described)
        self.report.stand_ins += sum(picture.is_stand_in for picture in described)

    def _commit(
        self,
        connection: Connection,
        shown: Sequence[_Seen],
        vectors: Mapping[int, Vectors],
        describers: Mapping[int, Describer],
    ) -> list[_Seen]:
        """Store the vectors of pictures that are still there in generations that still lack them; return which."""
        instances = whole_instances(connection, [picture.item_id for picture in shown])
        taken: dict[int, _Seen] = {}
        for space in self.store.generations():
            if space.id not in vectors or space.state == "retired" or space.version != describers[space.id].version:
                continue
            wanted = np.array(_wanted(connection, space.id, shown)) & [p.item_id in instances for p in shown]
            pictures = [picture for picture, is_wanted in zip(shown, wanted, strict=True) if is_wanted]
            if pictures:
                files = load_space_files(self.store, space, describers[space.id])
                n_replaced = _forget_stand_ins(connection, space, [picture.item_id for picture in pictures])
                first = files.append(vectors[space.id][wanted])
                rows = [
                    {
                        "space_id": space.id,
                        "row": first + n,
                        "instance_id": instances[picture.item_id],
                        "item_id": picture.item_id,
                        "is_stand_in": picture.is_stand_in,
                    }
                    for n, picture in enumerate(pictures)
                ]
                connection.execute(sa.insert(t.vectors), rows)
                files.record(connection, n_new=len(rows) - n_replaced)
                taken.update({picture.item_id: picture for picture in pictures})
        return list(taken.values())


def is_due(store: Store, spaces: Spaces) -> bool:
    """Return whether `Renewal` has anything to do."""
    try:
        wished = spaces.wished()
    except ModelNotFound:  # it would only say so
        return False
    if any(space.state != "retired" and _is_unwanted(space, wished) for space in store.generations()):
        return True
    targets = spaces.targets()
    if any(space.state == "building" for space in targets):
        return True
    if any(are_codes_due(store, space, describer) for space, describer in targets.items()):
        return True
    with translated(), store.engine.connect() as connection:
        return len(_improvable(connection, targets)) > 0


def _is_unwanted(space: Space, wished: Mapping[str, Describer]) -> bool:
    return space.name in wished and space.version != wished[space.name].version


def _improvable(connection: Connection, spaces: Mapping[Space, Describer]) -> NDArray[np.int64]:
    """Return the items (n,) that a generation knows by their thumbnail, and whose original may be read again."""
    online = [root.id for root in known_roots(connection) if not is_offline(connection, root)]
    query = sa.select(t.vectors.c.item_id).join(t.files, t.files.c.item_id == t.vectors.c.item_id)
    is_back = sa.and_(t.files.c.is_missing.is_(False), t.files.c.root_id.in_(online))
    is_theirs = sa.and_(t.vectors.c.is_stand_in.is_(True), t.vectors.c.space_id.in_([space.id for space in spaces]))
    return np.fromiter(connection.scalars(query.where(is_back, is_theirs).distinct()), dtype=np.int64)


def _wanted(connection: Connection, space_id: int, pictures: Sequence[_Seen]) -> list[bool]:
    """Return for each picture whether a generation lacks it, or has its thumbnail only and can have the original."""
    c = t.vectors.c
    query = sa.select(c.item_id, c.is_stand_in).where(c.space_id == space_id)
    ids = [picture.item_id for picture in pictures]
    known = {row.item_id: row.is_stand_in for row in rows_among(connection, query, c.item_id, ids)}
    return [
        picture.item_id not in known or (known[picture.item_id] and not picture.is_stand_in) for picture in pictures
    ]


def _forget_stand_ins(connection: Connection, space: Space, item_ids: Sequence[int]) -> int:
    c = t.vectors.c
    is_old = sa.and_(c.space_id == space.id, c.item_id.in_(item_ids))
    return connection.execute(sa.delete(t.vectors).where(is_old)).rowcount
