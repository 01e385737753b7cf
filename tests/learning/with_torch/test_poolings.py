"""Every pooling is what a naive loop gives."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lookalike.learning.poolings.gem import GeM, gem
from lookalike.learning.poolings.mac import mac
from lookalike.learning.poolings.rmac import rmac, squares
from lookalike.learning.poolings.spoc import spoc


def maps(height: int = 4, width: int = 5) -> Tensor:
    return torch.from_numpy(np.random.default_rng(7).gamma(1, 1, (2, 3, height, width)).astype(np.float32))


def test_spoc_is_the_mean_and_mac_the_maximum_of_every_place() -> None:
    for n, c in np.ndindex(2, 3):
        values = [float(maps()[n, c, i, j]) for i, j in np.ndindex(4, 5)]
        assert float(spoc(maps())[n, c]) == pytest.approx(sum(values) / 20, rel=1e-5)
        assert float(mac(maps())[n, c]) == max(values)


def test_gem_is_the_generalized_mean_and_lies_between_both() -> None:
    pooled = gem(maps(), 3.0)
    for n, c in np.ndindex(2, 3):
        values = [float(maps()[n, c, i, j]) for i, j in np.ndindex(4, 5)]
        assert float(pooled[n, c]) == pytest.approx((sum(value**3 for value in values) / 20) ** (1 / 3), rel=1e-5)
    torch.testing.assert_close(gem(maps(), 1.0), spoc(maps()))
    torch.testing.assert_close(gem(maps(), 30.0), mac(maps()), rtol=1 - (1 / 20) ** (1 / 30), atol=0)


def test_gem_learns_its_p() -> None:
    pool = GeM()
    pool(maps()).sum().backward()
    assert pool.p.tolist() == 3
    assert float(pool.p.grad) > 0


def test_gem_of_nothing_is_its_smallest_value() -> None:
    torch.testing.assert_close(gem(torch.zeros(1, 2, 3, 3), 3.0), torch.full((1, 2), 1e-4))


def test_the_squares_of_a_square_map_by_hand() -> None:
    assert list(squares(4, 4, 2)) == [(0, 0, 4), (0, 0, 2), (0, 2, 2), (2, 0, 2), (2, 2, 2)]


def test_the_squares_of_a_long_map_share_two_fifths() -> None:
    first = [square for square in squares(10, 16, 3) if square[2] == 10]
    assert first == [(0, 0, 10), (0, 6, 10)]
    assert [(left, top, side) for top, left, side in squares(16, 10, 1)] == first


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 40), (7, 5)])
def test_squares_lie_within_the_map(size: tuple[int, int]) -> None:
    for top, left, side in squares(*size, 3):
        assert side >= 1 and top >= 0 and left >= 0 and top + side <= size[0] and left + side <= size[1]


def test_rmac_is_the_normalized_sum_of_normalized_maxima() -> None:
    pooled = rmac(maps(6, 9))
    for n in range(2):
        total = np.zeros(3)
        for top, left, side in squares(6, 9, 3):
            best = np.array([maps(6, 9)[n, c, top : top + side, left : left + side].max() for c in range(3)])
            total += best / np.linalg.norm(best)
        np.testing.assert_allclose(pooled[n], total / np.linalg.norm(total), rtol=1e-5)
