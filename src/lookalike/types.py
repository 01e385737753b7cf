"""The vocabulary: values that travel between the parts, and the contracts that parts fulfil.

Letters in shapes: H, W height and width in pixels, N vectors or instances, D numbers in a vector, Q queries,
k neighbours.
Boxes are xyxy in pixels of the upright original, float32, end-exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) uint8, RGB, upright."""

Mask: TypeAlias = NDArray[np.bool_]
"""(H, W) bool, True where the instance is."""

Vectors: TypeAlias = NDArray[np.float32]
"""(N, D) float32, each row L2-normalized."""


def _check(claim: bool, message: str) -> None:
    if not claim:
        raise ValueError(message)


@dataclass(frozen=True)
class Frame:
    """One decoded picture, or one moment of a video.

    Attributes
    ----------
    image : (H, W, 3) uint8
        RGB, upright, at working size: never larger than the original.
    size : (height, width)
        Of the upright original, in pixels.
    time : float or None
        Seconds from the start of a video; None for a still.
    """

    image: Image
    size: tuple[int, int]
    time: float | None = None

    def __post_init__(self) -> None:
        _check(
            self.image.ndim == 3 and self.image.shape[2] == 3 and self.image.dtype == np.uint8,
            f"a frame's image is (H, W, 3) uint8, got {self.image.shape} {self.image.dtype}",
        )
        _check(min(self.image.shape[:2]) > 0, "a frame's image has at least one pixel")


@dataclass(frozen=True)
class Instances:
    """What a finder found in one frame: equal-length arrays, indexable by integers, slices and boolean masks.

    Attributes
    ----------
    boxes : (N, 4) float32
        xyxy, pixels of the upright original, end-exclusive.
    scores : (N,) float32
        The finder's confidence, in [0, 1].
    masks : tuple of N (H, W) bool or None
        At the working size of the frame; None where the instance fills its box.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    masks: tuple[Mask | None, ...]

    def __post_init__(self) -> None:
        n = len(self.boxes)
        _check(self.boxes.shape == (n, 4), f"boxes are (N, 4), got {self.boxes.shape}")
        _check(self.scores.shape == (n,), f"{n} boxes need {n} scores, got {self.scores.shape}")
        _check(len(self.masks) == n, f"{n} boxes need {n} masks, got {len(self.masks)}")

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True)
class Matches:
    """The nearest neighbours of each of Q queries, best first; ties by smaller row.

    Attributes
    ----------
    rows : (Q, k) int64
        Rows of the database; -1 where fewer than k were allowed.
    similarities : (Q, k) float32
        Descending; -inf where the row is -1.
    """

    rows: NDArray[np.int64]
    similarities: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check(
            self.rows.ndim == 2 and self.rows.shape == self.similarities.shape,
            f"rows {self.rows.shape} and similarities {self.similarities.shape} must be equal (Q, k)",
        )


@dataclass(frozen=True)
class Calibration:
    """What turns similarities of one describer into chances; made from reference pictures and shipped with it.

    Attributes
    ----------
    reference : (R, D) float32
        L2-normalized vectors of unrelated pictures, the yardstick of chance.
    tail_z : (T,) float32
        Ascending standardized similarities of unrelated pairs.
    tail_log_p : (T,) float32
        Natural logarithm of the chance that an unrelated pair is at least as close; descending.
    log_rates, precisions : (M,) float32
        Monotone map from the natural logarithm of the false discovery rate, ascending, to the precision observed on
        reference classes, descending.
    judges : bool
        Whether claims held on classes that were not used to make it; otherwise the space ranks without a cut-off.
    """

    reference: NDArray[np.float32]
    tail_z: NDArray[np.float32]
    tail_log_p: NDArray[np.float32]
    log_rates: NDArray[np.float32]
    precisions: NDArray[np.float32]
    judges: bool


@runtime_checkable
class Finder(Protocol):
    """Finds instances in frames.

    `name` and `version` identify what was found: a changed version means different instances.
    """

    name: str
    version: str

    def find(self, frames: Sequence[Frame]) -> list[Instances]:
        """Return the instances of each frame, in the frames' order."""
        ...


@runtime_checkable
class Describer(Protocol):
    """Describes pictures, or masked regions of them, as vectors whose dot product says how alike they look.

    Attributes
    ----------
    name : str
        For instance ``"colour"``.
    version : str
        Changes whenever the vectors do; vectors of two versions never mix.
    size : int
        The longer side, in pixels, of the pictures it works at; larger ones are reduced to it, smaller ones stay.
    """

    name: str
    version: str
    size: int

    @property
    def n_dims(self) -> int:
        """D; what a network does not say of itself may take a run of it."""
        ...

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized.

        Parameters
        ----------
        images : N of (H, W, 3) uint8
            RGB, upright, of any size from one pixel.
        masks : N of (H, W) bool or None, or None
            Each the size of its image. None means the whole picture, and so does a mask without a pixel.

        Raises
        ------
        ValueError
            If the numbers of images and masks, or a mask's size, do not fit.
        """
        ...


@runtime_checkable
class TextDescriber(Describer, Protocol):
    """A describer that also turns words into vectors, to be met by those of pictures that show what they say.

    It may have `templates`, sentences with ``{}`` into which a word is put when it stands for a class of pictures.
    """

    def describe_texts(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) float32, L2-normalized, one vector for each of N texts.

        Raises
        ------
        UnknownWords
            If it does not understand one of the texts; the sentence says what to do.
        """
        ...


@runtime_checkable
class WordedDescriber(TextDescriber, Protocol):
    """A describer that takes no free words, but those it learned.

    Attributes
    ----------
    known_words : tuple of str
        Sorted, in lower case.
    """

    @property
    def known_words(self) -> tuple[str, ...]: ...


@runtime_checkable
class CompositeDescriber(Describer, Protocol):
    """A describer that is made of others, so that what several spaces share need be described once only.

    Attributes
    ----------
    parts : tuple of Describer
    """

    parts: tuple[Describer, ...]

    def combine(self, parts: Mapping[str, Vectors]) -> Vectors:
        """Return (N, D) float32, L2-normalized, from what the parts, by their names, said of the same pictures."""
        ...


class Index(Protocol):
    """Finds the nearest database vectors. The exact one is the specification of all others."""

    def __len__(self) -> int: ...

    def search(self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None) -> Matches:
        """Return the k nearest rows of each query by dot product, among the allowed.

        Parameters
        ----------
        queries : (Q, D) float32
        k : int
            At least 1; may exceed the number of rows.
        allowed : (N,) bool or None
            Rows that may be returned; None means all.
        """
        ...

    def similarities(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the dot products (R,) of one query (D,) with the given rows (R,)."""
        ...


@runtime_checkable
class ExplorableIndex(Index, Protocol):
    """An index that knows its rows' neighbours, and so finds what is near to a row from there."""

    def explore(self, row: int, k: int, *, allowed: NDArray[np.bool_] | None = None) -> Matches:
        """Return the k other rows (1, k) nearest to a row, among the allowed."""
        ...
