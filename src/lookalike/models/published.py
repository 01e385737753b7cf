"""Networks that are worth fetching, and what their files must be: as this version knows, or as they first came.

A checksum that this version does not know stands as null in ``published.json``. Then what comes first counts: it is
written down beside the networks, and later pulls must bring the same, until somebody asks for another revision.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lookalike.errors import BadModel
from lookalike.lock import writer_lock
from lookalike.models.files import file_in, read_json

PULLED = "pulled.json"
"""What came first, in the folder of networks."""

PATIENCE_SECONDS = 10.0
"""For another pull that writes down what came."""


@dataclass(frozen=True)
class Pins:
    """What is known of a repository before it is asked: the commit, and the SHA-256 of files by their names there."""

    revision: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """A network that others have published.

    Attributes
    ----------
    name : str
        Its name here.
    repository : str
        On the hub.
    purpose, licence : str
    n_bytes : int or None
        The size of its large files; None if it is not known before a pull.
    pins : Pins
    """

    name: str
    repository: str
    purpose: str
    licence: str
    n_bytes: int | None
    pins: Pins

    def to_json(self) -> dict[str, Any]:
        """Return what people choose a network by, as JSON values."""
        return {
            "name": self.name,
            "repository": self.repository,
            "purpose": self.purpose,
            "licence": self.licence,
            "bytes": self.n_bytes,
            "revision": self.pins.revision,
        }


@cache
def list_published() -> tuple[Published, ...]:
    """Return the networks that this version knows, small ones first."""
    return tuple(map(_published, json.loads((files("lookalike.models") / "published.json").read_text("utf-8"))))


def _published(entry: dict[str, Any]) -> Published:
    sizes = [file["bytes"] for file in entry["files"].values() if file["bytes"] is not None]
    known = {name: file["sha256"] for name, file in entry["files"].items() if file["sha256"]}
    return Published(
        name=entry["name"],
        repository=entry["repository"],
        purpose=entry["purpose"],
        licence=entry["licence"],
        n_bytes=sum(sizes) if sizes else None,
        pins=Pins(entry["revision"], known),
    )


def repository_of(name: str) -> str:
    """Return the repository of a published network, of one of immich by its name, or that which the name says."""
    for published in list_published():
        if name == published.name:
            return published.repository
    name = name.removeprefix("hf-hub:")
    return name if "/" in name else f"immich-app/{name}"


def pins_of(repository: str, directory: Path) -> Pins:
    """Return what a repository's files must be: as they first came into `directory`, else as this version knows.

    Raises
    ------
    BadModel
        If the list of what came first is damaged.
    """
    known = next((one.pins for one in list_published() if one.repository == repository), Pins())
    first = _pulled(directory).get(repository)
    if first is None:
        return known
    return Pins(first.revision, {**known.files, **first.files})


def remember(repository: str, pins: Pins, directory: Path) -> None:
    """Write down what came, as what must come from now on; pulls that end together wait for each other."""
    new = directory / f".new-{PULLED}"
    lock, deed = directory / f"{new.name}.lock", f"{PULLED} is being written"
    with writer_lock(lock, patience=PATIENCE_SECONDS, deed=deed, leaves_file=False):
        entries = {**_pulled(directory), repository: pins}
        content = {name: {"revision": one.revision, "files": dict(one.files)} for name, one in entries.items()}
        new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        new.replace(directory / PULLED)


def _pulled(directory: Path) -> dict[str, Pins]:
    if not (directory / PULLED).exists():
        return {}
    path = file_in(directory, PULLED)
    try:
        return {
            repository: Pins(
                _hexadecimal(entry["revision"], 40),
                {name: _hexadecimal(sha256, 64) for name, sha256 in entry["files"].items()},
            )
            for repository, entry in read_json(path).items()
        }
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadModel(f"{path} is not understood ({error}): remove it to trust what comes next.") from error


def _hexadecimal(value: Any, n_digits: int) -> str:
    if not re.fullmatch(rf"[0-9a-f]{{{n_digits}}}", value):
        raise ValueError(f"{value!r} has not {n_digits} hexadecimal digits")
    return str(value)
