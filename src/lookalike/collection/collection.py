"""The core object: what every front end calls."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection import care
from lookalike.collection.hits import Hits
from lookalike.collection.ingest import AddReport, Ingest, Progress
from lookalike.collection.looks import look_of
from lookalike.collection.scan import known_roots
from lookalike.collection.search import Page, answer
from lookalike.collection.spaces import Spaces
from lookalike.collection.store import Store
from lookalike.media import Decoder, Limits
from lookalike.query import Term, image, leaves, parse
from lookalike.settings import Settings, load_settings

Query = Term | str | Path


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
        self._spaces = Spaces(self._store, self.settings.models, self.settings.model)

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
        """Close the collection's files."""
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
            places = [Path(path).expanduser() for path in paths] or self._roots()
            spaces = self._spaces.ensure()
            describers = {space.name: self._spaces.describers()[space.name] for space in spaces}
            ingest = Ingest(self._store, describers, spaces, progress)
            with self._decoder() as decoder:
                return ingest.add(places, decoder, self.settings.workers)

    def _roots(self) -> list[Path]:
        with self._store.engine.connect() as connection:
            return [root.path for root in known_roots(connection)]

    def _decoder(self) -> Decoder:
        limits = Limits(
            pixels=self.settings.max_pixels,
            memory_bytes=self.settings.max_memory,
            seconds=self.settings.max_seconds,
        )
        size = max(describer.size for describer in self._spaces.describers().values())
        return Decoder(n_workers=self.settings.workers, size=size, limits=limits)

    def search(self, query: Query, *, k: int = 20, start: int = 0, cutoff: float | None = None) -> Hits:
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

        Raises
        ------
        BadQuery
            If the query cannot be understood or answered.
        ItemNotFound
            If it names a picture that is not here.
        UnreadableMedia
            If it names a file that is no readable picture.
        """
        page = Page(k, start, cutoff)
        term = _term(query)
        looks = {leaf: look for leaf in leaves(term) if (look := look_of(leaf, self._store, self._spaces))}
        return answer(self._store, term, looks, page, self.settings.query_seconds)

    def verify(self) -> care.Verification:
        """Read all that is stored and compare it with its checksums and counts; changes nothing."""
        return care.verify(self._store)

    def repair(self) -> care.RepairReport:
        """Make again, from the originals, what is damaged or missing."""
        with self._store.writing(), self._decoder() as decoder:
            self._spaces.ensure()
            return care.Repair(self._store, self._spaces.describers(), decoder).repair()

    def remove(self, ids: Iterable[int], *, is_remembered: bool = True) -> int:
        """Delete pictures from the collection, never their files, so that nothing of them stays on disk."""
        return care.remove(self._store, ids, is_remembered=is_remembered)


def _term(query: Query) -> Term:
    if isinstance(query, Term):
        return query
    if isinstance(query, Path):
        return image(query)
    return parse(query, paths=True)
