"""What was measured of a network on this computer, kept beside it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lookalike.errors import BadModel
from lookalike.models.files import file_in, read_json
from lookalike.models.manifest import MEASURED


@dataclass(frozen=True)
class Measurement:
    """What a network takes, and how well it finds; None where it was not measured.

    Attributes
    ----------
    milliseconds_per_picture : float
        From the pixels of a picture of 1,024 x 768 to its vector, many in a row.
    milliseconds_per_text : float or None
        From one text to its vector; None if it reads none.
    peak_bytes : int
        The most memory that the process held, Python itself included.
    n_threads : int
    mean_average_precision, low, high : float or None
        On a folder of class folders, with the interval of 95 %.
    pictures : str or None
        That folder.
    """

    milliseconds_per_picture: float
    milliseconds_per_text: float | None
    peak_bytes: int
    n_threads: int
    mean_average_precision: float | None = None
    low: float | None = None
    high: float | None = None
    pictures: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as JSON values."""
        return asdict(self)

    def with_quality(self, mean_average_precision: float, low: float, high: float, pictures: Path) -> Measurement:
        """Return the measurement with how well the network found pictures of the same class."""
        return replace(
            self, mean_average_precision=mean_average_precision, low=low, high=high, pictures=str(pictures.resolve())
        )


def write_measurement(folder: Path, sha256: str, measurement: Measurement) -> None:
    """Keep a measurement of the network with this hash in its folder, in place of the one before."""
    new = folder / f".new-{MEASURED}"
    new.write_text(json.dumps({"sha256": sha256, **measurement.to_json()}, indent=1) + "\n", encoding="utf-8")
    new.replace(folder / MEASURED)


def read_measurement(folder: Path, sha256: str) -> Measurement | None:
    """Return what was measured of the network with this hash, None if nothing was."""
    if not (folder / MEASURED).exists():
        return None
    try:
        content = read_json(file_in(folder, MEASURED))
        is_current = content.pop("sha256", None) == sha256
        known = Measurement(**content)
        always = (known.milliseconds_per_picture, known.peak_bytes, known.n_threads)
        perhaps = (known.milliseconds_per_text, known.mean_average_precision, known.low, known.high)
        are_numbers = all(map(_is_number, (*always, *(value for value in perhaps if value is not None))))
        return known if is_current and are_numbers and isinstance(known.pictures, str | None) else None
    except (BadModel, TypeError, OverflowError):  # what others wrote there is no measurement of ours
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0
