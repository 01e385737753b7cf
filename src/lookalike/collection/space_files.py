"""The vectors and codes of one generation, written side by side."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog.vector_file import CodeFile, VectorFile
from lookalike.codes.coder import Coder, read_coder
from lookalike.codes.lsh import lsh_coder
from lookalike.codes.packing import as_words
from lookalike.collection.store import N_WORDS, Space, Store, record_rows
from lookalike.errors import BadModel, IncompatibleCollection
from lookalike.types import Describer, Vectors

CODER = "coder.npz"
"""In a generation's folder: the coder that was trained on its own vectors."""


class SpaceFiles:
    """What a writer appends to a generation; only for the holder of the writer lock.

    Codes are appended where all rows before have theirs, by the same coder; others are made up for later, from the
    vectors.

    Parameters
    ----------
    space : Space
    vectors : VectorFile
    codes : CodeFile
    coder : Coder or None
        None where it cannot be had now.
    """

    def __init__(self, space: Space, vectors: VectorFile, codes: CodeFile, coder: Coder | None) -> None:
        self.space = space
        self.vectors = vectors
        self.codes = codes
        is_level = coder is not None and coder.version == space.coder and codes.n_rows == vectors.n_rows
        self._coder = coder if is_level else None

    def append(self, vectors: Vectors) -> int:
        """Write vectors (n, D) and their codes onto the disk and return the row of the first; `record` commits them."""
        stored = vectors.astype(np.float16)
        first = self.vectors.append(stored)
        if self._coder is not None:
            self.codes.append(codes_of(self._coder, stored))
        self.vectors.flush()
        self.codes.flush()
        return first

    def record(self, connection: Connection, *, n_new: int) -> None:
        """Commit what was appended, of which `n_new` rows stand for instances."""
        record_rows(connection, self.space, self.vectors, self.codes, n_new=n_new)


def codes_of(coder: Coder, vectors: NDArray[np.float16]) -> NDArray[np.uint64]:
    """Return the codes (N, 4) of stored vectors (N, D)."""
    return as_words(coder.encode(vectors))


def load_space_files(store: Store, space: Space, describer: Describer) -> SpaceFiles:
    """Return the files of a generation to append to."""
    return SpaceFiles(space, *store.load_files(space), usable_coder(store.folder_of(space), describer))


def coder_of(folder: Path, describer: Describer) -> Coder:
    """Return what makes the codes of a generation: trained on its own vectors, or shipped with the describer, or LSH.

    Parameters
    ----------
    folder : Path
        The generation's.

    Raises
    ------
    BadModel
        If a coder was trained and its file is damaged.
    IncompatibleCollection
        If the coder does not make 256 bits of the describer's vectors.
    """
    if (folder / CODER).exists():
        coder = read_coder(folder / CODER)
    else:
        coder = getattr(describer, "coder", None) or _known_to_all(describer.n_dims)
    if (coder.n_dims, coder.n_bits) != (describer.n_dims, 64 * N_WORDS):
        raise IncompatibleCollection(
            f"a coder of the space {describer.name} makes {64 * N_WORDS} bits of {describer.n_dims} numbers, got one "
            f"that makes {coder.n_bits} of {coder.n_dims}; update what brought it"
        )
    return coder


@cache
def _known_to_all(n_dims: int) -> Coder:
    return lsh_coder(n_dims)


def usable_coder(folder: Path, describer: Describer) -> Coder | None:
    """Return the coder of a generation, None if it cannot be used; `verify` tells why."""
    try:
        return coder_of(folder, describer)
    except (BadModel, IncompatibleCollection):
        return None
