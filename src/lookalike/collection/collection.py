"""The core object: what every front end calls."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Literal, Self

import numpy as np
import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection import albums, care
from lookalike.collection import items as rows
from lookalike.collection.albums import Album
from lookalike.collection.audit import Audit, audit
from lookalike.collection.backup import BackupReport, backup
from lookalike.collection.codes import CodesReport, codes_report, train_codes
from lookalike.collection.engine import engine_of, engine_url, searched_engine
from lookalike.collection.export import ExportReport, Wanted, export, format_of
from lookalike.collection.filters import Condition, condition_of, split
from lookalike.collection.gallery import Gallery, Order, gallery
from lookalike.collection.generations import Generation, generations
from lookalike.collection.gone import GoneDescriber
from lookalike.collection.graphs import build_graph, drop_graph, keep_graph
from lookalike.collection.hits import Hit, Hits
from lookalike.collection.indexes import keep_code_index
from lookalike.collection.ingest import AddReport, Ingest, Progress, timed
from lookalike.collection.items import Item
from lookalike.collection.job_rows import JobLog
from lookalike.collection.label import Labels, choose_labels
from lookalike.collection.looking import LookLog
from lookalike.collection.looks import looks_of, reading_view
from lookalike.collection.originals import Original, open_original
from lookalike.collection.problems import Problem, problems
from lookalike.collection.push import Push, PushCheck, PushReport, spaces_to_push
from lookalike.collection.renew import Renewal, RenewReport, is_due
from lookalike.collection.search import Page, answer
from lookalike.collection.space_indexes import Wishes
from lookalike.collection.spaces import PICTURE, Spaces, largest_size
from lookalike.collection.stats import Stats, stats
from lookalike.collection.store import Space, Store
from lookalike.collection.suggest import Facets, Suggestion, complete, facets
from lookalike.collection.thumbnails import LARGE_SIDE, LargeThumbnails, sha256_of_item, small_thumbnail
from lookalike.collection.uploads import Uploaded, Uploads
from lookalike.collection.view import judges
from lookalike.errors import BadQuery, CollectionBusy
from lookalike.media import Decoder
from lookalike.media.limits import limits_of
from lookalike.query import And, Term, Upload, image, parse
from lookalike.settings import Settings, load_settings
from lookalike.types import WordedDescriber

Query = Term | str | Path
Pictures = Iterable[int | Item | Hit]
"""Pictures of a collection: ids, items, or the hits of a search."""


class Collection:
    """A directory that holds what is known about pictures; the pictures themselves stay where they are, untouched.

    Parameters
    ----------
    folder : Path
        The collection's directory.
    make : bool
        Whether to make it if it is missing.
    settings : Settings or None
        None takes those of the process.
    """

    def __init__(self, folder: Path, *, make: bool = True, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()
        self.folder = folder
        self._store = Store(folder, make=make)
        wishes = Wishes(
            kind=None if self.settings.index == "auto" else self.settings.index,
            engine=None if self.settings.engine is None else searched_engine(self.settings, self.settings.engine),
        )
        self._spaces = Spaces(self._store, self.settings.models, self.settings.model, wishes)
        self._uploads = Uploads()
        self._look_log = LookLog(self._store)
        self._decoders: dict[int, Decoder] = {}
        self._large = LargeThumbnails(
            self._store, lambda file: self._lasting_decoder(LARGE_SIDE).decode(file), self.settings.preview_bytes
        )
        self._facets: tuple[int, Facets] | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Collection({str(self.folder)!r})"

    def __len__(self) -> int:
        """Return the number of pictures that some file holds."""
        query = sa.select(sa.func.count()).select_from(t.items).where(t.items.c.is_missing.is_(False))
        with translated(), self._store.engine.connect() as connection:
            return connection.scalar(query) or 0

    def close(self) -> None:
        """Close the collection's files, and end the processes that decode uploads and large thumbnails."""
        with self._lock, ExitStack() as stack:
            for decoder in self._decoders.values():
                stack.callback(decoder.close)
            self._decoders.clear()
        self._look_log.close()
        self._store.close()

    def add(self, *paths: str | os.PathLike[str], progress: Callable[[Progress], None] | None = None) -> AddReport:
        """Index what is new below files and folders; without any, below all that were ever added.

        Work is committed about every second; after an interruption the next call goes on from there.

        Raises
        ------
        CollectionBusy
            If another process is adding.
        StorageFull
            If the disk is full; what was indexed so far is safe.
        """
        with self._store.writing():
            places = [Path(os.path.expanduser(path)) for path in paths]  # noqa: PTH111 - "~nobody" may be a name
            targets = self._spaces.ensure()
            ingest = Ingest(self._store, targets, progress)
            with self._decoder(largest_size(targets.values()), self.settings.workers) as decoder:
                report = ingest.add(places, decoder, self.settings.workers)
            self._keep_indexes()
            return report

    def _keep_indexes(self) -> None:
        """Bring the indexes of codes up to date; only for the holder of the writer lock."""
        for space, describer in self._spaces.targets().items():
            keep_code_index(self._store, space, describer)
            keep_graph(self._store, space, self.settings.workers)

    def _keep_indexes_soon(self) -> None:
        """Bring the indexes up to date now, or let who is writing do it when that is done."""
        with suppress(CollectionBusy), self._store.writing():
            self._keep_indexes()

    def _decoder(self, size: int, n_workers: int) -> Decoder:
        return Decoder(n_workers=n_workers, size=size, limits=limits_of(self.settings))

    def _lasting_decoder(self, size: int) -> Decoder:
        """Return a decoder with one process, which waits for the next picture until the collection is closed."""
        with self._lock:
            if size not in self._decoders:
                self._decoders[size] = self._decoder(size, 1)
            return self._decoders[size]

    def search(
        self,
        query: Query,
        *,
        k: int = 20,
        start: int = 0,
        cutoff: float | None = None,
        generation: int | None = None,
    ) -> Hits:
        """Return what answers a query, best first.

        Parameters
        ----------
        query : Term, str or Path
            Terms combined with ``&``, ``|``, ``~`` and weights; a line of the query syntax; or the path of a picture.
        k : int
            Hits at most, from 1 to 1,000.
        start : int
            Hits to pass over: the next page begins at ``start + k``.
        cutoff : float or None
            The smallest score to show; None means 0.5 where scores are calibrated, 0 where a space only ranks.
        generation : int or None
            The generation of the space `picture` to search in, also while it is being built; None means what serves.

        Raises
        ------
        BadQuery
            If the query cannot be understood or answered, or there is no such generation.
        ItemNotFound
            If it names a picture that is not here.
        UnknownWords
            If it asks for words in what pictures show alone, and what describes them does not understand the words.
        UnreadableMedia
            If it names a file that is no readable picture.
        """
        started = time.perf_counter()
        page = Page(k, start, cutoff)
        term = _term(query)
        looks, reasons = looks_of(term, self._store, self._spaces.at(generation), self._uploads)
        hits = answer(
            self._store,
            term,
            looks,
            page,
            n_neighbours=self.settings.expansion,
            seconds=self.settings.query_seconds,
            started=started,
        )
        return replace(hits, note=" ".join(reasons)) if reasons and not hits else hits

    def found_alone(self, query: Query) -> list[tuple[Term, int | None]]:
        """Return for each term that a query demands how many pictures it would find alone.

        None stands for a term of which that is not known, and for one that cannot stand alone.

        Raises
        ------
        BadQuery, ItemNotFound, UnreadableMedia
            As `search` does.
        """
        term = _term(query)
        return [(child, self._n_found(child)) for child in (term.children if isinstance(term, And) else (term,))]

    def _n_found(self, term: Term) -> int | None:
        try:
            return self.search(term, k=1).n_found
        except BadQuery:
            return None

    def upload(self, file: int) -> Uploaded:
        """Take a picture to ask with, `image(uploaded.upload)`; it stays in memory for an hour, never on disk.

        Parameters
        ----------
        file : int
            The descriptor of a regular file that is open for reading.

        Raises
        ------
        UnreadableMedia
            If it is no picture that can be read within the limits.
        """
        return self._uploads.keep(self._lasting_decoder(largest_size(self._spaces.describers().values())).decode(file))

    def uploaded(self, upload: Upload) -> Uploaded:
        """Return what was uploaded; raises `ItemNotFound` if it is forgotten."""
        return self._uploads.find(upload)

    def gallery(
        self,
        order: Order = "taken",
        *,
        query: Query | None = None,
        album: int | None = None,
        after: str | None = None,
        limit: int = 5000,
    ) -> Gallery:
        """Return one page of pictures, with no more about each than it takes to lay them out.

        Parameters
        ----------
        order : str
            "taken", "added" or "album", which needs an album.
        query : Term, str, Path or None
            Only what meets these filters, and words in names and metadata; nothing that ranks.
        album : int or None
            Only the pictures of the album with this id.
        after : str or None
            The `next` of the page before.
        limit : int
            Pictures at most, from 1 to 20,000.

        Raises
        ------
        BadQuery
            If the order, the query, or the page cannot be.
        ItemNotFound
            If there is no such album.
        """
        if album is not None:
            albums.name_of(self._store, album)
        if order == "album" and album is None:
            raise BadQuery("the order of an album needs an album; say which")
        return gallery(self._store, order, condition=_condition(query), album_id=album, after=after, limit=limit)

    def thumbnail(self, item_id: int, size: Literal["small", "large"] = "small") -> bytes:
        """Return a picture as WebP whose longer side is at most 384 ("small") or 1,600 pixels ("large").

        Large ones are made when they are first asked for.

        Raises
        ------
        ItemNotFound
            If the id is not in the collection.
        UnreadableMedia
            If a large one is not there yet and the original cannot be read now.
        """
        sha256 = self.sha256(item_id)
        return small_thumbnail(self._store, sha256) if size == "small" else self._large.read(item_id, sha256)

    def sha256(self, item_id: int) -> str:
        """Return the SHA-256 of a picture; raises `ItemNotFound` if the id is not in the collection."""
        return sha256_of_item(self._store, item_id)

    def open_original(self, item_id: int) -> Original:
        """Open the file of a picture for reading; the caller closes its descriptor.

        Raises
        ------
        ItemNotFound
            If the id is not in the collection.
        UnreadableMedia
            If no file can be read now that still holds the picture.
        """
        return open_original(self._store, item_id)

    def facets(self) -> Facets:
        """Return the years, formats, cameras, places, folders and albums that pictures can be filtered by."""
        version = self.version()
        known = self._facets
        if known is None or known[0] != version:
            known = self._facets = (version, facets(self._store))
        return known[1]

    def complete(self, text: str, k: int = 8) -> list[Suggestion]:
        """Return how what somebody types may go on, grouped, `k` at most."""
        return complete(self._store, self.facets(), self.words(), text, k)

    def words(self) -> tuple[str, ...]:
        """Return the words that what describes pictures knows, sorted; none if it takes free words, or no words."""
        describer = self._spaces.describers()[PICTURE]
        return describer.known_words if isinstance(describer, WordedDescriber) else ()

    def problems(self) -> list[Problem]:
        """Return why files are not indexed, the most frequent reason first."""
        return problems(self._store)

    def version(self) -> int:
        """Return a number that is another one after each change that is committed, by whomever."""
        return self._store.version()

    def verify(self, *, progress: Callable[[Progress], None] | None = None) -> care.Verification:
        """Read all that is stored and compare it with its checksums and counts; changes nothing."""
        return care.verify(self._store, progress)

    def repair(self, *, progress: Callable[[Progress], None] | None = None) -> care.RepairReport:
        """Make again, from the originals, what is damaged or missing."""
        with self._store.writing():
            size = largest_size(self._spaces.ensure().values())
            n_workers = self.settings.workers
            with self._decoder(size, n_workers) as decoder:
                report = care.Repair(self._store, self._spaces, decoder, n_workers, progress).repair()
            self._keep_indexes()
            return report

    def renew(self, *, progress: Callable[[Progress], None] | None = None) -> RenewReport:
        """Describe pictures anew where another version or model should describe them, beside what serves until then.

        What is looked at comes first. Others can add meanwhile; after an interruption the next call goes on from there.
        Codes that are missing are made too, and vectors of thumbnails whose original is back are replaced.

        Raises
        ------
        CollectionBusy
            If another process is renewing, or writing for more than half a minute.
        ModelNotFound
            If the network that should describe is not installed.
        StorageFull
            If the disk is full; what was described so far is safe.
        """
        n_workers = self.settings.workers
        with translated():
            renewal = Renewal(
                self._store, self._spaces, lambda size: self._decoder(size, n_workers), n_workers, progress
            )
            report = renewal.renew()
        self._keep_indexes_soon()
        return report

    def is_renewal_due(self) -> bool:
        """Return whether `renew` has anything to do."""
        return is_due(self._store, self._spaces)

    def use_model(self, name: str) -> Generation:
        """Have pictures described by another network from now on; return the generation that it makes.

        If that is complete, as one that served before, it serves at once; otherwise when `renew` has completed it.

        Parameters
        ----------
        name : str
            An installed network's, or "bundled", or "classics": colour, texture and shape together.

        Raises
        ------
        ModelNotFound
            If there is none of this name.
        CollectionBusy
            If another process is writing.
        """
        with self._store.writing():
            space = self._spaces.use(name)
        return next(generation for generation in self.generations() if _is(generation, space))

    def model_names(self) -> list[str]:
        """Return the names that `use_model` takes."""
        return self._spaces.names()

    def drop_generation(self, space: str, generation: int) -> None:
        """Delete a generation of a space that does not serve; one that is being built is given up.

        Raises
        ------
        BadQuery
            If there is none, or it serves.
        CollectionBusy
            If another process is writing.
        """
        with self._store.writing():
            self._spaces.drop(space, generation)

    def codes(self, space: str = PICTURE) -> CodesReport:
        """Tell what makes the codes of a space, and how well they find what is nearest; raises `BadQuery` as below."""
        return codes_report(self._spaces.view(space))

    def train_codes(self, space: str = PICTURE, *, progress: Callable[[Progress], None] | None = None) -> CodesReport:
        """Train what makes the codes of a space on its own vectors, without labels, and make all codes anew.

        Raises
        ------
        BadQuery
            If there is no such space, or it holds fewer than 256 vectors.
        CollectionBusy
            If another process is writing when the training has ended.
        """
        view = self._spaces.view(space)
        train_codes(self._store, view, view.describer, timed(progress))
        return self.codes(space)

    def audit(self, space: str = PICTURE, *, progress: Callable[[Progress], None] | None = None) -> Audit:
        """Measure what the indexes of a space miss, and how quick they are, with its own pictures and words as queries.

        Raises
        ------
        BadQuery
            If there is no such space.
        """
        return audit(self._spaces.view(space), timed(progress))

    def build_graph(self, space: str = PICTURE, *, progress: Callable[[Progress], None] | None = None) -> int:
        """Build the exploration graph of a space, which then answers where the space is large; return its vectors.

        Others can search and add meanwhile. What comes later is scanned until it is worth being added to the graph.

        Raises
        ------
        BadQuery
            If there is no such space, or it is empty.
        CollectionBusy
            If another process is writing when the graph is complete.
        LookalikeError
            If this machine has no deglib.
        """
        return build_graph(self._store, self._spaces.find(space), self.settings.workers, timed(progress))

    def drop_graph(self, space: str = PICTURE) -> bool:
        """Delete the exploration graph of a space; return whether there was one."""
        with self._store.writing():
            return drop_graph(self._store, self._spaces.find(space))

    def push(
        self,
        space: str = PICTURE,
        *,
        name: str | None = None,
        n_shards: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> PushReport:
        """Bring the search engine of the settings up to date with a space: what is new or changed is written there.

        Parameters
        ----------
        name, n_shards
            As in `Push.push`.

        Raises
        ------
        BadQuery
            If there is no such space, it has no codes, or no engine is set.
        CollectionBusy
            If another process pushes the space.
        EngineUnavailable, EngineRefused
            If the engine gives no answer, or no right; what it took is safe, and the next call goes on from there.
        """
        return self._push(space, progress).push(name, n_shards)

    def spaces_to_push(self) -> list[str]:
        """Return the spaces that a search engine should know: `picture`, and all that were pushed before."""
        return spaces_to_push(self._store)

    def check_push(self, space: str = PICTURE, *, progress: Callable[[Progress], None] | None = None) -> PushCheck:
        """Compare what a search engine holds and answers with what is here; raises as `push` does."""
        return self._push(space, progress).check()

    def _push(self, space: str, progress: Callable[[Progress], None] | None) -> Push:
        engine = engine_of(self.settings, engine_url(self.settings))
        return Push(self._store, self._spaces.view(space), engine, timed(progress))

    def generations(self) -> list[Generation]:
        """Return all generations of all spaces, by name, the oldest first."""
        found = self._store.generations()
        known = [(space, not isinstance(self._spaces.describer(space), GoneDescriber)) for space in found]
        with translated():
            return generations(self._store, known)

    @property
    def job_log(self) -> JobLog:
        """The table of long work that `lookalike.jobs` does."""
        return JobLog(self._store)

    def remove(self, ids: Iterable[int], *, is_remembered: bool = True) -> int:
        """Delete pictures from the collection, never their files, so that nothing of them stays on disk."""
        n_removed = care.remove(self._store, ids, is_remembered=is_remembered)
        self._keep_indexes_soon()
        return n_removed

    def item(self, item_id: int) -> Item:
        """Return what is known about one picture.

        Raises
        ------
        ItemNotFound
            If the id is not in the collection.
        """
        return rows.item(self._store, item_id)

    def note_look(self, item_id: int) -> None:
        """Note that somebody opened a picture: what is looked at comes first in `renew`. Never waits, never fails."""
        self._look_log.note(item_id)

    def items(self, query: Query | None = None, *, k: int = 20, after: int = 0) -> Iterator[Item]:
        """Yield what is known about pictures, reading them in portions, so that a large collection takes no memory.

        Parameters
        ----------
        query : Term, str, Path or None
            Filters alone, and words where pictures are described without words: all pictures that meet them, by id.
            Anything that ranks: the best `k` hits, each followed by its near-copies. None: all pictures by id, also
            those that no file holds any more.
        k : int
            From 1 to 1,000; only for a query that ranks.
        after : int
            Only ids beyond this one; not for a query that ranks.

        Raises
        ------
        BadQuery, ItemNotFound, UnreadableMedia
            As `search` does.
        """
        return rows.items(self._store, self._ids(query, k, after))

    def _ids(self, query: Query | None, k: int, after: int = 0) -> Iterable[int]:
        if query is None:
            return rows.ids_where(self._store, None, after)
        term = _term(query)
        filters, ranked = split(term)
        if filters is not None and ranked is None and not looks_of(term, self._store, self._spaces, self._uploads)[0]:
            is_here = t.items.c.is_missing.is_(False)
            return rows.ids_where(self._store, sa.and_(is_here, condition_of(filters)), after)
        return [found.id for hit in self.search(query, k=k) for found in (hit, *hit.copies)]

    def spaces(self) -> dict[str, bool]:
        """Return the spaces that pictures can be compared in, by name, and whether the scores of each are judged."""
        known = {space.name for space in self._store.spaces()}
        return {name: judges(describer) for name, describer in self._spaces.describers().items() if name in known}

    def albums(self) -> list[Album]:
        """Return all albums, by name."""
        return albums.albums(self._store)

    def album_name(self, album_id: int) -> str:
        """Return the name of the album with an id; raises `ItemNotFound` if there is none."""
        return albums.name_of(self._store, album_id)

    def covers(self) -> dict[int, list[Item]]:
        """Return the first four pictures of each album that holds any, by the album's id."""
        ids = albums.cover_ids(self._store)
        wanted = (item_id for cover in ids.values() for item_id in cover)
        known = {item.id: item for item in rows.items(self._store, wanted)}
        return {album: [known[item_id] for item_id in cover if item_id in known] for album, cover in ids.items()}

    def album(self, name: str) -> Iterator[Item]:
        """Yield the pictures of an album, in its order.

        Raises
        ------
        ItemNotFound
            If there is no such album.
        """
        return rows.items(self._store, albums.album_ids(self._store, name))

    def make_album(self, name: str, items: Pictures = (), *, query: Query | None = None, k: int = 20) -> int:
        """Make an album of pictures and of what a query answers now, in this order; return how many it holds.

        Parameters
        ----------
        name : str
            ``where(album=name)`` and ``album:name`` search in it.
        items : iterable of int, Item or Hit
        query, k
            As in `items`.

        Raises
        ------
        BadQuery
            If the name is taken or cannot be one, or the query cannot be understood.
        ItemNotFound
            If a picture is not here; there is no album then.
        """
        return albums.make(self._store, name, self._chosen(items, query, k))

    def add_to_album(self, name: str, items: Pictures = (), *, query: Query | None = None, k: int = 20) -> int:
        """Put pictures at an album's end; return how many it did not hold before. Raises as `make_album` does."""
        return albums.add(self._store, name, self._chosen(items, query, k))

    def _chosen(self, items: Pictures, query: Query | None, k: int) -> list[int]:
        return _ids_of(items) if query is None else [*_ids_of(items), *self._ids(query, k)]

    def remove_from_album(self, name: str, items: Pictures) -> int:
        """Take pictures out of an album, not out of the collection; return how many of them it held.

        Raises
        ------
        ItemNotFound
            If there is no such album.
        """
        return albums.remove(self._store, name, _ids_of(items))

    def rename_album(self, name: str, new_name: str) -> None:
        """Give an album another name.

        Raises
        ------
        BadQuery
            If the new name is taken or cannot be one.
        ItemNotFound
            If there is no such album.
        """
        albums.rename(self._store, name, new_name)

    def delete_album(self, name: str) -> None:
        """Delete an album; its pictures stay in the collection.

        Raises
        ------
        ItemNotFound
            If there is no such album.
        """
        albums.delete(self._store, name)

    def label(
        self,
        labels: Sequence[str],
        *,
        templates: Sequence[str] | None = None,
        items: Pictures | None = None,
        query: Query | None = None,
        k: int = 20,
    ) -> Labels:
        """Choose for each picture which of some labels says best what it shows.

        Parameters
        ----------
        labels : sequence of str
            At least two words or phrases.
        templates : sequence of str or None
            Sentences with ``{}`` where the label goes, whose vectors are averaged; None takes those of the describer.
        items : iterable of int, Item or Hit, or None
            Which pictures; None leaves it to the query.
        query, k
            Which pictures, as in the method `items`; without either, all that some file holds.

        Raises
        ------
        BadQuery
            If the pictures are described without words, or the labels, templates or query cannot be.
        UnknownWords
            If what describes the pictures does not understand a label.

        Examples
        --------
        ::

            found = photos.label(["cat", "dog"])
            photos.make_album("dogs", found.ids_of("dog"))
        """
        view, describer = reading_view(self._spaces)
        return choose_labels(self._store, view, describer, self._labelled(items, query, k), labels, templates)

    def _labelled(self, items: Pictures | None, query: Query | None, k: int) -> Iterable[int]:
        if items is not None:
            return _ids_of(items)
        if query is not None:
            return self._ids(query, k)
        return rows.ids_where(self._store, t.items.c.is_missing.is_(False))

    def stats(self) -> Stats:
        """Count what the collection holds."""
        return stats(self._store)

    def export(
        self,
        destination: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002 - what everybody calls it
        *,
        items: Pictures | None = None,
        query: Query | None = None,
        k: int = 20,
        vectors: bool = False,
        strip_gps: bool = False,
        force: bool = False,
    ) -> ExportReport:
        """Write what is known about pictures for other programs.

        Parameters
        ----------
        destination : path
            A file, or for Parquet a directory of ``items.parquet`` and ``ids.npy``.
        format : str or None
            "jsonl", "csv" or "parquet"; None takes it from the destination's name: .jsonl, .csv, no suffix.
        items : iterable of int, Item or Hit, or None
            Which pictures, in this order; None leaves it to the query.
        query, k
            Which pictures, as in the method `items`.
        vectors : bool
            Whether a Parquet export also holds the vectors of each space: ``<space>.npy``, (N, D) float16, in the order
            of ``ids.npy``, NaN where a picture is not described.
        strip_gps : bool
            Whether coordinates and place names are left out.
        force : bool
            Whether an earlier export may be replaced.

        Raises
        ------
        BadQuery
            If the format or the query cannot be understood.
        LookalikeError
            If something is there already, or pyarrow is not installed.
        """
        path = Path(os.path.expanduser(destination))  # noqa: PTH111 - as above
        format_ = format_of(path, format, vectors=vectors)
        chosen = self._ids(query, k) if items is None else _ids_of(items)
        ids = np.fromiter(chosen, dtype=np.int64)
        views = [self._spaces.view(space.name) for space in self._store.spaces()] if vectors else []
        return export(self._store, path, format_, Wanted(ids, views, has_gps=not strip_gps), force=force)

    def backup(self, destination: str | os.PathLike[str]) -> BackupReport:
        """Copy the collection to a new directory, which opens like the collection; the pictures are not copied.

        Raises
        ------
        LookalikeError
            If the destination exists, or lies in the collection.
        StorageFull
            If its disk has no room.
        CollectionBusy
            If another process is writing.
        """
        return backup(self._store, Path(os.path.expanduser(destination)))  # noqa: PTH111 - as above


def _term(query: Query) -> Term:
    if isinstance(query, Term):
        return query
    if isinstance(query, Path):
        return image(query)
    return parse(query, paths=True)


def _condition(query: Query | None) -> Condition | None:
    if query is None:
        return None
    filters, ranked = split(_term(query))
    if filters is None or ranked is not None:
        raise BadQuery(f"a gallery is narrowed by filters and words alone, got {ranked}; search for what it looks like")
    return condition_of(filters)


def _is(generation: Generation, space: Space) -> bool:
    return (generation.space, generation.generation) == (space.name, space.generation)


def _ids_of(items: Pictures) -> list[int]:
    return [item.id if isinstance(item, Item | Hit) else int(item) for item in items]
