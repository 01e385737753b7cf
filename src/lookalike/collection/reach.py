"""How many candidates by code it takes to have what is nearest by vector: measured on the collection itself."""

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.index.exact import ExactIndex

FOLDER = "index"
"""In a generation's folder: what can be made again from its vectors and codes."""

FILE = "reach.json"

N_QUERIES = 64
"""Vectors, spread over the space, that are asked for."""

N_NEAREST, SHARE = 100, 0.95
"""Neighbours of each, and the share of them that the candidates should hold."""

SAFE = 0.9
"""Share of the queries for which they do."""

GROWTH = 2
"""Times the rows after which it is measured anew: the more codes there are, the more stand between neighbours."""

ASSUMED = 16
"""Candidates for each neighbour until it is measured."""


@dataclass(frozen=True)
class Reach:
    """What was measured.

    Attributes
    ----------
    coder : str
        Version of the coder that made the codes.
    n_rows : int
        Of the space, then.
    per_neighbour : int
        Candidates by code for each neighbour by vector that is asked for.
    """

    coder: str
    n_rows: int
    per_neighbour: int


def read_reach(folder: Path, coder: str) -> Reach | None:
    """Return what was measured of the codes of a coder in a generation's folder, None if that is not known."""
    try:
        reach = Reach(**json.loads((folder / FOLDER / FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return reach if reach.coder == coder and reach.per_neighbour > 0 else None


def copy_reach(folder: Path, copy: Path) -> None:
    """Take what was measured over into the folder of the same generation without some pictures."""
    with suppress(OSError):
        shutil.copy2(folder / FOLDER / FILE, copy / FOLDER / FILE)


def is_due(folder: Path, coder: str, n_rows: int) -> bool:
    """Return whether it should be measured, or measured anew."""
    reach = read_reach(folder, coder)
    return reach is None or n_rows >= GROWTH * reach.n_rows


def keep_reach(
    folder: Path, coder: str, vectors: Sequence[NDArray[np.float16]], codes: Sequence[NDArray[np.uint64]]
) -> None:
    """Measure and note it.

    Parameters
    ----------
    folder : Path
        The generation's.
    coder : str
    vectors : sequence of (n_i, D) float16
    codes : sequence of (n_i, 4) uint64
        Of the same rows.
    """
    n_rows = sum(map(len, vectors))
    reach = Reach(coder, n_rows, measured(ExactIndex(vectors), codes))
    part = folder / FOLDER / f"{FILE}.part"
    part.parent.mkdir(exist_ok=True)
    with part.open("w") as file:
        file.write(json.dumps(asdict(reach)))
        file.flush()
        os.fsync(file.fileno())
    part.replace(part.with_name(FILE))


def measured(index: ExactIndex, codes: Sequence[NDArray[np.uint64]]) -> int:
    """Return how many candidates for each neighbour hold 95 % of the neighbours, for 9 of 10 queries."""
    from lookalike.ranking.chance import evenly  # SciPy: 0.15 s that opening need not take

    is_live = index.is_live()
    live = np.flatnonzero(is_live)
    asked = live[evenly(len(live), N_QUERIES)]
    if not len(asked):
        return 1
    queries = np.array([index.vector(row) for row in asked.tolist()])
    needed = []
    for row, found in zip(asked, index.search(queries, N_NEAREST + 1, allowed=is_live).rows, strict=True):
        nearest = found[(found >= 0) & (found != row)]
        if len(nearest):
            distances = _distances(codes, _code(codes, int(row)))
            farthest = np.sort(distances[nearest])[int(np.ceil(SHARE * len(nearest))) - 1]
            needed.append(np.count_nonzero(is_live & (distances <= farthest)) / len(nearest))
    return int(np.ceil(np.quantile(needed, SAFE))) if needed else 1


def _distances(codes: Sequence[NDArray[np.uint64]], query: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return in how many bits all codes (N, 4) differ from one (4,)."""
    return np.concatenate([np.bitwise_count(chunk ^ query).sum(axis=1, dtype=np.uint16) for chunk in codes])


def _code(codes: Sequence[NDArray[np.uint64]], row: int) -> NDArray[np.uint64]:
    """Return the code (4,) of a row."""
    for chunk in codes:
        if row < len(chunk):
            return chunk[row]
        row -= len(chunk)
    raise IndexError(f"there are {sum(map(len, codes))} codes, got a row {row} behind them")
