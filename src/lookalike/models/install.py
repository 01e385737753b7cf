"""Puts networks into the user's directory, whole or not at all."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lookalike.errors import BadModel, LookalikeError, StorageFull
from lookalike.lock import writer_lock
from lookalike.models.files import file_in
from lookalike.models.manifest import ModelFile, parts_of, write_manifest
from lookalike.models.model import Model, read_model
from lookalike.models.network import Plug
from lookalike.models.trial import try_network

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TAKEN = ("bundled", "classics")
"""What a collection calls the describers that come with the package."""


def add_model(folder: Path, directory: Path, name: str | None = None) -> Model:
    """Copy the network in `folder` to ``directory/name`` and write its manifest; it is there whole or not at all.

    Parameters
    ----------
    folder : Path
        Only the files that belong to a network are copied.
    directory : Path
        Made if missing.
    name : str or None
        None takes that of the folder.

    Raises
    ------
    ModelNotFound, BadModel
        If `folder` holds no network that can be trusted; see `read_model`.
    LookalikeError
        If the name is taken or cannot be a name.
    StorageFull
        If the disk has no room.
    """
    model = read_model(folder)
    name = name or model.name
    parts = parts_of(folder)
    known = {file.name: file for file in model.files}
    with installing(name, directory, sum((folder / part).stat().st_size for part in parts)) as place:
        for part in parts:
            (place / part).parent.mkdir(exist_ok=True)
            shutil.copyfile(file_in(folder, part), place / part)
        seal(place, model.plug, licence=model.licence, source=model.source, known=known)
    return read_model(directory / name)


def seal(
    place: Path, plug: Plug, *, licence: str | None, source: str | None, known: Mapping[str, ModelFile] | None = None
) -> None:
    """Write the manifest of a folder that has all its files, and try the network.

    Raises
    ------
    BadModel
        If a file is not the one that is known, or the network cannot be used.
    """

    def write(n_dims: int | None) -> None:
        write_manifest(place, output=plug.output, n_dims=n_dims, licence=licence, source=source)

    write(plug.n_dims)
    for file in read_model(place).files:
        if (known or {}).get(file.name, file) != file:
            raise BadModel(f"{file.name} is not the file that its manifest lists: get the network again.")
    n_dims = try_network(place)
    if plug.n_dims is None:
        write(n_dims)


@contextmanager
def installing(name: str, directory: Path, n_bytes: int) -> Iterator[Path]:
    """Give an empty folder to fill, which becomes ``directory/name`` at the end, or vanishes on an error.

    Raises
    ------
    LookalikeError
        If the name is taken or cannot be a name, or the directory cannot be written.
    CollectionBusy
        If another process installs under the name.
    StorageFull
        If the disk has no room.
    """
    target, place = directory / name, directory / f".new-{name}"
    check_name_is_free(name, directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(directory).free
        if free < n_bytes:
            raise StorageFull(
                f"{directory} has {free} bytes free and {name} needs {n_bytes}: make room, then try again."
            )
        lock, deed = directory / f".new-{name}.lock", f"{name} is being installed in {directory}"
        with writer_lock(lock, deed=deed, leaves_file=False):
            check_name_is_free(name, directory)
            shutil.rmtree(place, ignore_errors=True)  # left behind if somebody killed us here
            place.mkdir()
            try:
                yield place
                place.rename(target)
            finally:
                shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        kind = StorageFull if error.errno == errno.ENOSPC else LookalikeError
        raise kind(
            f"{name} cannot be written to {directory} ({error.strerror}): make room or change the folder."
        ) from error


def check_name_is_free(name: str, directory: Path) -> None:
    """Raise LookalikeError unless a network could be installed under this name."""
    if not _NAME.fullmatch(name):
        raise LookalikeError(
            f"{name!r} cannot name a network: take up to 100 letters, digits, dots, hyphens and underscores."
        )
    if name in _TAKEN:
        raise LookalikeError(f"{name!r} names what comes with the package: choose another name.")
    if (directory / name).exists():
        raise LookalikeError(f"{name} is installed in {directory} already: choose another name, or remove its folder.")
