"""The network: residual blocks, and a vector drawn from its last map, its earlier maps and its colours."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lookalike.learning.poolings.gem import GeM
from lookalike.learning.poolings.spoc import spoc
from lookalike.learning.recipe import Shape

MEAN, DEVIATION = 118.0, 60.0
"""Of the grey levels of all channels alike: the first layer learns the rest."""


class Residual(nn.Module):
    """Two convolutions and a way around them; the way around averages where the block halves the map.

    References
    ----------
    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.
    He et al., "Bag of Tricks for Image Classification with Convolutional Neural Networks", CVPR 2019 (ResNet-D).
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)
        )
        self.second = nn.Sequential(nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False), nn.BatchNorm2d(n_out))
        around: list[nn.Module] = [nn.AvgPool2d(2, ceil_mode=True)] if stride == 2 else []
        if n_in != n_out:
            around += [nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out)]
        self.around = nn.Sequential(*around)
        nn.init.zeros_(self.second[1].weight)  # a block starts as its way around

    def forward(self, maps: Tensor) -> Tensor:
        return functional.relu(self.second(self.first(maps)) + self.around(maps), inplace=True)


class ColourHistogram(nn.Module):
    """How much of a picture has each of a few learned colours.

    Two layers without neighbourhood sort every pixel into bins; the square roots of the bins' shares are the answer,
    so that dot products of histograms are Bhattacharyya coefficients.

    References
    ----------
    Wang et al., "Learnable Histogram: Statistical Context Features for Deep Neural Networks", ECCV 2016.

    Notes
    -----
    Differs from the paper: bins lie in the joint space of the three channels, and are softmax responses.
    """

    def __init__(self, n_bins: int) -> None:
        super().__init__()
        self.bins = nn.Sequential(nn.Conv2d(3, n_bins, 1), nn.ReLU(inplace=True), nn.Conv2d(n_bins, n_bins, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        shares = self.bins(functional.avg_pool2d(pixels, 2, stride=4)).float().softmax(dim=1)
        return (shares.mean(dim=(2, 3)) + 1e-6).sqrt()


class Embedder(nn.Module):
    """Pictures in, vectors and maps out.

    Parameters
    ----------
    shape : Shape

    Notes
    -----
    The vector is a linear map of the last map's generalized mean, the means of two earlier ones, the deviations of
    the earlier of them, and a histogram of colours. What is early tells colours and textures, what is late tells
    things; the linear map is learned with all the rest, so that one vector serves shelves, where colour says much, and
    photographs, where it says little.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        first, second, third, last = shape.widths
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 3, 2, 1, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True)
        )
        widths = (first, *shape.widths)
        self.stages = nn.ModuleList(
            nn.Sequential(
                Residual(widths[n], width, 2 if n else 1), *(Residual(width, width, 1) for _ in range(n_blocks - 1))
            )
            for n, (width, n_blocks) in enumerate(zip(shape.widths, shape.blocks, strict=True))
        )
        self.colours = ColourHistogram(shape.n_colours)
        self.pool = GeM()
        n_early = shape.n_colours + 2 * second + third
        self.norm_early = nn.BatchNorm1d(n_early, affine=False)
        self.norm_last = nn.BatchNorm1d(last, affine=False)
        self.from_early = nn.Linear(n_early, shape.n_dims, bias=False)
        self.from_last = nn.Linear(last, shape.n_dims)
        nn.init.normal_(self.from_early.weight, std=0.3 / n_early**0.5)
        nn.init.normal_(self.from_last.weight, std=1 / last**0.5)

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """Return the maps of the four stages, each half as wide and high as the one before."""
        maps = [self.stem(pixels)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps[1:]

    def forward(self, pixels: Tensor) -> Tensor:
        """Return vectors (N, D) float32, L2-normalized, of pixels (N, 3, H, W) with mean 0 and deviation near 1."""
        _, second, third, last = self.maps(pixels)
        early = torch.cat([self.colours(pixels), mean_and_deviation(second), spoc(third)], dim=1)
        with torch.autocast(pixels.device.type, enabled=False):
            vectors = self.from_last(self.norm_last(self.pool(last))) + self.from_early(self.norm_early(early))
        return functional.normalize(vectors, dim=1)


def mean_and_deviation(maps: Tensor) -> Tensor:
    """Return mean and standard deviation of each channel, (N, 2 C) float32, of maps (N, C, H, W)."""
    maps = maps.float()
    mean = maps.mean(dim=(2, 3))
    square = (maps * maps).mean(dim=(2, 3))
    return torch.cat([mean, (square - mean * mean).clamp(min=0).add(1e-5).sqrt()], dim=1)


def as_input(images: NDArray[np.uint8], device: torch.device | None = None) -> Tensor:
    """Return pictures (N, H, W, 3) uint8 as the network takes them: (N, 3, H, W) float32, scaled, on a device."""
    pixels = torch.from_numpy(images)
    if device is not None and device.type == "cuda":
        pixels = pixels.pin_memory().to(device, non_blocking=True)
    return pixels.permute(0, 3, 1, 2).float().sub_(MEAN).div_(DEVIATION)
