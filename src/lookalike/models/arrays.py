"""Reads the arrays that travel with a network, in NPZ files that nobody vouches for."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lookalike.models.files import one_line

NOT_ARRAYS = (OSError, ValueError, LookupError, TypeError)
"""What `read_arrays` raises of a damaged or foreign file, and what may be raised where its arrays do not fit."""


def read_arrays(path: Path, limit: int) -> dict[str, NDArray[Any]]:
    """Return the arrays in an NPZ file by name; nothing in it is ever executed.

    Parameters
    ----------
    limit : int
        Bytes that they may have, unpacked.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is damaged, no NPZ file, holds anything but arrays, or is too large.
    """
    with path.open("rb") as file:
        try:
            arrays = _unpacked(file, limit)
        except Exception as error:  # zipfile, its decompressors and NumPy's reading of headers have no common root
            raise ValueError(f"it is no readable NPZ file: {one_line(error)}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.size > limit:  # elements of no bytes may be any number
            raise ValueError(f"{name!r} is no array of up to {limit} bytes")
    return arrays


def _unpacked(file: BinaryIO, limit: int) -> dict[str, Any]:
    with zipfile.ZipFile(file) as members:
        n_bytes = sum(member.file_size for member in members.infolist())
    if n_bytes > limit:
        raise ValueError(f"it unpacks to {n_bytes} bytes, over {limit}")
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
