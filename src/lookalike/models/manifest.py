"""The manifest of a network's folder: which files belong to it, and what they must be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.errors import BadModel
from lookalike.models.files import MAX_TOKENIZER, file_in, read_json, sha256_of
from lookalike.models.onnx_file import read_onnx

MANIFEST, MEASURED = "lookalike.json", "measured.json"
CALIBRATION, CODER = "calibration.npz", "coder.npz"
"""What may lie beside a network: what its similarities mean, and what makes codes of its vectors."""
PICTURE_NETWORKS, TEXT_NETWORK = ("visual/model.onnx", "model.onnx"), "textual/model.onnx"
"""Where networks lie in the folder: immich's layout, or one file on top."""

FORMAT = 1
MAX_TEXT, MAX_DATA = MAX_TOKENIZER, 1 << 34
"""Bytes of a tokenizer or another text, and of a file of weights."""


@dataclass(frozen=True)
class ModelFile:
    """One file of a network: its name in the folder with "/", its SHA-256 in hexadecimal, its size in bytes."""

    name: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True)
class Manifest:
    """What ``lookalike.json`` says: the files by name, which output to take, its D, where the network comes from."""

    files: dict[str, ModelFile]
    output: str | None
    n_dims: int | None
    licence: str | None
    source: str | None


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a network's folder, None if it has none; raise BadModel if it is not understood."""
    if not (folder / MANIFEST).exists():
        return None
    path = file_in(folder, MANIFEST)
    content = read_json(path)
    if content.get("format") != FORMAT:
        raise BadModel(f"{path} has the format {content.get('format')!r}, not {FORMAT}: use the version that made it.")
    try:
        files = [
            ModelFile(name, _sha256(entry["sha256"]), _size(entry["bytes"])) for name, entry in content["files"].items()
        ]
        return Manifest(
            files={file.name: file for file in files},
            output=_string(content.get("output")),
            n_dims=None if content.get("dims") is None else _size(content["dims"]),
            licence=_string(content.get("licence")),
            source=_string(content.get("source")),
        )
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadModel(f"{path} is not understood ({error}): get the network again, or remove the file.") from error


def write_manifest(
    folder: Path,
    *,
    output: str | None = None,
    n_dims: int | None = None,
    licence: str | None = None,
    source: str | None = None,
) -> None:
    """Hash the files of the network in `folder` and list them, with what else is known, in its manifest."""
    files = {part: hashed(folder, part) for part in parts_of(folder)}
    content = {
        "format": FORMAT,
        "licence": licence,
        "source": source,
        "output": output,
        "dims": n_dims,
        "files": {part: {"sha256": file.sha256, "bytes": file.n_bytes} for part, file in files.items()},
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def parts_of(folder: Path) -> list[str]:
    """Return the names of all files in `folder` that belong to a network, except the manifest.

    Raises
    ------
    BadModel
        If one of them lies outside of the folder, or is too large.
    """
    networks = [name for name in (*PICTURE_NETWORKS, TEXT_NETWORK) if (folder / name).exists()]
    weights = [
        name.removesuffix("model.onnx") + data
        for name in networks
        for data in read_onnx(file_in(folder, name)).data_files
    ]
    texts = [sub + name for sub in ("", "visual/", "textual/") for name in _names_in(folder / sub) if is_text(name)]
    others = [name for name in (CALIBRATION, CODER) if (folder / name).exists()]
    limits = dict.fromkeys([*networks, *weights], MAX_DATA) | dict.fromkeys([*texts, *others], MAX_TEXT)
    for name, limit in limits.items():
        n_bytes = file_in(folder, name).stat().st_size
        if n_bytes > limit:
            raise BadModel(
                f"{folder / name} has {n_bytes} bytes, over the limit of {limit}: remove it, or make it smaller."
            )
    return sorted(limits)


def is_text(name: str) -> bool:
    """Whether a file of this name is a description, a vocabulary or a licence."""
    return (name.endswith((".json", ".txt")) and name not in (MANIFEST, MEASURED)) or is_licence(name)


def listed(folder: Path, name: str, manifest: Manifest | None) -> ModelFile:
    """Return a file as the manifest lists it, at the size it has; without a manifest, hash it."""
    path = file_in(folder, name)
    if manifest is None:
        return hashed(folder, name)
    if name not in manifest.files:
        raise BadModel(f"{folder / MANIFEST} does not list {name}, which the network needs: get the network again.")
    n_bytes, due = path.stat().st_size, manifest.files[name].n_bytes
    if n_bytes != due:
        raise BadModel(f"{path} has {n_bytes} bytes where its manifest says {due}: get the network again.")
    return manifest.files[name]


def hashed(folder: Path, name: str) -> ModelFile:
    """Return a file as it is now."""
    path = file_in(folder, name)
    return ModelFile(name, sha256_of(path), path.stat().st_size)


def changed(folder: Path, files: Iterable[ModelFile]) -> list[str]:
    """Return one sentence for each of `files` that is not what it was when the network was installed or read."""
    problems: list[str] = []
    for file in files:
        try:
            if hashed(folder, file.name) != file:
                name = folder.resolve().name
                problems.append(f"{folder / file.name} has changed since {name} was installed: get the network again.")
        except BadModel as error:
            problems.append(str(error))
    return problems


def is_licence(name: str) -> bool:
    """Whether a file of this name is a licence."""
    stem, _, suffix = name.upper().partition(".")
    return stem in ("LICENSE", "LICENCE", "COPYING", "NOTICE") and suffix in ("", "MD", "TXT")


def _names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _string(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and value.isprintable()):
        raise TypeError(f"a line of text is due where it says {value!r}")
    return value


def _sha256(value: Any) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError(f"{value!r} is no SHA-256")
    return str(value)


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_DATA:
        raise ValueError(f"{value!r} is no size of a file")
    return value
