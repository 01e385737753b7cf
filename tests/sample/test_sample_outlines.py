import numpy as np
import pytest

from lookalike.sample.outlines import arc, at, blob, ellipse, leaf, mirrored, rectangle, ribbon, spline, star, turned


def area(outline: np.ndarray) -> float:
    """Return the area inside an outline, by the shoelace formula."""
    x, y = outline.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_a_closed_spline_passes_through_its_points_and_does_not_repeat_the_first() -> None:
    points = np.array([(0, 0), (1, 0.2), (1.3, 1), (0.2, 1.1)])
    line = spline(points, steps=10)
    assert len(line) == 40
    np.testing.assert_allclose(line[::10], points, atol=1e-12)


def test_an_open_spline_runs_from_its_first_point_to_its_last() -> None:
    line = spline([(0, 0), (1, 1), (2, 0)], closed=False)
    np.testing.assert_allclose(line[[0, 10, -1]], [(0, 0), (1, 1), (2, 0)], atol=1e-12)


def test_outlines_have_the_areas_of_their_shapes() -> None:
    assert area(ellipse(3, 4, 2, 0.5, angle=0.7, n=400)) == pytest.approx(np.pi, rel=1e-3)
    assert area(rectangle(0, 0, 3, 2)) == 6
    assert area(rectangle(0, 0, 3, 2, radius=0.5)) == pytest.approx(6 - (4 - np.pi) * 0.25, rel=1e-2)
    assert area(ribbon([(0, 0), (1, 0), (2, 0)], 0.3)) == pytest.approx(0.6)
    assert area(ribbon([(0, 0), (1, 0), (2, 0)], (0.2, 0.4))) == pytest.approx(0.6)


def test_a_mirrored_outline_is_symmetrical() -> None:
    outline = mirrored([(0, -1), (0.4, -0.8), (0.5, -0.2), (0, 0)])
    assert outline[:, 0].min() == pytest.approx(-outline[:, 0].max())


def test_a_quarter_turn_is_clockwise_on_the_screen() -> None:
    np.testing.assert_allclose(turned(np.array([(2.0, 1.0)]), np.pi / 2, (1, 1)), [(1, 2)], atol=1e-12)


def test_a_star_alternates_between_its_two_radii() -> None:
    radii = np.hypot(*(star(1, 2, 3, 1.5, 5) - (1, 2)).T)
    np.testing.assert_allclose(radii, [3, 1.5] * 5)


def test_a_leaf_reaches_from_its_base_to_its_tip() -> None:
    outline = leaf((1, 1), 2, 1, 0)
    assert outline[:, 0].min() == pytest.approx(1, abs=0.1)
    assert outline[:, 0].max() == pytest.approx(3, abs=0.1)


def test_an_arc_has_its_ends_and_a_blob_its_place() -> None:
    np.testing.assert_allclose(arc(0, 0, 1, 2, 0, np.pi / 2)[[0, -1]], [(1, 0), (0, 2)], atol=1e-12)
    np.testing.assert_allclose(blob(np.random.default_rng(7), 5, 6, 0.1, 0.1).mean(axis=0), (5, 6), atol=0.03)
    np.testing.assert_allclose(at((1, 2), [(0, 0), (1, 1)]), [(1, 2), (2, 3)])
