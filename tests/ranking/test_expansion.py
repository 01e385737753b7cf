"""Query expansion: what a query becomes among its neighbours, and how what it finds is ranked together with its own."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.ranking.expansion import COMPANY, POOL, SAME, expand, refine


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    vectors = rng.normal(size=shape)
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@given(st.integers(0, 1 << 32), st.integers(0, 8), st.integers(0, 12), st.integers(0, 4))
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


@given(st.integers(0, 1 << 32), st.integers(0, 20), st.integers(0, 4))
def test_what_is_found_is_ranked_by_what_it_is_like_together_with_its_nearest(seed: int, n: int, n_first: int) -> None:
    rng = np.random.default_rng(seed)
    query, pool = unit(rng, 6), unit(rng, n, 6)
    n_first = min(n_first, n)
    likeness = []
    for place in range(n):
        together = pool[place].astype(np.float64)
        others = sorted((other for other in range(n) if other != place), key=lambda other: -pool[other] @ pool[place])
        for other in others[:COMPANY]:
            together = together + max(float(pool[other] @ pool[place]), 0) * pool[other]
        likeness.append(float(together @ query / np.linalg.norm(together)))
    places, similarities = refine(query, pool, n_first)
    refined = np.empty(n, np.float32)
    refined[places] = similarities
    assert places[:n_first].tolist() == list(range(n_first))
    assert similarities.dtype == np.float32
    assert sorted(refined) == pytest.approx(sorted(pool @ query), abs=1e-6)
    ranked = np.argsort(-refined, kind="stable").tolist()
    assert ranked[:n_first] == list(range(n_first))
    for before, after in pairwise(ranked[n_first:]):
        assert likeness[before] >= likeness[after] - 1e-5


def test_a_class_that_belongs_together_passes_a_chance_resemblance() -> None:
    thing, other = np.eye(16, dtype=np.float32)[:2]
    rng = np.random.default_rng(7)

    def near(centre: np.ndarray, n: int) -> np.ndarray:
        vectors = centre + 0.2 * rng.normal(size=(n, 16))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    stray = ((thing + 0.6 * other) / np.linalg.norm(thing + 0.6 * other)).astype(np.float32)
    pool = np.concatenate([stray[None], near(thing, 8), near(other, 8)])
    plain = pool @ thing
    assert (plain[0] > plain[1:9]).any()
    places, refined = refine(thing, pool, 0)
    ranked = places[np.argsort(-refined, kind="stable")].tolist()
    assert sorted(ranked[:8]) == list(range(1, 9))
    places, refined = refine(thing, pool, 1)
    assert (places[0], refined[0]) == (0, refined.max())


def test_no_more_than_a_pool_is_ranked_anew() -> None:
    rng = np.random.default_rng(7)
    query, nearest = unit(rng, 8), unit(rng, POOL + 50, 8)
    similarities = nearest @ query
    places, refined = refine(query, nearest, 2)
    by_itself = np.argsort(-similarities[2:])[: POOL - 2] + 2
    assert sorted(places.tolist()) == [0, 1, *sorted(by_itself.tolist())]
    assert sorted(refined) == pytest.approx(sorted(similarities[places]), abs=1e-6)
