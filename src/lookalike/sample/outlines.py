"""Outlines: closed and open lines as points in the unit space of a thing.

Unit space: x to the right, y down; a thing stands on y = 0, is about 1 high (its top near y = -1) and centred on x = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
"""(N, 2) float64, xy."""


def spline(points: ArrayLike, *, closed: bool = True, steps: int = 10) -> Points:
    """Return a smooth line through the points (uniform Catmull-Rom), `steps` per given point."""
    p = np.asarray(points, dtype=np.float64)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    p0, p1, p2, p3 = (p[i : len(p) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    line = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    line = line.reshape(-1, 2)
    return line if closed else np.concatenate([line, p[-1:]])


def ellipse(x: float, y: float, rx: float, ry: float | None = None, *, angle: float = 0.0, n: int = 80) -> Points:
    """Return an ellipse; without `ry`, a circle; `angle` in radians turns it clockwise on the screen."""
    return arc(x, y, rx, rx if ry is None else ry, 0, 2 * np.pi * (1 - 1 / n), angle=angle, n=n)


def arc(
    x: float, y: float, rx: float, ry: float, start: float, end: float, *, angle: float = 0.0, n: int = 28
) -> Points:
    """Return a part of an ellipse, from `start` to `end` in radians, clockwise from the right."""
    t = np.linspace(start, end, n)
    return turned(np.stack([x + rx * np.cos(t), y + ry * np.sin(t)], axis=1), angle, (x, y))


def rectangle(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Points:
    """Return a rectangle with rounded corners."""
    if radius <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    corners = [(x0 + r, y0 + r, 2), (x1 - r, y0 + r, 3), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 1)]
    return np.concatenate([arc(x, y, r, r, q * np.pi / 2, (q + 1) * np.pi / 2, n=8) for x, y, q in corners])


def ribbon(points: ArrayLike, widths: float | Sequence[float]) -> Points:
    """Return the outline of a line whose width runs through `widths` from its first to its last point."""
    p = np.asarray(points, dtype=np.float64)
    tangent = np.gradient(p, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    stops = np.atleast_1d(np.asarray(widths, dtype=np.float64))
    half = np.interp(np.linspace(0, 1, len(p)), np.linspace(0, 1, len(stops)), stops)[:, None] / 2
    return np.concatenate([p + normal * half, (p - normal * half)[::-1]])


def star(x: float, y: float, outer: float, inner: float, n: int, *, angle: float = -np.pi / 2) -> Points:
    """Return a star with n points, the first at `angle`."""
    t = angle + np.arange(2 * n) * np.pi / n
    r = np.where(np.arange(2 * n) % 2 == 0, outer, inner)
    return np.stack([x + r * np.cos(t), y + r * np.sin(t)], axis=1)


def blob(rng: np.random.Generator, x: float, y: float, rx: float, ry: float, wobble: float = 0.12) -> Points:
    """Return a soft irregular round shape."""
    t = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    r = 1 + rng.uniform(-wobble, wobble, len(t))
    return spline(np.stack([x + rx * r * np.cos(t), y + ry * r * np.sin(t)], axis=1))


def leaf(base: tuple[float, float], length: float, width: float, angle: float) -> Points:
    """Return a leaf from its base to its tip; `angle` in radians from the right, clockwise."""
    half = np.array([(0, 0), (0.25, -0.42), (0.6, -0.4), (1, 0), (0.6, 0.4), (0.25, 0.42)])
    flat = spline(half * (length, width))
    return turned(flat, angle, (0, 0)) + base


def mirrored(right_half: ArrayLike) -> Points:
    """Return a smooth outline symmetrical about x = 0 from its right half, top to bottom."""
    right = np.asarray(right_half, dtype=np.float64)
    left = right[::-1] * (-1, 1)
    return spline(np.concatenate([right, left[np.abs(left[:, 0]) > 1e-9]]))


def at(place: ArrayLike, points: ArrayLike) -> Points:
    """Return points given relative to a place."""
    return np.asarray(points, dtype=np.float64) + np.asarray(place, dtype=np.float64)


def turned(points: Points, angle: float, centre: tuple[float, float]) -> Points:
    """Return the points turned clockwise on the screen by `angle` radians about a centre."""
    c, s = np.cos(angle), np.sin(angle)
    return (points - centre) @ np.array([(c, s), (-s, c)]) + centre
