"""What a search for near codes answers, and what may be asked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.index.code_segment import N_BITS, Words, check_codes


@dataclass(frozen=True, eq=False)
class CodeMatches:
    """The nearest codes of each query, nearest first, the smaller row first among equals.

    Parameters
    ----------
    rows : (Q, k) int64
        -1 where there are no more.
    distances : (Q, k) int64
        Number of bits that differ; 257 where the row is -1.
    is_exact : (Q,) bool
        It is certain that no other allowed row belongs among these.
    n_seen : (Q,) int64
        Codes that the query was compared with; one that was met in two lists counts twice.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int64]
    is_exact: NDArray[np.bool_]
    n_seen: NDArray[np.int64]

    def __post_init__(self) -> None:
        shapes = (self.distances.shape, self.is_exact.shape, self.n_seen.shape)
        expected = (self.rows.shape, self.rows.shape[:1], self.rows.shape[:1])
        if self.rows.ndim != 2 or shapes != expected:
            raise ValueError(
                f"rows {self.rows.shape} go with distances, proofs and counts of {expected}, got {shapes}; "
                "give one of each per query"
            )


def check_question(
    queries: Words, k: int, allowed: NDArray[np.bool_] | None, max_distance: int | None, n_rows: int
) -> None:
    """Raise ValueError where something is asked that an index of `n_rows` cannot answer."""
    check_codes(queries)
    if k < 1:
        raise ValueError(f"a search returns at least one neighbour, got k = {k}; ask for k = 1 or more")
    if max_distance is not None and not 0 <= max_distance <= N_BITS:
        raise ValueError(f"codes differ in 0 to {N_BITS} bits, got max_distance = {max_distance}; ask for one of these")
    if allowed is not None and (allowed.shape != (n_rows,) or allowed.dtype != np.bool_):
        raise ValueError(
            f"the index has {n_rows} rows, got {allowed.shape} {allowed.dtype} of what is allowed; "
            "give one bool per row"
        )
