"""What belongs together: who asks, who is asked, and how many labels they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Labels: TypeAlias = NDArray[np.integer] | NDArray[np.str_] | NDArray[np.bool_]
"""(N,) int or str, one label each; or (N, C) bool, any number of C labels each, also none."""


@dataclass(frozen=True)
class Truth:
    """What belongs together: two things that share a label do.

    Attributes
    ----------
    query_labels : (Q, C) sparse int32
        1 where a query has a label.
    labels : (N, C) sparse int32
        The same of the database.
    own : (Q,) int64
        The row of the database that holds the query itself, which is left out when it asks; -1 where none does.
    """

    query_labels: csr_array
    labels: csr_array
    own: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.query_labels.shape != (len(self.own), self.labels.shape[1]):
            raise ValueError(
                f"{len(self.own)} queries and a database {self.labels.shape} need query labels "
                f"{(len(self.own), self.labels.shape[1])}, got {self.query_labels.shape}"
            )

    @classmethod
    def among(cls, labels: Labels) -> Self:
        """Return the truth of a set in which everything asks for everything else."""
        matrix = _matrix(labels)
        return cls(matrix, matrix, np.arange(len(labels)))

    @classmethod
    def between(cls, query_labels: Labels, labels: Labels, own: NDArray[np.int64] | None = None) -> Self:
        """Return the truth of queries that ask another set.

        Parameters
        ----------
        query_labels : (Q,) or (Q, C)
        labels : (N,) or (N, C)
            In the same form.
        own : (Q,) int64 or None
            None means that no query is in the database.

        Raises
        ------
        ValueError
            If the forms or lengths do not fit.
        """
        if query_labels.ndim != labels.ndim or query_labels.shape[1:] != labels.shape[1:]:
            raise ValueError(f"labels of queries {query_labels.shape} and of the database {labels.shape} do not fit")
        both = _matrix(np.concatenate([query_labels, labels]))
        nowhere = np.full(len(query_labels), -1, dtype=np.int64)
        return cls(both[: len(query_labels)], both[len(query_labels) :], nowhere if own is None else own)

    def only(self, queries: NDArray[np.int64]) -> Self:
        """Return the truth of these queries (B,) alone."""
        return type(self)(self.query_labels[queries], self.labels, self.own[queries])

    def shared(self, queries: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return (B, N) how many labels each of these queries shares with each of the database, but with itself none.

        Parameters
        ----------
        queries : (B,) int64
        """
        counts = (self.query_labels[queries] @ self.labels.T).toarray()
        own = self.own[queries]
        counts[np.flatnonzero(own >= 0), own[own >= 0]] = 0
        return counts

    def has_answer(self) -> NDArray[np.bool_]:
        """Return (Q,) whether the database holds anything that belongs to the query, itself left out."""
        n_holders = self.query_labels @ self.labels.sum(axis=0)
        inside = np.flatnonzero(self.own >= 0)
        n_holders[inside] -= self.query_labels[inside].multiply(self.labels[self.own[inside]]).sum(axis=1)
        return n_holders > 0


def label_matrix(labels: Sequence[Iterable[str]]) -> tuple[csr_array, list[str]]:
    """Return (N, C) sparse int32, 1 where one of N things has one of C labels, and the labels, sorted."""
    from scipy.sparse import csr_array

    sets = [set(one) for one in labels]
    names = sorted(set[str]().union(*sets))
    places = {name: place for place, name in enumerate(names)}
    columns = [place for one in sets for place in sorted(places[name] for name in one)]
    starts = np.cumsum([0, *map(len, sets)])
    return csr_array((np.ones(len(columns), np.int32), columns, starts), shape=(len(sets), len(names))), names


def _matrix(labels: Labels) -> csr_array:
    from scipy.sparse import csr_array

    if labels.ndim == 2 and labels.dtype == np.bool_:
        return csr_array(labels.astype(np.int32))
    if labels.ndim != 1:
        raise ValueError(f"labels are (N,), or (N, C) bool, got {labels.shape} {labels.dtype}")
    values, columns = np.unique(labels, return_inverse=True)
    rows = np.arange(len(labels))
    return csr_array((np.ones(len(labels), np.int32), (rows, columns)), shape=(len(labels), len(values)))
