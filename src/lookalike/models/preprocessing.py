"""What a network wants done to a picture before it looks: size, crop, and the grey levels it counts from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from lookalike.errors import BadModel
from lookalike.models.files import read_json
from lookalike.types import Image

MAX_SIZE = 4096
"""Pixels along a side; a larger network input is a mistake or an attack on the memory."""

AREA = "area"


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the input of a network.

    Attributes
    ----------
    size : (height, width)
        Of the input, in pixels.
    resize : (height, width)
        Of the frame that the picture is fitted to, before `size` is cut from its centre.
    mode : {"shortest", "longest", "squash"}
        The picture covers the frame, lies within it, or is stretched to it.
    interpolation : str
        A name of `PIL.Image.Resampling` in lower case, always with antialiasing; or "area": what is reduced takes the
        mean of the area under each pixel, what is enlarged is interpolated linearly.
    mean, std : (red, green, blue)
        Grey levels, 0 to 255: the network gets (pixel - mean) / std.
    fill : int
        Grey level of what a picture that lies within the frame leaves free.
    """

    size: tuple[int, int]
    resize: tuple[int, int]
    mode: str
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fill: int = 0

    def __post_init__(self) -> None:
        if not all(1 <= side <= MAX_SIZE for side in (*self.size, *self.resize)):
            raise ValueError(f"sizes from 1 to {MAX_SIZE} are possible, got {self.size} cut from {self.resize}")
        if self.mode not in ("shortest", "longest", "squash"):
            raise ValueError(f"resize_mode is shortest, longest or squash, got {self.mode!r}")
        if self.interpolation.upper() not in Pillow.Resampling.__members__ and self.interpolation != AREA:
            raise ValueError(
                f"interpolation is area, bicubic, bilinear, lanczos or nearest, got {self.interpolation!r}"
            )
        if len(self.mean) != 3 or len(self.std) != 3 or not all(map(math.isfinite, self.mean + self.std)):
            raise ValueError(f"mean and std are three numbers each, got {self.mean} and {self.std}")
        if min(self.std) <= 0 or not 0 <= self.fill <= 255:
            raise ValueError(f"std is above 0 and fill_color within 0 to 255, got {self.std} and {self.fill}")


def fit(image: Image, how: Preprocessing) -> Image:
    """Resize a picture and cut it, or fill it up, to the size of the network's input.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB, upright.
    how : Preprocessing

    Returns
    -------
    fitted : (h, w, 3) uint8
        Of size `how.size`.

    Notes
    -----
    The crop comes first here: only what stays is resized, which gives the same pixels but for rounding, and a panorama
    of 1 x 10,000 pixels costs no more than a square. The offset of the crop is rounded to even halves, as torchvision
    does; image processors of Hugging Face round down, one pixel apart in one of four sizes.
    """
    height, width = image.shape[:2]
    full_height, full_width = _resized(height, width, how)
    new_height, new_width = min(full_height, how.size[0]), min(full_width, how.size[1])
    top, left = round((full_height - new_height) / 2), round((full_width - new_width) / 2)
    y_scale, x_scale = height / full_height, width / full_width
    box = (
        left * x_scale,
        top * y_scale,
        min(float(width), (left + new_width) * x_scale),
        min(float(height), (top + new_height) * y_scale),
    )
    if how.interpolation == AREA:
        resized = _averaged(image, box, new_height, new_width)
    else:
        resampling = Pillow.Resampling[how.interpolation.upper()]
        resized = np.asarray(Pillow.fromarray(image).resize((new_width, new_height), resampling, box=box))
    if resized.shape[:2] == how.size:
        return resized
    canvas = np.full((*how.size, 3), how.fill, np.uint8)
    top, left = (how.size[0] - new_height) // 2, (how.size[1] - new_width) // 2
    canvas[top : top + new_height, left : left + new_width] = resized
    return canvas


def _averaged(image: Image, box: tuple[float, float, float, float], height: int, width: int) -> Image:
    """Resize what lies in the box, cut at whole pixels: half the time that Pillow needs, which cuts finer."""
    import cv2  # not needed to list or verify networks

    left, top, right, bottom = map(round, box)
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    reduced = cv2.resize(part, (min(width, part.shape[1]), min(height, part.shape[0])), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _resized(height: int, width: int, how: Preprocessing) -> tuple[int, int]:
    """Return the size of the whole picture after resizing: one side fits the frame exactly."""
    frame_height, frame_width = how.resize
    if how.mode == "squash":
        return how.resize
    is_narrower = width * frame_height < height * frame_width
    whole = int if how.mode == "shortest" else round
    if is_narrower == (how.mode == "shortest"):
        return max(1, whole(height * frame_width / width)), frame_width
    return frame_height, max(1, whole(width * frame_height / height))


def normalize(pixels: NDArray[np.uint8], how: Preprocessing, out: NDArray[np.float32]) -> None:
    """Count from `how.mean` in steps of `how.std`, straight into the input of a network.

    Parameters
    ----------
    pixels : (N, h, w, 3) uint8
    how : Preprocessing
    out : (N, h, w, 3) float32
        In any layout in memory.
    """
    np.subtract(pixels, np.asarray(how.mean, np.float32), out=out)
    out /= np.asarray(how.std, np.float32)


def read_preprocessing(path: Path) -> Preprocessing:
    """Read ``preprocess_cfg.json`` of OpenCLIP and immich, or ``preprocessor_config.json`` of Hugging Face.

    Raises
    ------
    BadModel
        If the file cannot be read, or says something that is not understood.
    """
    content = read_json(path)
    parse = _open_clip if path.name == "preprocess_cfg.json" else _hugging_face
    try:
        return parse(content)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise BadModel(f"{path} is not understood ({error}): correct the file.") from error


def _open_clip(content: dict[str, Any]) -> Preprocessing:
    size = _pair(content["size"])
    if content.get("mode", "RGB") != "RGB":
        raise ValueError(f"mode is RGB, got {content['mode']!r}")
    return Preprocessing(
        size=size,
        resize=size,
        mode=str(content.get("resize_mode", "shortest")),
        interpolation=str(content.get("interpolation", "bicubic")),
        mean=_levels(content["mean"], 255),
        std=_levels(content["std"], 255),
        fill=int(content.get("fill_color") or 0),
    )


def _hugging_face(content: dict[str, Any]) -> Preprocessing:
    size = content["size"]
    edge = size.get("shortest_edge") if isinstance(size, dict) else size if isinstance(size, int) else None
    resize, mode = (_pair(size), "squash") if edge is None else (_pair(edge), "shortest")
    crop = _pair(content["crop_size"]) if content.get("do_center_crop", "crop_size" in content) else resize
    if edge is not None and "crop_pct" in content:  # ConvNeXt: `size` is what stays; large inputs are not cut
        resize, mode = (_pair(int(edge / content["crop_pct"])), mode) if edge < 384 else (resize, "squash")
    levels = 1 / content.get("rescale_factor", 1 / 255) if content.get("do_rescale", True) else 1.0
    normalizes = content.get("do_normalize", True)
    return Preprocessing(
        size=crop,
        resize=resize,
        mode=mode,
        interpolation=Pillow.Resampling(content.get("resample", 2)).name.lower(),
        mean=_levels(content["image_mean"] if normalizes else (0, 0, 0), levels),
        std=_levels(content["image_std"] if normalizes else (1, 1, 1), levels),
    )


def _pair(size: Any) -> tuple[int, int]:
    """Return (height, width) of the forms in use: a number, two numbers, or an object with both by name."""
    if isinstance(size, dict):
        return int(size["height"]), int(size["width"])
    height, width = size if isinstance(size, Sequence) else (size, size)
    return int(height), int(width)


def _levels(values: Sequence[float], factor: float) -> tuple[float, ...]:
    return tuple(float(value) * factor for value in values)
