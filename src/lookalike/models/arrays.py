"""Reads the arrays that travel with a network, in NPZ files that nobody vouches for."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOT_ARRAYS = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    MemoryError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged or foreign file may raise, and what may be raised where its arrays do not fit."""


def read_arrays(path: Path, limit: int) -> dict[str, NDArray[Any]]:
    """Return the arrays in an NPZ file by name; nothing in it is ever executed.

    Parameters
    ----------
    limit : int
        Bytes that they may have, unpacked.

    Raises
    ------
    NOT_ARRAYS
        One of these, if the file is damaged, no NPZ file, or too large.
    """
    with zipfile.ZipFile(path) as members:
        n_bytes = sum(member.file_size for member in members.infolist())
    if n_bytes > limit:
        raise ValueError(f"it unpacks to {n_bytes} bytes, over {limit}")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
