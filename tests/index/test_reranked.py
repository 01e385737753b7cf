"""Search in two steps: what is proposed is ranked by vectors, as exact search would."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.index import exact
from lookalike.index.exact import ExactIndex
from lookalike.index.reranked import FEWEST, MOST, RerankedIndex

D = 6


@pytest.fixture(params=["numpy", "compiled"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let vectors be ranked in both ways, however few they are."""
    monkeypatch.setattr(exact, "WORTH_COMPILED_CODE", 0 if request.param == "compiled" else 1 << 40)


def vectors(n: int, seed: int = 7) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(-2, 3, (n, D)).astype(np.float32) + np.float32(0.01)
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16)


def everything(queries: np.ndarray, n: int, allowed: np.ndarray | None) -> np.ndarray:
    """Propose all rows that are allowed, last first."""
    rows = np.flatnonzero(allowed)[::-1] if allowed is not None else np.arange(n)[::-1]
    return np.tile(rows, (len(queries), 1))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 40), st.integers(0, 4), st.integers(1, 50), st.booleans(), st.integers(0, 1000))
def test_whoever_proposes_everything_finds_what_exact_search_finds(
    n: int, n_queries: int, k: int, is_filtered: bool, seed: int
) -> None:
    exact = ExactIndex([vectors(n, seed)])
    queries = vectors(n_queries, seed + 1).astype(np.float32)
    allowed = np.random.default_rng(seed).random(n) < 0.5 if is_filtered else None
    found = RerankedIndex(exact, everything, per_neighbour=3).search(queries, k, allowed=allowed)
    expected = exact.search(queries, k, allowed=allowed)
    assert np.array_equal(found.rows, expected.rows)
    assert np.array_equal(found.similarities, expected.similarities)


def test_candidates_are_asked_for_by_neighbour_within_bounds() -> None:
    asked = []

    def propose(queries: np.ndarray, n: int, allowed: np.ndarray | None) -> np.ndarray:
        asked.append(n)
        return np.full((len(queries), 1), 3)

    exact = ExactIndex([np.zeros((MOST + 10_000, 1), np.float16)])
    for k in (1, 100, 50_000, MOST + 5_000):
        RerankedIndex(exact, propose, per_neighbour=7).search(np.ones((1, 1), np.float32), k)
    assert asked == [FEWEST, 700, MOST, MOST + 5_000]


def test_what_is_not_proposed_is_not_found() -> None:
    index = RerankedIndex(ExactIndex([vectors(9)]), lambda queries, n, allowed: np.array([[4, -1, 2]]), per_neighbour=1)
    found = index.search(vectors(1).astype(np.float32), k=3)
    assert sorted(found.rows[0].tolist()) == [-1, 2, 4]
    assert found.similarities[0, -1] == -np.inf


def test_a_search_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one neighbour, got k = 0"):
        RerankedIndex(ExactIndex([vectors(3)]), everything, per_neighbour=1).search(np.zeros((1, D), np.float32), 0)
