"""The truth about a drawn world: what is where in each picture, and which pictures are copies of which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.types import Mask

FORMAT = "lookalike-sample"
VERSION = 1
FILE_NAME = "manifest.json"

Box: TypeAlias = tuple[float, float, float, float]
"""xyxy in pixels of the upright picture, end-exclusive."""

Attributes: TypeAlias = Mapping[str, str | float]


@dataclass(frozen=True)
class RunLengths:
    """A mask as the lengths of its runs, column after column, beginning with a run outside (COCO's uncompressed RLE).

    Attributes
    ----------
    size : (height, width)
    counts : tuple of int
        Outside, inside, outside, ...; their sum is height x width; only the first may be 0.
    """

    size: tuple[int, int]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, mask: Mask) -> RunLengths:
        """Encode a mask (H, W) bool.

        >>> RunLengths.of(np.array([[False, True], [True, True]]))
        RunLengths(size=(2, 2), counts=(1, 3))
        """
        flat = np.concatenate([[False], mask.T.ravel()])
        changes = np.flatnonzero(flat[1:] != flat[:-1])
        ends = np.concatenate([[0], changes, [mask.size]])
        return cls((mask.shape[0], mask.shape[1]), tuple(np.diff(ends).tolist()))

    def to_mask(self) -> Mask:
        """Return the mask (H, W) bool."""
        inside = np.arange(len(self.counts)) % 2 == 1
        return np.repeat(inside, self.counts).reshape(self.size[::-1]).T


@dataclass(frozen=True)
class Instance:
    """One drawn thing, as far as it is visible.

    Attributes
    ----------
    kind : str
    box : Box
        The tight box of the mask.
    mask : RunLengths
        At the size of the picture.
    attributes : mapping
        Always `main_colour`; for placed things also `size` (box height as a part of the picture's), `angle` in degrees,
        `facing` and `visible` (the part that nothing hides).
    """

    kind: str
    box: Box
    mask: RunLengths
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Word:
    """A word that can be read in a picture, and the box around its letters."""

    text: str
    box: Box


@dataclass(frozen=True)
class Entry:
    """One picture file.

    Attributes
    ----------
    path : str
        Relative to the manifest, with `/`.
    kind : str
        The kind of its main thing.
    width, height : int
        In pixels, upright.
    instances, words : tuples
        Back to front. Empty for copies, whose truth is the parent's.
    attributes : mapping
        `setting`, `palette`, `light` and such.
    parent, edit : str
        Of a near-copy: the path it was made from, and the name of the edit; otherwise empty.
    """

    path: str
    kind: str
    width: int
    height: int
    instances: tuple[Instance, ...] = ()
    words: tuple[Word, ...] = ()
    attributes: Attributes = field(default_factory=dict)
    parent: str = ""
    edit: str = ""


@dataclass(frozen=True)
class Manifest:
    """A drawn world: what it was drawn from, and its pictures; none while it is being drawn."""

    seed: int
    n_pictures: int
    pictures: tuple[Entry, ...] = ()


def write_manifest(manifest: Manifest, directory: Path) -> None:
    """Write the manifest into its directory, whole or not at all."""
    text = json.dumps({"format": FORMAT, "version": VERSION, **asdict(manifest)}, separators=(",", ":"))
    unfinished = directory / (FILE_NAME + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(directory / FILE_NAME)


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a drawn world.

    Raises
    ------
    LookalikeError
        If the directory holds none, or one of another version.
    """
    path = Path(directory) / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if (content["format"], content["version"]) == (FORMAT, VERSION):
            pictures = tuple(_entry(item) for item in content["pictures"])
            return Manifest(content["seed"], content["n_pictures"], pictures)
    except FileNotFoundError:
        raise LookalikeError(f"{directory} holds no sample, draw one with `lookalike sample {directory}`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LookalikeError(f"{path} cannot be read as a sample ({error}), choose another folder") from error
    raise LookalikeError(f"{path} is not a sample of version {VERSION}, choose another folder or delete this one")


def _entry(item: dict[str, Any]) -> Entry:
    instances = tuple(
        Instance(
            each["kind"],
            tuple(each["box"]),
            RunLengths(tuple(each["mask"]["size"]), tuple(each["mask"]["counts"])),
            each["attributes"],
        )
        for each in item["instances"]
    )
    words = tuple(Word(each["text"], tuple(each["box"])) for each in item["words"])
    return Entry(**{**item, "instances": instances, "words": words})
