"""The exploration graph of a space: built when somebody asks for it, then kept up to date, a file among its indexes."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.collection.reach import FOLDER
from lookalike.collection.store import PATIENCE_SECONDS, Space, Store
from lookalike.errors import BadQuery, CollectionDamaged, LookalikeError
from lookalike.index.exact import ExactIndex
from lookalike.index.graph import ExplorationGraph, is_available

SUFFIX = ".graph"
NAMED = f"{'[0-9]' * 12}{SUFFIX}"
"""By the rows that a graph holds; whatever else lies there, copies of a synchronizing program say, is not looked at."""
UNFINISHED = f"*{SUFFIX}.part"
"""What a writer left that was killed."""

GROWTH = 0.05
"""Share of the rows that may be newer than the graph before it is extended; until then they are scanned."""

FEWEST_NEW = 10_000
"""Rows for which it is not extended: writing it anew takes longer than scanning them."""


def graph_file(folder: Path) -> Path | None:
    """Return where the graph in a generation's folder lies, None if none was built or this machine cannot read it."""
    files = sorted((folder / FOLDER).glob(NAMED))
    return files[-1] if files and is_available() else None


def open_graph(path: Path, space: Space) -> ExplorationGraph:
    """Return the graph in a file.

    Raises
    ------
    LookalikeError
        If it is damaged, of other vectors, or made by another version of what reads it.
    """
    graph = ExplorationGraph.load(path, space.version)
    check_rows(graph, space)
    return graph


def check_rows(graph: ExplorationGraph, space: Space) -> None:
    """Raise CollectionDamaged if a graph has rows that its generation has not."""
    if graph.n_rows > space.n_rows:
        raise CollectionDamaged(f"the graph of {space.name} has {graph.n_rows} rows of {space.n_rows}; build it again")


def build_graph(store: Store, space: Space, n_threads: int, progress: Callable[[int, int], None] | None) -> int:
    """Build the graph of a generation's vectors and return how many it holds; others can search and write meanwhile.

    Raises
    ------
    BadQuery
        If the generation is empty, or dropped meanwhile.
    CollectionBusy
        If another process is writing when the graph is complete.
    LookalikeError
        If this machine has no deglib.
    """
    vectors, _ = store.load_files(space)
    if not space.n_rows:
        raise BadQuery(f"the space {space.name} holds no vectors yet; add pictures first")
    graph = ExplorationGraph.of(vectors.segments(), n_threads=n_threads, progress=progress)
    with store.writing(patience=PATIENCE_SECONDS):
        now = store.as_it_is(space)
        if now is None:
            raise BadQuery(f"generation {space.generation} of {space.name} was dropped meanwhile; build another graph")
        graph.remove(_forgotten(store, now, graph.n_rows))
        _save(store, now, graph)
    return len(graph)


def keep_graph(store: Store, space: Space, n_threads: int) -> None:
    """Add what is new to the graph, once that is worth it; only for the holder of the writer lock.

    A graph that cannot be read, or a full disk, is no reason to fail: what is new is scanned.
    """
    path = graph_file(store.folder_of(space))
    if path is None or space.n_rows - int(path.stem) < max(FEWEST_NEW, GROWTH * space.n_rows):
        return
    with suppress(LookalikeError, OSError):
        graph = ExplorationGraph.load(path, space.version, n_threads=n_threads)
        vectors, _ = store.load_files(space)
        first = graph.n_rows
        for segment in vectors.segments():
            graph.add(segment[max(0, first) :])
            first -= len(segment)
        graph.remove(_forgotten(store, space, graph.n_rows))
        _save(store, space, graph)


def graph_problems(store: Store, space: Space) -> tuple[str, ...]:
    """Return a sentence if the graph of a generation cannot be used."""
    path = graph_file(store.folder_of(space))
    try:
        if path is not None:
            open_graph(path, space)
    except (LookalikeError, OSError) as error:
        return (f"the graph of {space.name} cannot be read ({error}); build it again",)
    return ()


def graph_without(path: Path, version: str, rows: NDArray[np.int64], folder: Path) -> None:
    """Write the graph in a file, without some rows, into another generation's folder; nothing if that fails.

    A graph that cannot be read, or a full disk, is no reason not to remove pictures: there is none then.
    """
    with suppress(LookalikeError, OSError):
        graph = ExplorationGraph.load(path, version)
        graph.remove(rows[rows < graph.n_rows])
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        graph.save(folder / FOLDER / path.name, version)


def drop_graph(store: Store, space: Space) -> bool:
    """Delete the graph of a generation; return whether there was one. Only for the holder of the writer lock."""
    folder = store.folder_of(space) / FOLDER
    files = list(folder.glob(NAMED))
    for file in (*files, *folder.glob(UNFINISHED)):
        file.unlink()
    return bool(files)


def _forgotten(store: Store, space: Space, n_rows: int) -> NDArray[np.int64]:
    """Return the rows below a number that are zeros, because what they stood for was removed."""
    vectors, _ = store.load_files(space)
    return np.flatnonzero(~ExactIndex(vectors.segments()).is_live()[:n_rows])


def _save(store: Store, space: Space, graph: ExplorationGraph) -> None:
    folder = store.folder_of(space) / FOLDER
    folder.mkdir(exist_ok=True)
    older = [*folder.glob(NAMED), *folder.glob(UNFINISHED)]
    path = folder / f"{graph.n_rows:012}{SUFFIX}"
    graph.save(path, space.version)
    for file in older:
        if file != path:
            file.unlink()
