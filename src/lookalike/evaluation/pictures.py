"""Reading and describing the pictures and captions of a data set."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lookalike.collection.batches import batches
from lookalike.collection.describe import describe_all
from lookalike.collection.reading import in_order
from lookalike.errors import LookalikeError, UnreadableMedia
from lookalike.evaluation.data_set import DataSet, Labelled
from lookalike.media import Decoder, open_beneath
from lookalike.types import Describer, Image, TextDescriber

BATCH = 64
"""Pictures or captions that are described together."""

Tell = Callable[[int, int], None]
"""Told how much is done, and how much there is."""


@dataclass(frozen=True)
class Described:
    """The pictures of a data set that could be read, and what spaces say of them and of its captions.

    Attributes
    ----------
    data : DataSet
        Without the P pictures that could not be read, which it lists as skipped.
    vectors : mapping of space to (P, D) float16
        Rounded as a collection stores them.
    texts : mapping of space to (T, D) float32
        Of the captions, in the spaces that take words.
    """

    data: DataSet
    vectors: Mapping[str, NDArray[np.float16]]
    texts: Mapping[str, NDArray[np.float32]]


def describe(
    data: DataSet, describers: Mapping[str, Describer], decoder: Decoder, n_workers: int, tell: Tell
) -> Described:
    """Read and describe every picture and every caption; pictures that cannot be read are reported, not raised.

    Parameters
    ----------
    data : DataSet
    describers : mapping of space to Describer
        At least one; with captions, all of them TextDescriber.
    decoder : Decoder
    n_workers : int
        Pictures that are read at the same time.
    tell : callable
        Told after each batch.

    Raises
    ------
    LookalikeError
        If a describer answers with what are no finite numbers.
    """
    readable: list[Labelled] = []
    skipped = list(data.skipped)
    parts: dict[str, list[NDArray[np.float16]]] = {
        name: [np.zeros((0, describer.n_dims), dtype=np.float16)] for name, describer in describers.items()
    }
    n_done, n_all = 0, len(data.pictures) + len(data.captions)
    for batch in batches(read_all(data.pictures, decoder, n_workers), BATCH):
        skipped += [(picture.file, answer) for picture, answer in batch if isinstance(answer, str)]
        shown = [(picture, answer) for picture, answer in batch if not isinstance(answer, str)]
        readable += [picture for picture, _ in shown]
        for name, vectors in describe_all([image for _, image in shown], describers).items():
            parts[name].append(_finite(name, vectors).astype(np.float16))
        n_done += len(batch)
        tell(n_done, n_all)
    texts = {
        name: _finite(name, _describe_texts([caption.text for caption in data.captions], describer))
        for name, describer in describers.items()
        if data.captions and isinstance(describer, TextDescriber)
    }
    tell(n_all, n_all)
    vectors_of = {name: np.concatenate(of_batches) for name, of_batches in parts.items()}
    return Described(replace(data, pictures=readable, skipped=skipped), vectors_of, texts)


def _describe_texts(texts: Sequence[str], describer: TextDescriber) -> NDArray[np.float32]:
    return np.concatenate([describer.describe_texts(batch) for batch in batches(iter(texts), BATCH)])


def _finite(name: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(vectors).all():
        raise LookalikeError(
            f"the space {name} answers with values that are no finite numbers; leave it out by --space, "
            "or update what brought it"
        )
    return vectors


def read_all(pictures: Sequence[Labelled], decoder: Decoder, n_workers: int) -> Iterator[tuple[Labelled, Image | str]]:
    """Yield every picture with its pixels, or the reason why there are none, reading ahead meanwhile."""
    with ThreadPoolExecutor(n_workers) as pool:
        yield from in_order(partial(_read, decoder), pictures, pool, ahead=BATCH)


def _read(decoder: Decoder, picture: Labelled) -> tuple[Labelled, Image | str]:
    try:
        descriptor = open_beneath(picture.root, picture.path)
        try:
            return picture, decoder.decode(descriptor).frame.image
        finally:
            os.close(descriptor)
    except UnreadableMedia as error:
        return picture, str(error)
