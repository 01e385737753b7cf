"""Reads files of a network's folder, and never anything outside it: whoever made the folder is not trusted."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path, PurePosixPath
from typing import Any

from lookalike.errors import BadModel

MAX_JSON = 1 << 20
"""Bytes of a description that we read ourselves; preprocessing and manifests have some hundred to some thousand."""

MAX_TOKENIZER = 1 << 26
"""Bytes of a tokenizer; those of a quarter of a million words have half of that."""


def is_plain(name: str) -> bool:
    """Whether `name` names something directly inside a folder on every system: no way up, no root, no drive, no stream.

    >>> is_plain("model.onnx.data"), is_plain("../model.onnx"), is_plain("c:model.onnx")
    (True, False, False)
    """
    return name not in ("", ".", "..") and name.isprintable() and not set(name) & set('/\\:*?"<>|') and len(name) <= 255


def file_in(folder: Path, name: str) -> Path:
    """Return the regular file `name`, ``a`` or ``a/b``, inside `folder`.

    Raises
    ------
    BadModel
        If it does not exist, is no regular file, or lies outside, by its name or by a symbolic link.
    """
    if not all(is_plain(part) for part in name.split("/")):
        raise BadModel(f"{folder} asks for the file {name!r}, which may lie outside of it: do not use this network.")
    path = folder.joinpath(*PurePosixPath(name).parts)
    try:
        real = path.resolve(strict=True)
        is_regular = stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError) as error:
        raise BadModel(f"{folder} has no readable file {name}: get the network again, with all its files.") from error
    if not real.is_relative_to(folder.resolve()):
        raise BadModel(f"{path} is a link to {real}, outside of its folder: replace it by a copy of the file.")
    if not is_regular:
        raise BadModel(f"{path} is not a regular file: get the network again.")
    return path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; raise BadModel if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadModel(f"{path} cannot be read ({error.strerror}): check the file and its permissions.") from error


def one_line(error: BaseException) -> str:
    """Return the first line of another library's message, to be quoted in a sentence of ours."""
    line = str(error).strip().partition("\n")[0][:200].rstrip(".")
    return "".join(letter for letter in line if letter.isprintable()) or type(error).__name__


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the bytes of a small file; raise BadModel if it cannot be read, or has more than `limit`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise BadModel(f"{path} cannot be read ({error.strerror}): check the file and its permissions.") from error
    if len(data) > limit:
        raise BadModel(f"{path} has more than {limit} bytes, too many for what it is: get the network again.")
    return data


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a small file.

    Raises
    ------
    BadModel
        If it is too large, not JSON, or not an object.
    """
    try:
        content = json.loads(read_bytes(path, MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise BadModel(f"{path} is not readable JSON: get the network again, or mend the file.") from error
    if not isinstance(content, dict):
        raise BadModel(f"{path} holds a JSON {type(content).__name__} where an object is due: mend the file.")
    return content
