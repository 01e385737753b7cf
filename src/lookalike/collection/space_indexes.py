"""The indexes of one space at one moment, opened when they are first asked for, and which of them answers."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.vector_file import CodeFile
from lookalike.codes.coder import Coder
from lookalike.collection.engine import EngineProposal, pushed
from lookalike.collection.graphs import check_rows, graph_file, open_graph
from lookalike.collection.indexes import (
    KINDS,
    WORTH_CANDIDATES,
    Kind,
    changed,
    chosen,
    open_code_index,
    query_codes,
    segment_folder,
)
from lookalike.collection.reach import ASSUMED, read_reach
from lookalike.collection.store import Space
from lookalike.errors import CollectionDamaged, LookalikeError
from lookalike.index.elastic.code_index import CodeIndex
from lookalike.index.elastic.engine import Engine
from lookalike.index.exact import ExactIndex
from lookalike.index.graph import ExplorationGraph, GraphIndex
from lookalike.index.reranked import RerankedIndex
from lookalike.index.segment_folder import SegmentFolder
from lookalike.query import Term
from lookalike.types import Index

FROM_ENGINE = 4
"""Candidates for each neighbour that an engine is asked for at most: each is sent over the network."""


@dataclass(frozen=True)
class Wishes:
    """Who shall answer, where somebody said so.

    Attributes
    ----------
    kind : Kind or None
        The kind of index, where it can be used.
    engine : Engine or None
        For spaces that were pushed to it.
    """

    kind: Kind | None = None
    engine: Engine | None = None


class StoredCodes:
    """The codes of a space, and what makes codes of queries.

    Parameters
    ----------
    space : Space
    file : CodeFile
    make_coder : callable
        Returns what makes codes of vectors, None where it cannot be used; called when it is first needed.
    """

    def __init__(self, space: Space, file: CodeFile, make_coder: Callable[[], Coder | None]) -> None:
        self.file = file
        self._space = space
        self._make_coder = make_coder
        self._rows: list[NDArray[np.uint64]] | None = None

    @cached_property
    def coder(self) -> Coder | None:
        """What makes codes of vectors, None where it cannot be used."""
        return self._make_coder()

    @property
    def rows(self) -> list[NDArray[np.uint64]] | None:
        """The codes (n_i, 4) of all rows, mapped when they are first asked for.

        None where rows have none yet, or by another coder, or they cannot be read: exact search needs none.
        """
        is_complete = self._space.n_codes == self._space.n_rows
        if self.coder is None or self._space.coder != self.coder.version or not is_complete:
            return None
        if self._rows is None:
            with suppress(CollectionDamaged):  # until they are repaired
                self._rows = self.file.segments()
        return self._rows


class IndexFiles:
    """What was read and compared of a generation's index folder: kept from view to view, as files are never changed.

    Parameters
    ----------
    folder : Path
        The generation's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._segments: dict[str, SegmentFolder] = {}
        self._graph: tuple[tuple[Path, int, int], ExplorationGraph] | None = None

    def segments(self, coder: str) -> SegmentFolder:
        """Return the index of the codes that a coder of some version made."""
        if coder not in self._segments:
            self._segments = {coder: segment_folder(self.folder, coder)}
        return self._segments[coder]

    def graph(self, path: Path, space: Space) -> ExplorationGraph:
        """Return the graph in a file; raises as `open_graph` does, or OSError if there is none any more."""
        status = path.stat()
        identity = path, status.st_ino, status.st_mtime_ns
        known = self._graph
        if known is None or known[0] != identity:
            known = self._graph = identity, open_graph(path, space)
        check_rows(known[1], space)
        return known[1]


class SpaceIndexes:
    """What can search a space; safe to use from several threads at once.

    Parameters
    ----------
    space : Space
    files : IndexFiles
    segments : sequence of (n, D) float16
        All vectors.
    codes : StoredCodes
    wishes : Wishes

    Attributes
    ----------
    exact : ExactIndex
        Looks at all vectors; what it finds is what every other kind is measured by.
    """

    def __init__(
        self,
        space: Space,
        files: IndexFiles,
        segments: Sequence[NDArray[np.float16]],
        codes: StoredCodes,
        wishes: Wishes,
    ) -> None:
        self.exact = ExactIndex(segments)
        self._space = space
        self._files = files
        self._folder = files.folder
        self._segments = segments
        self._codes = codes
        self._wishes = wishes
        self._opened: dict[Kind, Index] = {}
        self._opening = Lock()
        self._noticed: int | None = None
        self._graph_file: Path | None = None
        self._per_neighbour = ASSUMED

    def notice(self) -> None:
        """Look whether a writer has changed the indexes since; they are opened anew then. Costs one `stat`."""
        changed_at = changed(self._folder)
        with self._opening:
            if changed_at != self._noticed:
                self._noticed = changed_at
                self._opened = {}
                self._graph_file = graph_file(self._folder)
                reach = read_reach(self._folder, self._space.coder)
                self._per_neighbour = ASSUMED if reach is None else reach.per_neighbour

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of index that can be used now."""
        has_codes = bool(self._codes.rows)
        is_there = {"codes": has_codes, "two-stage": has_codes, "graph": self._graph_file is not None}
        return tuple(kind for kind in KINDS if is_there.get(kind, True))

    @property
    def kind(self) -> Kind:
        """The kind of index that answers."""
        n_rows, n_dims = self._space.n_rows, self._space.n_dims
        if self._wishes.kind is None and n_rows * n_dims < WORTH_CANDIDATES:
            return "exact"  # without a look at the codes, which a small collection need not read
        usable = self.kinds
        return self._wishes.kind if self._wishes.kind in usable else chosen(n_rows, n_dims, usable, self._per_neighbour)

    def proposing(self, filters: Term | None = None) -> Index:
        """Return the index that answers, a search engine where the space was pushed to one.

        Parameters
        ----------
        filters : Term or None
            What the rows that will be allowed fulfil: an engine may be told that more briefly than row by row.
        """
        there = self._in_engine()
        if there is None:
            return self.of(self.kind)
        return RerankedIndex(self.exact, there.completed(filters), per_neighbour=min(FROM_ENGINE, self._per_neighbour))

    def _in_engine(self) -> EngineProposal | None:
        engine = self._wishes.engine
        place = None if engine is None else pushed(self._folder)
        coder = None if place is None else self._codes.coder
        if engine is None or place is None or coder is None or place.coder != coder.version:
            return None
        return EngineProposal(
            CodeIndex(engine, place.index),
            min(place.n_rows, len(self.exact)),  # a push may be newer than this view
            coder,
            self.exact,
            lambda queries, n, allowed: self.of(self.kind).search(queries, n, allowed=allowed).rows,
        )

    def of(self, kind: Kind) -> Index:
        """Return an index of one of the kinds that can be used, opened when it is first asked for.

        In the place of a graph that turns out to be unreadable stands what would answer if there were none.
        """
        with self._opening:
            if kind not in self._opened:
                self._opened[kind] = self._open(kind)
            return self._opened[kind]

    def _open(self, kind: Kind) -> Index:
        if kind == "graph" and self._graph_file is not None:
            try:
                return GraphIndex(self._segments, self._files.graph(self._graph_file, self._space))
            except (LookalikeError, OSError):
                self._graph_file = None
                kind = self.kind
        return self.exact if kind == "exact" else self._open_code_index(kind)

    def _open_code_index(self, kind: Kind) -> Index:
        coder, rows = self._codes.coder, self._codes.rows
        assert coder is not None and rows is not None
        index = open_code_index(self._files.segments(coder.version), coder, self._codes.file, rows, kind)
        return RerankedIndex(
            self.exact,
            lambda queries, n, allowed: index.search(query_codes(coder, queries), n, allowed=allowed).rows,
            per_neighbour=self._per_neighbour,
        )
