"""A network as it lies in its folder: how it is read, verified and opened."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lookalike.errors import BadModel, LookalikeError, ModelNotFound
from lookalike.models.files import file_in
from lookalike.models.manifest import (
    CALIBRATION,
    CODER,
    PICTURE_NETWORKS,
    TEXT_NETWORK,
    Manifest,
    ModelFile,
    changed,
    hashed,
    listed,
    read_manifest,
)
from lookalike.models.measured import Measurement, read_measurement
from lookalike.models.network import Network, Plug, find_plug, open_session
from lookalike.models.onnx_file import read_onnx
from lookalike.models.preprocessing import Preprocessing, read_preprocessing
from lookalike.models.text_network import TextNetwork
from lookalike.models.text_tower import open_text_tower
from lookalike.models.trial import try_network

MAX_DIMS = 1 << 16
_PREPROCESSING = ("preprocess_cfg.json", "preprocessor_config.json")


@dataclass(frozen=True)
class Model:
    """A network that turns pictures into vectors, as it lies in its folder.

    Attributes
    ----------
    name : str
    folder : Path
    network : str
        The ONNX file that sees pictures.
    text_network : str or None
        The ONNX file that reads words, if there is one.
    network_files : tuple of ModelFile
        `network` and its data files: what the vectors depend on.
    files : tuple of ModelFile
        Everything that the manifest lists; without a manifest, `network_files` as they are now.
    plug : Plug
    preprocessing : Preprocessing
    calibration : ModelFile or None
        An NPZ file with the fields of `types.Calibration`, if there is one.
    coder : ModelFile or None
        An NPZ file with what makes codes of its vectors, if there is one.
    licence, source : str or None
        As far as the manifest knows.
    """

    name: str
    folder: Path
    network: str
    text_network: str | None
    network_files: tuple[ModelFile, ...]
    files: tuple[ModelFile, ...]
    plug: Plug
    preprocessing: Preprocessing
    calibration: ModelFile | None
    coder: ModelFile | None
    licence: str | None
    source: str | None

    def to_json(self) -> dict[str, Any]:
        """Return what people choose a network by, as JSON values."""
        return {
            "name": self.name,
            "path": str(self.folder),
            "dims": self.plug.n_dims,
            "bytes": self.n_bytes,
            "text": self.has_text,
            "licence": self.licence,
            "source": self.source,
            "sha256": self.sha256,
            "measured": None if self.measured is None else self.measured.to_json(),
        }

    @functools.cached_property
    def n_dims(self) -> int:
        """D; a network that does not say it, nor its manifest, is tried for it.

        Raises
        ------
        BadModel
            If that fails; see `try_network`.
        """
        return self.plug.n_dims or try_network(self.folder)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the list that ``sha256sum`` prints for `network_files`."""
        listing = "".join(f"{file.sha256}  {file.name}\n" for file in self.network_files)
        return hashlib.sha256(listing.encode()).hexdigest()

    @property
    def measured(self) -> Measurement | None:
        """What was measured of it on this computer, if anything was."""
        return read_measurement(self.folder, self.sha256)

    @property
    def has_text(self) -> bool:
        """Whether words can be turned into vectors that meet those of pictures."""
        return self.text_network is not None

    @property
    def n_bytes(self) -> int:
        """The size of all `files`."""
        return sum(file.n_bytes for file in self.files)


@dataclass(frozen=True)
class Installed:
    """The networks of a directory, by name, and the folders that hold none, each with the reason."""

    directory: Path
    models: tuple[Model, ...]
    skipped: tuple[tuple[Path, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the list as JSON values."""
        return {
            "folder": str(self.directory),
            "models": [model.to_json() for model in self.models],
            "skipped": [{"path": str(path), "reason": reason} for path, reason in self.skipped],
        }


def read_model(folder: Path) -> Model:
    """Read what a network's folder holds, without running the network.

    The hashes of an installed network are those of its manifest, `verify_model` compares them; a folder without a
    manifest is hashed now.

    Raises
    ------
    ModelNotFound
        If there is no such folder.
    BadModel
        If it holds no network, or one that is damaged, incomplete or asks for anything outside of the folder, or if it
        cannot be read.
    """
    try:
        return _read(folder)
    except OSError as error:
        raise BadModel(_unreadable(folder, error)) from error


def _unreadable(folder: Path, error: OSError) -> str:
    return f"{folder} cannot be read ({error.strerror}): check its permissions."


def _read(folder: Path) -> Model:
    if not folder.is_dir():
        raise ModelNotFound(f"There is no network at {folder}: see `lookalike models list` for those installed.")
    manifest = read_manifest(folder)
    network = next((name for name in PICTURE_NETWORKS if (folder / name).exists()), None)
    if network is None:
        raise BadModel(f"{folder} has neither model.onnx nor visual/model.onnx: name the folder of an ONNX network.")
    onnx = read_onnx(file_in(folder, network))
    parent = network.removesuffix("model.onnx")
    names = [network, *(parent + name for name in onnx.data_files)]
    network_files = tuple(listed(folder, name, manifest) for name in names)
    preprocessing = _find_preprocessing(folder, parent, manifest)
    plug = find_plug(folder / network, onnx, preprocessing.size, manifest.output if manifest else None)
    n_dims = plug.n_dims or (manifest.n_dims if manifest else None)
    if n_dims is not None:
        plug = replace(plug, n_dims=checked_dims(folder / network, n_dims))
    return Model(
        name=folder.resolve().name,
        folder=folder,
        network=network,
        text_network=TEXT_NETWORK if (folder / TEXT_NETWORK).exists() else None,
        network_files=network_files,
        files=tuple(manifest.files.values()) if manifest else network_files,
        plug=plug,
        preprocessing=preprocessing,
        calibration=_beside(folder, CALIBRATION, manifest),
        coder=_beside(folder, CODER, manifest),
        licence=manifest.licence if manifest else None,
        source=manifest.source if manifest else None,
    )


def _beside(folder: Path, name: str, manifest: Manifest | None) -> ModelFile | None:
    return listed(folder, name, manifest) if (folder / name).exists() else None


def list_models(directory: Path) -> Installed:
    """Read every network in `directory`, and run none; one that cannot be read does not hide the others."""
    models: list[Model] = []
    skipped: list[tuple[Path, str]] = []
    try:
        folders = sorted(folder for folder in directory.iterdir() if folder.is_dir()) if directory.is_dir() else []
    except OSError as error:
        return Installed(directory, (), ((directory, _unreadable(directory, error)),))
    for folder in folders:
        if not folder.name.startswith("."):
            try:
                models.append(read_model(folder))
            except LookalikeError as error:
                skipped.append((folder, str(error)))
    return Installed(directory, tuple(models), tuple(skipped))


def verify_model(model: Model) -> list[str]:
    """Compare every file with its hash, let the network describe a picture and read a text; return what is wrong."""
    problems = changed(model.folder, model.files)
    try:
        if not problems:
            try_network(model.folder)
    except BadModel as error:
        problems.append(str(error))
    return problems


def open_text_network(model: Model, n_threads: int = 1) -> TextNetwork:
    """Make the part of a network that reads words ready to run, after comparing its files with their hashes.

    Raises
    ------
    BadModel
        If there is none, a file is missing or has changed, or the network does not fit that of pictures.
    """
    return open_text_tower(model.folder, model.n_dims, n_threads)


def open_network(model: Model, n_threads: int = 1) -> Network:
    """Make a network ready to run, after comparing its files with their hashes.

    Raises
    ------
    BadModel
        If a file has changed, or ONNX Runtime cannot load the network.
    """
    if problems := changed(model.folder, model.network_files):
        raise BadModel(problems[0])
    path = model.folder / model.network
    return Network(path, open_session(path, n_threads), model.plug, model.preprocessing)


def _find_preprocessing(folder: Path, parent: str, manifest: Manifest | None) -> Preprocessing:
    """Read the preprocessing beside the network, else the one at the top of the folder."""
    for name in (sub + file for sub in dict.fromkeys((parent, "")) for file in _PREPROCESSING):
        if (folder / name).exists():
            if listed(folder, name, manifest) != hashed(folder, name):
                raise BadModel(f"{folder / name} is not the file that the manifest lists: get the network again.")
            return read_preprocessing(folder / name)
    raise BadModel(
        f"{folder} does not say how its network wants pictures: put its preprocess_cfg.json (OpenCLIP, immich) or "
        "preprocessor_config.json (Hugging Face) there."
    )


def checked_dims(path: Path, n_dims: int) -> int:
    """Return D if it is a reasonable one, else raise BadModel."""
    if not 1 <= n_dims <= MAX_DIMS:
        raise BadModel(f"{path} gives {n_dims} numbers for each picture, not 1 to {MAX_DIMS}: name another output.")
    return n_dims
