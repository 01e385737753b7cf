"""The graph itself: rows are its vertices, edges lead to near ones; deglib builds, changes and walks it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import IncompatibleCollection, LookalikeError, StorageFull
from lookalike.index.graph.file import Facts, put_in_place, seal, verified

if TYPE_CHECKING:
    from deglib import DynamicExplorationGraph

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many rows of how many are done; what it raises stops the work."""

N_EDGES = 32
"""Of each vertex."""

_CANDIDATES = 64
"""Vertices near a new one among which its neighbours are chosen."""

_BATCH = 2_000
"""Rows that are added between two reports of progress."""

_NOTHING = np.iinfo(np.uint32).max
"""How deglib says that there are no more."""

_TINY = np.finfo(np.float32).tiny


def is_available() -> bool:
    """Say whether there is deglib on this machine; for Linux on ARM it is not published."""
    return find_spec("deglib") is not None


class ExplorationGraph:
    """A dynamic exploration graph over rows of vectors; it proposes neighbours and knows no filters.

    Of every row it holds the vector, a byte a number, and 32 edges. Any number of threads may walk it at once, but none
    while it changes: who adds and removes has a graph of its own.

    Parameters
    ----------
    n_dims : int
        D.
    n_threads : int
        That build. With one, the same rows make the same graph.

    Attributes
    ----------
    n_dims : int
        D.
    is_removed : (n_rows,) bool
        Of every row it has seen.

    Raises
    ------
    LookalikeError
        If deglib is not installed.

    References
    ----------
    Hezel et al., "Fast Approximate Nearest Neighbor Search with a Dynamic Exploration Graph using Continuous
    Refinement", 2023.
    """

    def __init__(self, n_dims: int, *, n_threads: int = 1) -> None:
        deglib = _deglib()
        space = deglib.FloatSpace.create(n_dims, deglib.Metric.Uint8_L2)
        self._graph: DynamicExplorationGraph = deglib.create_dynamic_empty(space, N_EDGES)
        self._n_threads = n_threads
        self.n_dims = n_dims
        self.is_removed = np.zeros(0, dtype=np.bool_)

    @classmethod
    def of(
        cls, segments: Sequence[NDArray[np.float16]], *, n_threads: int = 1, progress: Progress | None = None
    ) -> ExplorationGraph:
        """Return the graph of all rows of one or more segments (n, D) float16, L2-normalized and finite."""
        graph, n_all = cls(segments[0].shape[1], n_threads=n_threads), sum(map(len, segments))
        for segment in segments:
            for start in range(0, len(segment), _BATCH):
                graph.add(segment[start : start + _BATCH])
                if progress:
                    progress(graph.n_rows, n_all)
        return graph

    @property
    def n_rows(self) -> int:
        """How many rows it has seen: those below are in the graph, or were removed from it."""
        return len(self.is_removed)

    def __len__(self) -> int:
        return self._graph.size()

    def add(self, vectors: NDArray[np.float16]) -> None:
        """Add the rows that follow `n_rows`.

        Parameters
        ----------
        vectors : (n, D) float16
            L2-normalized and finite.

        Raises
        ------
        ValueError
            If they have another shape or type.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.n_dims or vectors.dtype != np.float16:
            raise ValueError(
                f"the graph takes (n, {self.n_dims}) float16, got {vectors.shape} {vectors.dtype}; convert it first"
            )
        if not len(vectors):
            return
        rows = np.arange(self.n_rows, self.n_rows + len(vectors), dtype=np.uint32)
        builder = self._builder()
        builder.add_entry(rows, _compact(vectors.astype(np.float32)))
        builder.build()
        self.is_removed = np.concatenate([self.is_removed, np.zeros(len(vectors), dtype=np.bool_)])

    def remove(self, rows: NDArray[np.int64]) -> None:
        """Take rows out, so that they are never found again; their neighbours are joined. Some may be out already.

        Raises
        ------
        IndexError
            If a row was never added.
        """
        if len(rows) and not 0 <= rows.min() <= rows.max() < self.n_rows:
            raise IndexError(f"the graph has seen rows 0 to {self.n_rows - 1}, got {rows.min()} to {rows.max()}")
        leaving = np.unique(rows)
        leaving = leaving[~self.is_removed[leaving]]
        if not len(leaving):
            return
        builder = self._builder()
        for row in leaving:
            builder.remove_entry(int(row))
        builder.build()
        self.is_removed[leaving] = True

    def near(self, queries: NDArray[np.float32], k: int, slack: float) -> NDArray[np.int64]:
        """Propose k of the rows nearest to each query, in no order; vectors are rounded, so the last may be mistaken.

        Parameters
        ----------
        queries : (Q, D) float32
            Of any length: what is nearest does not depend on it.
        k : int
        slack : float
            How much farther than the k-th nearest yet found, as a share of its distance, a vertex may lie for the walk
            to go on from it; >= 0.

        Returns
        -------
        rows : (Q, k) int64
            -1 where no more were found.
        """
        if not len(self) or not len(queries):
            return np.full((len(queries), k), -1, dtype=np.int64)
        lengths = np.sqrt(np.vecdot(queries, queries))[:, None]
        directions = _compact(queries / np.maximum(lengths, _TINY))
        found = self._graph.search(
            directions, slack, min(k, len(self)), threads=1, return_distances=False, unsorted=True
        )
        return _padded(found, k)

    def from_row(self, row: int, k: int, slack: float) -> NDArray[np.int64]:
        """Propose the k rows nearest to one that is in the graph, itself among them, by a walk that begins there.

        Returns
        -------
        rows : (1, k) int64
            -1 where no more were found.

        Raises
        ------
        IndexError
            If the row is not in the graph.
        """
        if not 0 <= row < self.n_rows or self.is_removed[row]:
            raise IndexError(f"row {row} is not in the graph, which has {len(self)} rows below {self.n_rows}")
        found = self._graph.explore(
            [row], min(k, len(self)), eps=slack, include_entry=True, return_distances=False, unsorted=True
        )
        return _padded(found, k)

    def save(self, path: Path, key: str) -> None:
        """Write the graph, with its copy of the vectors, to a file that takes the place of the old one when complete.

        Parameters
        ----------
        path : Path
        key : str
            Says which vectors they are: nobody with another key can load it.

        Raises
        ------
        StorageFull
            If the disk has no room.
        """
        facts = Facts(key, _maker(), self.n_dims, self.n_rows, tuple(np.flatnonzero(self.is_removed).tolist()))
        with put_in_place(path) as part:
            self._graph.save_graph(part)
            n_bytes, n_expected = part.stat().st_size, self._dump_bytes()
            if n_bytes != n_expected:  # deglib does not notice a full disk
                raise StorageFull(f"of {n_expected} bytes of the graph, {n_bytes} could be written; make room")
            seal(part, facts)

    @classmethod
    def load(cls, path: Path, key: str, *, n_threads: int = 1) -> ExplorationGraph:
        """Read a graph that was saved with this key, through a copy in the folder for temporary files.

        Raises
        ------
        FileNotFoundError
            If there is no file.
        CollectionDamaged
            If the file is not what was written.
        IncompatibleCollection
            If it was saved with another key, or by another version of deglib.
        LookalikeError
            If deglib is not installed.
        """
        deglib = _deglib()
        with verified(path) as (dump, facts):
            if (facts.key, facts.maker) != (key, _maker()):
                raise IncompatibleCollection(
                    f"the graph in {path} is of {facts.key!r} by deglib {facts.maker}, "
                    f"not of {key!r} by deglib {_maker()}; build it again"
                )
            graph = cls(facts.n_dims, n_threads=n_threads)
            if facts.n_rows > len(facts.removed):
                graph._graph = deglib.load_dynamic_graph(dump)
        graph.is_removed = np.zeros(facts.n_rows, dtype=np.bool_)
        graph.is_removed[list(facts.removed)] = True
        return graph

    def _dump_bytes(self) -> int:
        """Return how long a dump is: a head; of each vertex its vector, neighbours, their distances, and its row."""
        return 8 + len(self) * (self.n_dims + (4 + 4) * self._graph.get_edges_per_vertex() + 4)

    def _builder(self) -> Any:
        deglib = _deglib()
        target = deglib.builder.OptimizationTarget.LowLID
        builder = deglib.GraphBuilder(self._graph, seed=7, optimization_target=target, extend_k=_CANDIDATES)
        builder.set_thread_count(self._n_threads)
        return builder


def _maker() -> str:
    """Return what alone reads a file again: the version of deglib, and that vectors are compact."""
    return f"{version('deglib')}, compact"


def _deglib() -> Any:
    if not is_available():
        raise LookalikeError(
            "the exploration graph needs deglib, which is not installed on this machine; "
            "install it, or choose another index"
        )
    import deglib

    return deglib


def _compact(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    from lookalike.index.graph.compact import compact  # numba: 0.3 s that opening need not take

    return compact(vectors)


def _padded(found: NDArray[np.uint32], k: int) -> NDArray[np.int64]:
    rows = np.full((len(found), k), -1, dtype=np.int64)
    rows[:, : found.shape[1]] = np.where(found == _NOTHING, -1, found.astype(np.int64))
    return rows
