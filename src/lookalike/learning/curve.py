"""The learning curve: how well pictures kept aside find their like, as numbers and as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import BadRecipe
from lookalike.learning.whole_file import write_whole

CURVE, PICTURE = "curve.jsonl", "curve.svg"
BLOCK = 256
"""Pictures that are compared with all others at a time."""


@dataclass(frozen=True)
class Point:
    """A point of the learning curve: the mean loss since the point before, the mAP of pictures kept aside."""

    step: int
    loss: float
    mean_average_precision: float
    pictures_per_second: float

    def to_json(self) -> dict[str, float]:
        """Return the point as JSON values."""
        return dict(vars(self))


def add_point(point: Point, folder: Path) -> None:
    """Write a point behind those that a folder holds."""
    points = (*read_curve(folder), point)
    write_whole(folder / CURVE, "".join(json.dumps(each.to_json()) + "\n" for each in points))


def read_curve(folder: Path) -> tuple[Point, ...]:
    """Return the points of a folder by their steps; of two with the same step, as resumed training leaves, the later.

    Raises
    ------
    BadRecipe
        If a line is no point.
    """
    path = folder / CURVE
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        points = [_point(json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise BadRecipe(f"{path} is damaged ({error}): remove it; training goes on without it.") from error
    by_step = {point.step: point for point in points}
    return tuple(by_step[step] for step in sorted(by_step))


def _point(values: Mapping[str, Any]) -> Point:
    precision = float(values["mean_average_precision"])
    return Point(int(values["step"]), float(values["loss"]), precision, float(values["pictures_per_second"]))


def mean_average_precision(vectors: NDArray[np.float32], labels: NDArray[np.int64], heads: NDArray[np.str_]) -> float:
    """Return the mean over heads of the mAP of every picture's search among all others of its head.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized.
    labels : (N,) int64
    heads : (N,) str
        Labels of two heads are never compared.

    Returns
    -------
    map : float
        Over heads in which some label occurs twice; 0 if there are none.
    """
    values = [_of_head(vectors[heads == head], labels[heads == head]) for head in np.unique(heads)]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0


def _of_head(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> float | None:
    precisions = []
    for start in range(0, len(vectors), BLOCK):
        for n, similarities in enumerate(vectors[start : start + BLOCK] @ vectors.T, start):
            order = np.argsort(-similarities, kind="stable")
            found = np.nonzero((labels == labels[n])[order[order != n]])[0]
            if len(found):
                precisions.append(float(np.mean(np.arange(1, len(found) + 1) / (found + 1))))
    return float(np.mean(precisions)) if precisions else None


WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 56, 40, 664, 352
"""Of the picture, and of the frame of its curves, in pixels."""


def draw_curve(points: Sequence[Point], n_steps: int) -> str:
    """Return the learning curve as an SVG picture: the loss falling on the left scale, the mAP rising on the right.

    Parameters
    ----------
    points : sequence of Point
    n_steps : int
        Of the whole training, at least 1.
    """
    highest = max((point.loss for point in points), default=1.0) or 1.0
    steps = [LEFT + (RIGHT - LEFT) * point.step / n_steps for point in points]
    losses = [BOTTOM - (BOTTOM - TOP) * point.loss / highest for point in points]
    precisions = [BOTTOM - (BOTTOM - TOP) * point.mean_average_precision for point in points]
    quarters = [part / 4 for part in range(5)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="13" role="img"><title>Learning curve</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *(_rule(BOTTOM - (BOTTOM - TOP) * part, f"{highest * part:.2f}", f"{part:.2f}") for part in quarters),
        *(_text(LEFT + (RIGHT - LEFT) * part, BOTTOM + 20, f"{n_steps * part:,.0f}") for part in quarters),
        _text((LEFT + RIGHT) / 2, BOTTOM + 40, "batches"),
        _text(LEFT, TOP - 16, "loss", colour="#b3261e"),
        _text(RIGHT, TOP - 16, "mAP of pictures kept aside", colour="#1a56b0", anchor="end"),
        _line(steps, losses, "#b3261e"),
        _line(steps, precisions, "#1a56b0"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rule(y: float, left: str, right: str) -> str:
    rule = f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#ddd"/>'
    return rule + _text(LEFT - 6, y + 4, left, anchor="end") + _text(RIGHT + 6, y + 4, right, anchor="start")


def _text(x: float, y: float, text: str, *, colour: str = "#333", anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'


def _line(xs: Sequence[float], ys: Sequence[float], colour: str) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>'
