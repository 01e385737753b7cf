"""Query expansion: what a query becomes among its neighbours, and that what was nearest stays first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.ranking.expansion import COPIES, SAME, expand, with_first

finite = st.floats(-30, 30, width=32)


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    vectors = rng.normal(size=shape)
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@given(st.integers(0, 1 << 32), st.integers(0, 8), st.integers(0, 12), st.integers(0, COPIES))
def test_a_query_becomes_the_sum_of_itself_and_its_neighbours(seed: int, n: int, n_near: int, n_copies: int) -> None:
    rng = np.random.default_rng(seed)
    query, others = unit(rng, 16), unit(rng, n_near, 16)
    others = others[np.argsort(-(others @ query), kind="stable")]
    nearest = np.concatenate([np.tile(query, (n_copies, 1)), others[others @ query < SAME]]).astype(np.float32)
    vector, n_first = expand(query, nearest, n)
    naive, used = query.astype(np.float64), 0
    for place, neighbour in enumerate(nearest.tolist()):
        likeness = float(np.dot(neighbour, query))
        if likeness < SAME and used < n:
            naive = naive + max(likeness, 0) * np.array(neighbour)
            used, last = used + 1, place
    assert vector.dtype == np.float32
    assert vector == pytest.approx(naive / np.linalg.norm(naive), abs=1e-5)
    assert n_first == (last + 1 if used else 0)


def test_copies_of_a_query_say_nothing_new_of_it() -> None:
    query = unit(np.random.default_rng(7), 16)
    vector, n_first = expand(query, np.tile(query, (7, 1)), 3)
    assert vector == pytest.approx(query)
    assert n_first == 0


@given(st.lists(finite | st.just(-np.inf), min_size=1, max_size=30), st.randoms())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_was_nearest_stays_first_and_the_rest_as_it_was(dtype: type, listed: list[float], random) -> None:
    values = np.array(listed, dtype=dtype)
    first = np.array(random.sample(range(len(values)), random.randint(0, len(values))), dtype=np.int64)
    first = first[np.isfinite(values[first])]
    raised = with_first(values, first)
    rest = np.setdiff1d(np.arange(len(values)), first)
    assert raised[rest].tolist() == values[rest].tolist()
    assert all(raised[first] >= values[first])
    ranked = np.lexsort((np.arange(len(values)), -raised))
    assert ranked[: len(first)].tolist() == first.tolist()
