import numpy as np
import pytest

from lookalike.sample.canvas import Glow, Gradient, Pen
from lookalike.sample.colours import SWATCHES, darker, lighter, rgb
from lookalike.sample.outlines import ellipse, rectangle

RED, BLUE = rgb("ff0000"), rgb("0000ff")
SQUARE = rectangle(-0.5, -1, 0.5, 0)


@pytest.fixture
def pen() -> Pen:
    """A pen whose unit is 100 pixels and whose base is at (100, 150) of a surface of 200 x 200, lit from the left."""
    return Pen(np.zeros((200, 200, 4), np.uint8), [[100, 0, 100], [0, 100, 150]], (-1.0, 0.0))


def test_a_flat_fill_covers_its_outline_and_nothing_else(pen: Pen) -> None:
    pen.fill(SQUARE, RED)
    assert pen.surface[60:140, 60:140].reshape(-1, 4).tolist() == [[255, 0, 0, 255]] * 6400
    assert not pen.surface[:48].any()
    assert not pen.surface[:, 153:].any()


def test_a_translucent_fill_is_premultiplied(pen: Pen) -> None:
    pen.fill(SQUARE, RED, opacity=0.5)
    np.testing.assert_allclose(pen.surface[100, 100], (128, 0, 0, 128), atol=1)


def test_translucent_paint_mixes_with_what_is_below(pen: Pen) -> None:
    pen.fill(SQUARE, RED)
    pen.fill(SQUARE, BLUE, opacity=0.25)
    np.testing.assert_allclose(pen.surface[100, 100], (191, 0, 64, 255), atol=1)


def test_an_outline_off_the_surface_paints_nothing(pen: Pen) -> None:
    pen.fill(SQUARE + 9, RED, form=0.5)
    pen.fill(SQUARE - 9, Glow((0, 0), 1, (RED, BLUE)))
    pen.write("AWAY", (9, 9), 0.2, RED)
    assert not pen.surface.any()
    assert not pen.lettering


@pytest.mark.parametrize("paint", [RED, Gradient((0, 0), (0, -1), (RED, RED))])
def test_inside_an_outline_nothing_is_painted_beyond_it(pen: Pen, paint: object) -> None:
    with pen.inside(SQUARE), pen.inside(rectangle(-2, -0.5, 2, 2)):
        pen.fill(rectangle(-2, -2, 2, 2), paint)  # type: ignore[arg-type]
    covered = pen.surface[..., 3] > 127
    assert covered[105:148, 55:145].all()
    assert covered.sum() == pytest.approx(100 * 50, rel=0.05)
    pen.fill(rectangle(-2, -2, 2, 2), BLUE)
    assert (pen.surface[..., 3] == 255).all()


def test_a_gradient_runs_between_its_ends(pen: Pen) -> None:
    pen.fill(SQUARE, Gradient((-0.5, 0), (0.5, 0), (RED, BLUE)))
    row = pen.surface[100, 55:145].astype(int)
    assert (np.diff(row[:, 0]) <= 0).all()
    np.testing.assert_allclose(row[45, :3], (127, 0, 127), atol=4)


def test_a_glow_changes_with_the_distance_from_its_centre(pen: Pen) -> None:
    pen.fill(SQUARE, Glow((0, -0.5), 0.5, (RED, BLUE)))
    np.testing.assert_allclose(pen.surface[100, 100, :3], (255, 0, 0), atol=8)
    np.testing.assert_allclose(pen.surface[100, 125, :3], (127, 0, 127), atol=8)


def test_a_swelling_shape_is_brighter_on_the_side_of_the_light(pen: Pen) -> None:
    pen.fill(ellipse(0, -0.5, 0.5), SWATCHES["teal"], form=0.8)
    assert pen.surface[100, 62, :3].sum() > pen.surface[100, 138, :3].sum() + 100


@pytest.mark.parametrize("facing", [1, -1])
def test_a_word_reads_from_left_to_right_and_its_corners_enclose_it(facing: int) -> None:
    surface = np.zeros((200, 400, 4), np.uint8)
    pen = Pen(surface, [[facing * 100, 0, 200], [0, 100, 150]], (-1, 0))
    pen.write("LL", (0, -0.5), 0.5, RED, width=1.0)
    assert pen.lettering[0].text == "LL"
    ink = surface[..., 3] > 127
    rows, columns = np.nonzero(ink)
    (x0, y0), (x1, y1) = pen.lettering[0].corners.min(axis=0), pen.lettering[0].corners.max(axis=0)
    np.testing.assert_allclose((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), (x0, y0, x1, y1), atol=2)
    left_stroke = ink[int(y0) + 2, : int((x0 + x1) / 2)]
    assert np.flatnonzero(left_stroke)[0] == pytest.approx(x0, abs=3)


def test_light_brightens_and_shade_cools() -> None:
    colour = SWATCHES["ochre"]
    assert (lighter(colour) > colour).all()
    shaded = darker(colour)
    assert (shaded < colour).all()
    assert shaded[2] / shaded[0] > colour[2] / colour[0]
