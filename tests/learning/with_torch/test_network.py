"""The parts of the network compute what they say."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lookalike.learning.network import ColourHistogram, Embedder, Residual, as_input, mean_and_deviation
from lookalike.learning.recipe import Shape

SHAPE = Shape(widths=(4, 8, 8, 12), blocks=(1, 1, 1, 2), n_colours=4, n_dims=8)


def pixels(height: int = 48, width: int = 64) -> Tensor:
    return torch.from_numpy(np.random.default_rng(7).normal(size=(2, 3, height, width)).astype(np.float32))


def test_pictures_come_in_with_mean_0_and_channels_first() -> None:
    images = np.full((2, 3, 4, 3), 118, np.uint8)
    images[1, 0, 1] = (178, 118, 58)
    scaled = as_input(images)
    assert scaled.shape == (2, 3, 3, 4)
    assert scaled[1, :, 0, 1].tolist() == [1, 0, -1]
    assert float(scaled.abs().sum()) == 2


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [8, 7])
def test_a_new_block_is_its_way_around(stride: int, size: int) -> None:
    block = Residual(4, 4, stride).eval()
    maps = torch.rand(2, 4, size, size)
    due = maps if stride == 1 else torch.nn.functional.avg_pool2d(maps, 2, ceil_mode=True)
    torch.testing.assert_close(block(maps), due)


def test_each_map_is_half_of_the_one_before() -> None:
    torch.manual_seed(7)
    shapes = [tuple(maps.shape[1:]) for maps in Embedder(SHAPE).eval().maps(pixels())]
    assert shapes == [(4, 24, 32), (8, 12, 16), (8, 6, 8), (12, 3, 4)]


def test_vectors_have_length_one_whatever_the_size() -> None:
    torch.manual_seed(7)
    network = Embedder(SHAPE).eval()
    for size in ((32, 32), (47, 33), (96, 80)):
        torch.testing.assert_close(network(pixels(*size)).norm(dim=1), torch.ones(2))


def test_a_histogram_of_colours_overlooks_where_they_are() -> None:
    torch.manual_seed(7)
    histogram = ColourHistogram(6)
    shares = histogram(pixels())
    torch.testing.assert_close(shares.pow(2).sum(dim=1), torch.ones(2))
    torch.testing.assert_close(histogram(pixels().roll((8, 16), dims=(2, 3))), shares)


def test_mean_and_deviation_are_those_of_numpy() -> None:
    maps = pixels()
    due = np.concatenate([maps.numpy().mean(axis=(2, 3)), maps.numpy().std(axis=(2, 3))], axis=1)
    np.testing.assert_allclose(mean_and_deviation(maps), due, atol=1e-5)
