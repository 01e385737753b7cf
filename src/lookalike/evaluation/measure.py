"""Measuring vectors, codes, or any other comparison by the field's protocols."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.packing import Codes, hamming_distances
from lookalike.metrics import (
    Compare,
    Divisor,
    Labels,
    Rankings,
    Truth,
    average_precision,
    bootstrap_interval,
    bootstrap_intervals,
    dot_products,
    ndcg,
    nearest_neighbour_accuracy,
    precision_at,
    r_precision,
    rankings,
    recall_at,
    recall_at_precision,
)
from lookalike.ranking.expansion import AROUND, expand, refine
from lookalike.types import Vectors


@dataclass(frozen=True)
class Cuts:
    """Where rankings are cut.

    Attributes
    ----------
    ks : sequence of int
        The first places that the measures @k look at, each at least 1.
    precision : float
        What recall at a given precision asks for, above 0 and at most 1.
    """

    ks: Sequence[int] = (1, 10, 100)
    precision: float = 0.9

    def __post_init__(self) -> None:
        if min(self.ks, default=1) < 1:
            raise ValueError(f"a ranking is cut behind its first place or later, got k = {min(self.ks)}")
        if not 0 < self.precision <= 1:
            raise ValueError(f"a precision to reach is above 0 and at most 1, got {self.precision}")


@dataclass(frozen=True)
class Measurement:
    """What every query came to by every measure.

    Attributes
    ----------
    values : mapping of measure to (Q,) float64
        nan for queries that have nothing to find, the same ones for all measures. ``map`` holds average precisions,
        whose mean it is.
    """

    values: Mapping[str, NDArray[np.float64]]

    @property
    def queries(self) -> NDArray[np.int64]:
        """Those that have something to find."""
        return np.flatnonzero(~np.isnan(self.values["map"]))

    def summary(self) -> dict[str, tuple[float, float, float]]:
        """Return of each measure its mean over queries, and the bounds of its 95 % bootstrap interval."""
        known = np.stack([values[self.queries] for values in self.values.values()], axis=1)
        low, high = bootstrap_intervals(known)
        figures = zip(known.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True)
        return dict(zip(self.values, figures, strict=True))

    def lead(self, other: "Measurement", measure: str = "map") -> tuple[float, float, float]:
        """Return by how much this is better than another at the same queries, with the paired 95 % interval.

        Raises
        ------
        ValueError
            If the queries are not the same.
        """
        if not np.array_equal(self.queries, other.queries):
            raise ValueError("only answers to the same queries can be compared in pairs, got others")
        differences = (self.values[measure] - other.values[measure])[self.queries]
        return float(differences.mean()), *bootstrap_interval(differences)


def measure(
    database: Vectors | Codes,
    labels: Labels,
    *,
    queries: Vectors | Codes | None = None,
    query_labels: Labels | None = None,
    cuts: Cuts | None = None,
) -> Measurement:
    """Measure how well vectors or codes find what belongs together.

    Parameters
    ----------
    database : (N, D) float32, or (N, B/8) uint8
        L2-normalized vectors, compared by dot product; or packed codes, compared by Hamming distance.
    labels : (N,) int or str, or (N, C) bool
        One label each, or any number of C labels. What shares one belongs together.
    queries : (Q, D) float32, or (Q, B/8) uint8, or None
        None lets everything ask for everything else, itself left out.
    query_labels : (Q,) or (Q, C), or None
        In the form of `labels`; with `queries`, and only then.
    cuts : Cuts or None
        None takes the defaults.

    Returns
    -------
    measurement : Measurement
        One value per query, in the order of the queries.

    Raises
    ------
    ValueError
        If lengths or forms do not fit.

    Examples
    --------
    >>> measurement = measure(np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32), np.array(["a", "a", "b"]))
    >>> measurement.values["map"]
    array([ 1.,  1., nan])
    """
    if (queries is None) != (query_labels is None):
        raise ValueError("queries and their labels come together, got one without the other")
    if queries is None or query_labels is None:
        truth, asking = Truth.among(labels), database
    else:
        truth, asking = Truth.between(query_labels, labels), queries
    fits_labels = (len(asking), len(database)) == (len(truth.own), truth.labels.shape[0])
    fits_each_other = asking.shape[1:] == database.shape[1:] and _is_code(asking) == _is_code(database)
    if not fits_labels or not fits_each_other:
        raise ValueError(
            f"queries {asking.shape} {asking.dtype} and database {database.shape} {database.dtype} "
            f"do not fit each other and {len(truth.own)} and {truth.labels.shape[0]} labels"
        )
    return measure_ranking(comparison(asking, database), truth, cuts or Cuts())


def comparison(queries: Vectors | Codes, database: Vectors | Codes) -> Compare:
    """Return what compares rows of queries with a database: vectors by dot product, codes by Hamming distance."""
    if database.dtype == np.bool_:
        raise ValueError("codes are packed, got bits as bool; use numpy.packbits")
    if not _is_code(database):
        return dot_products(np.asarray(queries, np.float32), np.asarray(database, np.float32))
    asking, held = np.asarray(queries, np.uint8), np.asarray(database, np.uint8)
    return lambda rows: -hamming_distances(asking[rows], held).astype(np.float32)


def expanded_comparison(queries: Vectors, database: Vectors, own: NDArray[np.int64], n_neighbours: int) -> Compare:
    """Return what compares vectors as a search does that looks at pictures together with what is nearest to them.

    Parameters
    ----------
    queries : (Q, D) float32
        L2-normalized.
    database : (N, D) float32
        L2-normalized.
    own : (Q,) int64
        The row of each query in the database, -1 where it is not in there.
    n_neighbours : int
        How many are asked together with a query; what is found is looked at together with its nearest in any case.
    """

    def compared(query: int) -> NDArray[np.float32]:
        similarities = database @ queries[query]
        if own[query] >= 0:
            similarities[own[query]] = -np.inf
        n_most = min(AROUND, len(database))
        nearest = np.argpartition(-similarities, n_most - 1)[:n_most]
        nearest = nearest[np.argsort(-similarities[nearest], kind="stable")]
        nearest = nearest[nearest != own[query]]
        vector, n_first = expand(queries[query], database[nearest], n_neighbours)
        pool, refined = refine(vector, database[nearest], n_first)
        found = database @ vector
        found[nearest[pool]] = refined
        return found

    return lambda rows: np.stack([compared(query) for query in rows.tolist()])


def _is_code(vectors: Vectors | Codes) -> bool:
    return vectors.dtype == np.uint8


def measure_ranking(
    compare: Compare, truth: Truth, cuts: Cuts, tell: Callable[[int, int], None] | None = None
) -> Measurement:
    """Measure any comparison of queries with a database, some queries at a time.

    Parameters
    ----------
    compare : callable
        Queries (B,) int64 -> similarities (B, N), larger for closer.
    truth : Truth
    cuts : Cuts
    tell : callable or None
        Told after each block how many queries are done, and how many there are.
    """
    n_asked, n_done = int(truth.has_answer().sum()), 0
    values: dict[str, NDArray[np.float64]] = {"map": np.full(len(truth.own), np.nan)}
    for block in rankings(compare, truth):
        for name, of_block in _measures(block, truth, cuts).items():
            values.setdefault(name, np.full(len(truth.own), np.nan))[block.queries] = of_block
        n_done += len(block.queries)
        if tell is not None:
            tell(n_done, n_asked)
    return Measurement(values)


def _measures(block: Rankings, truth: Truth, cuts: Cuts) -> dict[str, NDArray[np.float64]]:
    """Return every measure of some queries, by name."""
    relevant = block.relevant
    divisors: tuple[Divisor, ...] = get_args(Divisor)
    measures = {
        "map": average_precision(relevant),
        "map-with-query": average_precision(block.relevant_with_query),
        "ndcg": ndcg(block.shared),
        "r-precision": r_precision(relevant),
        f"recall@precision={cuts.precision:g}": recall_at_precision(relevant, cuts.precision),
    }
    for k in cuts.ks:
        measures |= {f"map@{k}/{divisor}": average_precision(relevant, k=k, divided_by=divisor) for divisor in divisors}
        measures |= {
            f"ndcg@{k}": ndcg(block.shared, k=k),
            f"precision@{k}": precision_at(relevant, k),
            f"recall@{k}": recall_at(relevant, k),
            f"knn@{k}": nearest_neighbour_accuracy(block, truth, k),
        }
    return measures
