"""Classification by neighbours: how well a space tells what something is, not only what it is like."""

import numpy as np
from numpy.typing import NDArray

from lookalike.metrics.rankings import Rankings
from lookalike.metrics.truth import Truth


def nearest_neighbour_accuracy(found: Rankings, truth: Truth, k: int) -> NDArray[np.float64]:
    """Return (B,) 1.0 where the label that most of the k nearest have is one of the query's, otherwise 0.0.

    Parameters
    ----------
    found : Rankings
        Of B queries.
    truth : Truth
    k : int
        At least 1. Each neighbour has one vote for each of its labels; of labels with equally many votes the smaller
        one wins. Where no neighbour has a label, nothing is right.

    Raises
    ------
    ValueError
        If k is less than 1.

    References
    ----------
    Cover and Hart, "Nearest Neighbor Pattern Classification", IEEE Transactions on Information Theory 1967.
    """
    from scipy.sparse import csr_array

    if k < 1:
        raise ValueError(f"a vote needs a neighbour, got k = {k}; use k = 1 or more")
    queries, places = np.nonzero(found.rows[:, :k] >= 0)
    voters = (np.ones(len(queries), np.int32), (queries, found.rows[queries, places]))
    votes = csr_array(voters, shape=(len(found.queries), truth.labels.shape[0])) @ truth.labels
    is_right = truth.query_labels[found.queries, votes.argmax(axis=1)] > 0
    return np.asarray(is_right & (np.diff(votes.indptr) > 0), dtype=np.float64)
