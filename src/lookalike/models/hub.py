"""Fetches a network from a hub, only when asked to, and only after saying how much that is.

This is the only module that reaches beyond the machine. It takes ONNX files, descriptions and licences, never pickles,
weights of other frameworks or programs, and pins the revision that was looked up.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lookalike.errors import BadModel, LookalikeError, ModelNotFound
from lookalike.models.files import file_in, is_plain, one_line, sha256_of
from lookalike.models.install import add_model, check_name_is_free, installing, seal
from lookalike.models.manifest import is_text
from lookalike.models.model import Model, read_model
from lookalike.models.published import Pins, pins_of, remember, repository_of

TIMEOUT = 10.0
"""Seconds to wait for the hub's first answer."""

_LAYOUTS = (
    {"visual/model.onnx": "visual/model.onnx", "textual/model.onnx": "textual/model.onnx"},
    {"model.onnx": "model.onnx"},
    {"onnx/vision_model.onnx": "visual/model.onnx", "onnx/text_model.onnx": "textual/model.onnx"},
    {"onnx/model.onnx": "model.onnx"},
)
"""Where repositories keep their networks (immich; plain; exports of two towers and of one), and where ours go."""

_DATA = re.compile(r"[._]data(_\d+)?")
"""What follows the name of an ONNX file in the names of its data files."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository: its name there and here, its size, and its SHA-256 or, for small ones, Git's SHA-1.

    `is_pinned` says whether the SHA-256 was known before the hub was asked.
    """

    name: str
    local_name: str
    n_bytes: int
    sha256: str | None
    git_sha1: str | None
    is_pinned: bool


@dataclass(frozen=True)
class Download:
    """What a pull would fetch.

    Attributes
    ----------
    repository : str
        For instance ``immich-app/ViT-B-32__openai``.
    revision : str
        The commit, in hexadecimal.
    licence : str or None
        As the repository declares it.
    files : tuple of RemoteFile
    """

    repository: str
    revision: str
    licence: str | None
    files: tuple[RemoteFile, ...]

    @property
    def n_bytes(self) -> int:
        """The size of all files."""
        return sum(file.n_bytes for file in self.files)

    @property
    def n_unknown(self) -> int:
        """How many files nobody knew the checksum of before."""
        return sum(not file.is_pinned for file in self.files)


def pull_model(
    name: str,
    directory: Path,
    *,
    confirm: Callable[[Download], bool],
    revision: str | None = None,
    endpoint: str | None = None,
) -> Model | None:
    """Fetch a network from a hub into `directory`, or copy it from a local folder.

    An interrupted pull goes on where it stopped when it is called again.

    Parameters
    ----------
    name : str
        One of `list_published`, ``org/name`` or ``hf-hub:org/name``, a network of immich such as ``ViT-B-32__openai``,
        or ``local-dir:FOLDER``. The part after the slash becomes its name here.
    directory : Path
        Made if missing.
    confirm : function of a Download
        Called before anything is fetched; unless it returns true, nothing is. Not called for a local folder.
    revision : str or None
        A branch, tag or commit of the repository, whatever its files are. None takes the commit that came first here or
        that this version knows, and otherwise the main branch as it is now; what came once must come again.
    endpoint : str or None
        Address of the hub; None takes huggingface.co, or what the environment variable HF_ENDPOINT says.

    Returns
    -------
    model : Model or None
        None if `confirm` declined.

    Raises
    ------
    ModelNotFound
        If the hub cannot be reached, or has no such network in ONNX form.
    BadModel
        If what arrived is not what the hub announced, or no network that can be trusted.
    LookalikeError
        If a network of this name is installed.
    StorageFull
        If the disk has no room.
    """
    if name.startswith("local-dir:"):
        return add_model(Path(name.removeprefix("local-dir:")).expanduser(), directory)
    repository = repository_of(name)
    local_name = repository.rpartition("/")[2]
    check_name_is_free(local_name, directory)
    pins = pins_of(repository, directory) if revision is None else Pins()
    download = look_up(repository, revision=revision or pins.revision, pins=pins, endpoint=endpoint)
    if not confirm(download):
        return None
    staging = directory / f".pull-{local_name}-{download.revision[:12]}"
    with installing(local_name, directory, download.n_bytes) as place:
        for file in download.files:
            _fetch(download, file, staging, endpoint)
        for file in download.files:
            (place / file.local_name).parent.mkdir(exist_ok=True)
            shutil.move(staging / file.name, place / file.local_name)
        shutil.rmtree(staging)
        source = f"hf-hub:{repository}@{download.revision}"
        seal(place, read_model(place).plug, licence=download.licence, source=source)
    came = {file.local_name: file.name for file in download.files}
    model = read_model(directory / local_name)
    files = {came[file.name]: file.sha256 for file in model.files if file.name in came}
    remember(repository, Pins(download.revision, files), directory)
    return model


def look_up(
    repository: str, *, revision: str | None = None, pins: Pins | None = None, endpoint: str | None = None
) -> Download:
    """Ask the hub what a network consists of, without fetching it; see `pull_model`."""
    from huggingface_hub import HfApi

    known = pins.files if pins else {}
    try:
        info = HfApi(endpoint=endpoint).model_info(repository, revision=revision, timeout=TIMEOUT, files_metadata=True)
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
        files = tuple(_remote(siblings[name], ours, known) for name, ours in _choose(list(siblings)).items())
        if not re.fullmatch(r"[0-9a-f]{40}", info.sha or ""):
            raise ValueError(f"the hub names no commit but {info.sha!r}")
        licence = info.card_data.to_dict().get("license") if info.card_data else None
    except Exception as error:  # errors of the library, its HTTP client and its parsing have no common root
        raise _not_found(repository, error) from error
    if not files:
        raise ModelNotFound(
            f"{repository} has no ONNX network where one is looked for ({', '.join(next(iter(x)) for x in _LAYOUTS)}): "
            "choose a repository with an ONNX export, or export the network and add its folder."
        )
    _check_pins(repository, files, known)
    is_line = isinstance(licence, str) and licence.isprintable()
    return Download(repository, info.sha or "", licence if is_line else None, files)


def _choose(names: list[str]) -> dict[str, str]:
    """Return the names of the files to fetch, with their names here; nothing if there is no network.

    Of two files that have the same name here, the one beside the network is taken, not the one on top.
    """
    safe = [name for name in names if all(is_plain(part) for part in name.split("/"))]
    for layout in _LAYOUTS:
        if next(iter(layout)) in safe:
            deepest_last = sorted(safe, key=lambda name: name.count("/"))
            theirs = {ours: name for name in deepest_last if (ours := _local_name(name, layout))}
            return {name: ours for ours, name in theirs.items()}
    return {}


def _local_name(name: str, layout: dict[str, str]) -> str | None:
    """Return where a file of a repository goes, None if it is not wanted; texts that two networks share go on top."""
    folder, _, file = name.rpartition("/")
    beside = {theirs: ours for theirs, ours in layout.items() if theirs.rpartition("/")[0] == folder}
    for theirs, ours in beside.items():
        their_file = theirs.rpartition("/")[2]
        if file == their_file:
            return ours
        if file.startswith(their_file) and _DATA.fullmatch(file.removeprefix(their_file)):
            return str(PurePosixPath(ours).parent / file)
    if not is_text(file) or (folder and not beside):
        return None
    return file if len(beside) != 1 else str(PurePosixPath(*beside.values()).parent / file)


def _remote(sibling: Any, local_name: str, known: Mapping[str, str]) -> RemoteFile:
    name = sibling.rfilename
    sha256 = sibling.lfs.sha256 if sibling.lfs else known.get(name)
    return RemoteFile(name, local_name, int(sibling.size), sha256, sibling.blob_id, name in known)


def _check_pins(repository: str, files: Sequence[RemoteFile], known: Mapping[str, str]) -> None:
    """Refuse a repository that announces other files than it must have."""
    announced = {file.name: file.sha256 for file in files}
    for name, due in known.items():
        if announced.get(name) != due:
            raise BadModel(
                f"{repository} offers {name} with the hash {announced.get(name, 'of no file')} where {due} is known: "
                "somebody changed it; name a revision to take it as it is there."
            )


def _fetch(download: Download, file: RemoteFile, staging: Path, endpoint: str | None) -> None:
    """Fetch one file below `staging` unless it is there, and compare it with what the hub announced."""
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(
            download.repository, file.name, revision=download.revision, local_dir=staging, endpoint=endpoint
        )
    except Exception as error:  # as above
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise _not_found(download.repository, error) from error
    path = file_in(staging, file.name)
    due = file.sha256 or file.git_sha1
    found = sha256_of(path) if file.sha256 else _git_sha1(path)
    if path.stat().st_size != file.n_bytes or found != due:
        shutil.rmtree(staging)
        raise BadModel(f"{file.name} of {download.repository} arrived with the hash {found}, not {due}: pull it again.")


def _git_sha1(path: Path) -> str:
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _not_found(repository: str, error: Exception) -> LookalikeError:
    return ModelNotFound(
        f"{repository} cannot be had from the hub ({one_line(error)}): check the name and the connection, or "
        "copy its folder here and use `lookalike models add FOLDER`."
    )
