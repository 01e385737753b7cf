"""What can be told about this computer, the settings and the collection without downloading or changing anything."""

import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata, util
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from lookalike import __version__
from lookalike.cli.terminal import Terminal, count, size
from lookalike.errors import CollectionNotFound, LookalikeError, UnreadableMedia

SAFE_LIBHEIF = (1, 23, 6)
"""Older ones have known faults in reading hostile files; what pip calls the version of pi-heif does not tell."""

LITTLE_SPACE, ENOUGH_SPACE = 100 << 20, 1 << 30
"""Free bytes below which nothing much can be added, and below which one should know."""

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, how it is, and a sentence with the remedy where one is needed."""

    name: str
    state: State
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return asdict(self)


def examine(terminal: Terminal) -> list[Check]:
    """Look at everything that a run of Lookalike stands on."""
    checks = {
        "python": _python,
        "settings": _settings,
        "packages": _packages,
        "formats": _formats,
        "words": _words,
        "decoding": _decoding,
        "collection": _collection,
        "disk": _disk,
        "networks": _networks,
        "extras": _extras,
    }
    found: list[Check] = []
    for name, look in checks.items():
        try:
            found += [Check(name, state, text) for state, text in look(terminal)]
        except (LookalikeError, OSError, ImportError) as error:
            if all(check.text != str(error) for check in found):  # a bad setting meets all who ask for settings
                found.append(Check(name, "problem", str(error)))
    return found


Findings = Iterator[tuple[State, str]]


def _python(_: Terminal) -> Findings:
    yield "ok", f"Lookalike {__version__}, Python {sys.version.split()[0]}, {sys.platform}"


def _packages(_: Terminal) -> Findings:
    """Compare what is installed with the least safe versions, which are those that the package asks for."""
    needed = dict(re.findall(r"^([\w-]+)>=([\d.]+)$", "\n".join(metadata.requires("lookalike") or ()), re.MULTILINE))
    too_old = [name for name, least in needed.items() if numbers(metadata.version(name)) < numbers(least)]
    for name in too_old:
        yield "problem", f"{name} is {metadata.version(name)} and {needed[name]} is the least safe version; update it"
    if not too_old:
        yield "ok", f"{count(len(needed), 'package')}, none below its least safe version"


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version.

    >>> numbers("12.3.0rc1")
    (12, 3, 0)
    """
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[a-z+-]", version)[0]))


def _formats(_: Terminal) -> Findings:
    from PIL import features

    readable = ["JPEG", "PNG", "GIF", "TIFF", "BMP"]
    for name, feature in (("WebP", "webp"), ("AVIF", "avif")):
        if features.check(feature):
            readable.append(name)
        else:
            yield "problem", f"this Pillow cannot read {name}; install its wheel from PyPI"
    try:
        import pi_heif
    except ImportError as error:
        yield "warning", f"HEIC cannot be read ({error}); install pi-heif"
    else:
        readable.append("HEIC")
        libheif = pi_heif.libheif_version()
        if numbers(libheif) < SAFE_LIBHEIF:
            yield (
                "warning",
                f"HEIC is read by libheif {libheif}, and 1.23.6 is the least safe version; update pi-heif when it "
                "brings that, until then a hostile file is held by the limits of the decoding process alone",
            )
    yield "ok", f"readable: {', '.join(readable)}"


def _words(_: Terminal) -> Findings:
    try:
        sqlite3.connect(":memory:").execute("CREATE VIRTUAL TABLE words USING fts5(word)")
    except sqlite3.OperationalError:
        yield "problem", f"SQLite {sqlite3.sqlite_version} has no FTS5, without which there is no search for words"
    else:
        yield "ok", f"SQLite {sqlite3.sqlite_version} with full-text search"


def _decoding(terminal: Terminal) -> Findings:
    """Let a worker decode a picture, and ask the system how it is restricted."""
    from PIL import Image

    from lookalike.media import Decoder, Limits

    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    limits = Limits(memory_bytes=terminal.settings().max_memory)
    with Decoder(n_workers=1, size=8, limits=limits) as decoder:
        try:
            decoder.decode_bytes(picture.getvalue())
        except UnreadableMedia as error:
            yield "problem", f"the decoding process does not work: {error}"
            return
        memory = _address_space(decoder.worker_pids[0])
    if memory == limits.memory_bytes:
        yield "ok", f"the decoding process works, with {size(memory)} of memory at most"
    else:
        yield "warning", "the decoding process works, but this system does not limit its memory"


def _address_space(pid: int) -> int | None:
    import resource

    if not hasattr(resource, "prlimit"):  # macOS
        return None
    return resource.prlimit(pid, resource.RLIMIT_AS)[0]


def _settings(_: Terminal) -> Findings:
    from lookalike.settings import SETTINGS_FILE, load_settings

    load_settings()
    yield "ok", str(SETTINGS_FILE) if SETTINGS_FILE.exists() else f"no settings file at {SETTINGS_FILE}"


def _collection(terminal: Terminal) -> Findings:
    folder = terminal.settings().collection
    try:
        with terminal.open() as pictures:
            numbers = pictures.stats()
    except CollectionNotFound as error:
        yield ("warning" if folder.exists() else "ok"), str(error)
        return
    yield "ok", f"{folder} opens, its catalogue is what was last closed, {count(numbers.pictures, 'picture')}"
    for root in numbers.roots:
        if not root.is_online:
            yield "warning", f"{root.path} cannot be seen now; mount it, its pictures are kept until then"
    if not os.access(folder, os.W_OK):
        yield "warning", f"{folder} cannot be written, so nothing can be added"


def _disk(terminal: Terminal) -> Findings:
    folder = _existing(terminal.settings().collection)
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        yield "problem", f"{folder} cannot be written; name another place with --collection"
    state: State = "problem" if free < LITTLE_SPACE else "warning" if free < ENOUGH_SPACE else "ok"
    yield state, f"{size(free)} free at {folder}" + ("" if state == "ok" else "; make room before you add pictures")


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _networks(terminal: Terminal) -> Findings:
    from lookalike.collection.spaces import BUNDLED, CLASSICS
    from lookalike.describers.bundled import JOINT
    from lookalike.models import list_models

    settings = terminal.settings()
    installed = list_models(settings.models)
    names = [*(model.name for model in installed.models), *([BUNDLED] if JOINT.is_dir() else [])]
    for path, reason in installed.skipped:
        yield "warning", f"{path}: {reason}"
    if settings.model not in (None, CLASSICS, *names):
        yield "problem", f"the setting model is {settings.model}, which is not installed; `lookalike models add FOLDER`"
    yield "ok", ", ".join(names) or "no network is installed; colour, texture and shape work without"


def _extras(_: Terminal) -> Findings:
    if util.find_spec("pyarrow"):
        yield "ok", "parquet"
    else:
        yield "ok", "without parquet; `pip install lookalike[parquet]` lets exports be Parquet"
