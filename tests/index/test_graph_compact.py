"""Compact vectors keep distances, whatever the describer."""

import numpy as np
import pytest

from lookalike.index.graph.compact import compact


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def distances(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors[:, None] - vectors[None], axis=2)


@pytest.mark.parametrize("n_dims", [64, 96, 128, 384, 768, 1000])
@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_distances_stay_in_proportion_however_uneven_the_numbers_are(n_dims: int, spread: float) -> None:
    rng = np.random.default_rng(7)
    scale = np.exp(spread * rng.standard_normal(n_dims)) + 3 * (np.arange(n_dims) == n_dims // 2)
    vectors = unit(rng.standard_normal((60, n_dims)) * scale + 0.5 * scale)
    apart = ~np.eye(60, dtype=bool)
    true, found = (distances(each)[apart] for each in (vectors, compact(vectors).astype(np.float32)))
    ratio = found / true
    assert np.abs(ratio / np.median(ratio) - 1).max() < 0.05


@pytest.mark.parametrize("n_dims", [1, 2, 3, 8, 13])
def test_few_numbers_keep_their_distances_too(n_dims: int) -> None:
    vectors = unit(np.random.default_rng(7).standard_normal((60, n_dims)))
    true, found = distances(vectors), distances(compact(vectors).astype(np.float32)) * 4 / 127 / np.sqrt(n_dims)
    assert np.abs(found - true).max() < 0.05


def test_equal_vectors_and_zeros_are_at_no_distance() -> None:
    vectors = unit(np.random.default_rng(7).standard_normal((3, 50)))
    assert np.array_equal(compact(vectors[[0, 1, 2, 1]])[1], compact(vectors)[1])
    nothing = compact(np.zeros((2, 50), np.float32))
    assert (nothing == 128).all()


def test_no_vectors_and_a_row_of_a_larger_array_can_be_compacted() -> None:
    assert compact(np.zeros((0, 7), np.float32)).shape == (0, 7)
    wide = unit(np.random.default_rng(7).standard_normal((4, 40)))
    assert np.array_equal(compact(wide[::2, :20]), compact(wide[::2, :20].copy()))
