"""How much one file may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every worker reads this module, and none the settings
    from lookalike.settings import Settings


@dataclass(frozen=True)
class Limits:
    """What one file may cost before it is refused.

    Attributes
    ----------
    pixels : int
        Decoded pixels; a JPEG is decoded at reduced scale, so its own may be many more.
    frames : int
        Of an animation, or pages.
    metadata_bytes : int
        Embedded EXIF, XMP, IPTC, colour profiles and comments together.
    memory_bytes : int
        Address space of a worker.
    seconds : float
        Wall clock, per file.
    file_bytes : int
        Size of the file itself.
    """

    pixels: int = 100_000_000
    frames: int = 500
    metadata_bytes: int = 4 << 20
    memory_bytes: int = 2 << 30
    seconds: float = 10.0
    file_bytes: int = 1 << 30


DEFAULT_LIMITS = Limits()


def limits_of(settings: Settings) -> Limits:
    """Return what one file may cost by the user's settings."""
    return Limits(pixels=settings.max_pixels, memory_bytes=settings.max_memory, seconds=settings.max_seconds)
