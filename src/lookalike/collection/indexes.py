"""The indexes of one space: which are there, which one answers, and how those of codes are kept up to date."""

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.vector_file import CodeFile
from lookalike.codes.coder import Coder
from lookalike.codes.packing import as_words
from lookalike.collection.reach import FOLDER, is_due, keep_reach
from lookalike.collection.space_files import usable_coder
from lookalike.collection.store import Space, Store
from lookalike.errors import CollectionDamaged
from lookalike.index.multi_index import MultiIndex
from lookalike.index.segment_folder import SegmentFolder
from lookalike.index.two_stage import TwoStageIndex
from lookalike.types import Describer

Kind = Literal["exact", "codes", "two-stage", "graph"]
"""What finds near vectors: all of them looked at; all codes searched exactly; sub-codes, then codes; a graph of
neighbours. The last three propose what the vectors then rank."""

KINDS: tuple[Kind, ...] = ("exact", "codes", "two-stage", "graph")

N_BITS = 256

WORTH_CANDIDATES = 1 << 27
"""Numbers in a space from which on looking at all takes as long as the rest of an answer: some 20 ms."""

USUALLY_ASKED = 1024
"""Neighbours that one page of hits asks of an index."""

WORTH_RANKING = 1 / 8
"""Share of all vectors that may be candidates; ranking more of them takes as long as looking at all."""

WORTH_TWO_STAGES = 1 << 24
"""Vectors from which on looking through the lists of all sub-codes takes some 20 ms, too."""


def chosen(n_rows: int, n_dims: int, usable: Sequence[Kind], per_neighbour: int) -> Kind:
    """Return the kind of index that answers where nobody asked for one.

    Exact search as long as it is quick; then the graph, where one was built; then codes, searched exactly as long as
    that is quick, unless it takes so many candidates to have what is nearest that exact search is better.

    Parameters
    ----------
    n_rows, n_dims : int
        N and D of the space.
    usable : sequence of Kind
        Those that can be used now; exact search always can.
    per_neighbour : int
        Candidates by code for each neighbour.
    """
    if n_rows * n_dims < WORTH_CANDIDATES:
        return "exact"
    if "graph" in usable:
        return "graph"
    by_code: Kind = "codes" if n_rows < WORTH_TWO_STAGES else "two-stage"
    is_good = per_neighbour * USUALLY_ASKED <= WORTH_RANKING * n_rows
    return by_code if is_good and by_code in usable else "exact"


def bit_order(coder: Coder) -> NDArray[np.uint16]:
    """Return the bits (256,) of a coder, those of its sub-codes first."""
    bits = np.arange(N_BITS, dtype=np.uint16)
    if coder.order is None:
        return bits
    short = coder.order.groups.ravel()
    return np.concatenate([short, np.setdiff1d(bits, short)])


def segment_folder(folder: Path, coder: str) -> SegmentFolder:
    """Return the index, in a generation's folder, of the codes that a coder of some version made."""
    return SegmentFolder(folder / FOLDER, coder, n_tables=16)


def changed(folder: Path) -> int | None:
    """Return when files of the indexes in a generation's folder last came or went, None if there are none."""
    try:
        return (folder / FOLDER).stat().st_mtime_ns
    except OSError:
        return None


def seal_of(file: CodeFile) -> Callable[[int, int], int]:
    """Return what tells codes of a range of whole blocks from others: a checksum of their checksums."""

    def seal(first: int, end: int) -> int:
        blocks = range(first // file.rows_per_block, -(-end // file.rows_per_block))
        return zlib.crc32(np.array([file.checksums.get(block, 0) for block in blocks], dtype="<u4").tobytes())

    return seal


def keep_code_index(store: Store, space: Space, describer: Describer) -> None:
    """Bring the index of a generation's codes up to date where new rows fill a segment; only for the writer.

    A full disk is no reason to fail: without an index all codes are compared.
    """
    coder = _current_coder(store, space, describer)
    if coder is None:
        return
    _, codes = store.load_files(space)
    folder = segment_folder(store.folder_of(space), coder.version)
    with suppress(CollectionDamaged, OSError):
        if folder.is_due(space.n_rows, seal_of(codes)):
            folder.extend(codes.segments(), seal_of(codes), bit_order(coder))
        _measure_reach(store, space, coder)


def mend_code_index(store: Store, space: Space, describer: Describer) -> None:
    """Compare every byte of the index of a generation's codes, and make damaged parts again; only for the writer.

    Raises
    ------
    CollectionDamaged
        If the codes are damaged themselves.
    """
    coder = _current_coder(store, space, describer)
    if coder is not None:
        _, codes = store.load_files(space)
        folder = segment_folder(store.folder_of(space), coder.version)
        folder.extend(codes.segments(), seal_of(codes), bit_order(coder))
        _measure_reach(store, space, coder)


def _measure_reach(store: Store, space: Space, coder: Coder) -> None:
    """Measure how many candidates by code it takes, where there is an index and that is not known of so many rows."""
    folder = store.folder_of(space)
    if not is_due(folder, coder.version, space.n_rows):
        return
    vectors, codes = store.load_files(space)
    if segment_folder(folder, coder.version).n_covered(space.n_rows, seal_of(codes)):
        keep_reach(folder, coder.version, vectors.segments(), codes.segments())


def _current_coder(store: Store, space: Space, describer: Describer) -> Coder | None:
    """Return the coder of a generation if it made the codes of all rows."""
    coder = usable_coder(store.folder_of(space), describer)
    is_current = coder is not None and space.coder == coder.version and space.n_codes == space.n_rows
    return coder if is_current else None


def index_problems(store: Store, space: Space, file: CodeFile) -> tuple[str, ...]:
    """Return a sentence for each file of the index of a generation's codes that is damaged."""
    return segment_folder(store.folder_of(space), space.coder).load(file.n_rows, seal_of(file)).problems


def open_code_index(
    segments: SegmentFolder, coder: Coder, file: CodeFile, codes: Sequence[NDArray[np.uint64]], kind: Kind
) -> MultiIndex | TwoStageIndex:
    """Return the index of codes, of what is in segments and of the rows behind them.

    Parameters
    ----------
    segments : SegmentFolder
    coder : Coder
        Made the codes.
    file : CodeFile
    codes : sequence of (n_i, 4) uint64
        Of all rows, as the file has them.
    kind : Kind
        "codes" or "two-stage".
    """
    cover = segments.load(file.n_rows, seal_of(file))
    search = MultiIndex if kind == "codes" else TwoStageIndex
    return search(cover.segments, rows_from(codes, cover.n_covered), bit_order(coder))


def rows_from(chunks: Sequence[NDArray[np.uint64]], first: int) -> list[NDArray[np.uint64]]:
    """Return the rows of chunks (n_i, 4) from a row on."""
    rest = []
    for chunk in chunks:
        rest += [chunk[first:]] if first < len(chunk) else []
        first = max(0, first - len(chunk))
    return rest


def query_codes(coder: Coder, queries: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return the codes (Q, 4) of queries (Q, D)."""
    return as_words(coder.encode(queries))
