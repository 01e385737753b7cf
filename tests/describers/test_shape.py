import cv2
import numpy as np
import pytest

from lookalike.describers import edges
from lookalike.describers.fitted import load_fitted
from lookalike.describers.shape import ShapeDescriber, codebook_of
from lookalike.describers.words import Codebook, patches
from lookalike.types import Image


def scene(colours: list[tuple[int, int, int]]) -> Image:
    image = np.full((160, 200, 3), colours[0], np.uint8)
    cv2.circle(image, (60, 70), 40, colours[1], -1)
    cv2.rectangle(image, (110, 60), (180, 140), colours[2], -1)
    return image


def of_lightness(lightness: float, hue: float) -> tuple[int, int, int]:
    """Return an sRGB colour of the lightness L and the hue (0 to 1), found in Lab."""
    a, b = 25 * np.cos(2 * np.pi * hue), 25 * np.sin(2 * np.pi * hue)
    rgb = cv2.cvtColor(np.array([[[lightness, a, b]]], np.float32), cv2.COLOR_LAB2RGB)[0, 0]
    red, green, blue = (round(float(value) * 255) for value in rgb)
    return red, green, blue


def test_shape_stays_when_the_hues_turn() -> None:
    pictures = [scene([of_lightness(l, hue + turn) for l, hue in [(40, 0), (60, 0.3), (75, 0.6)]]) for turn in (0, 0.4)]
    one, turned = ShapeDescriber().describe(pictures)
    assert one @ turned > 0.98


def test_shape_stays_when_the_picture_is_turned_to_grey() -> None:
    image = scene([(200, 200, 40), (20, 80, 160), (160, 20, 90)])
    lightness = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., :1] * [1, 0, 0]
    grey = np.rint(cv2.cvtColor(lightness.astype(np.float32), cv2.COLOR_LAB2RGB) * 255).astype(np.uint8)
    one, other = ShapeDescriber().describe([image, grey])
    assert one @ other > 0.99


def test_the_outline_of_a_mask_is_part_of_its_shape() -> None:
    flat = np.full((120, 120, 3), 90, np.uint8)
    discs, squares = [], []
    for radius in (30, 50):
        disc, square = np.zeros((2, 120, 120), np.uint8)
        cv2.circle(disc, (60, 60), radius, 1, -1)
        cv2.rectangle(square, (60 - radius, 60 - radius // 2), (60 + radius, 60), 1, -1)
        cv2.rectangle(square, (60 - radius, 60 - radius), (60, 60 + radius), 1, -1)
        discs.append(disc.astype(np.bool_))
        squares.append(square.astype(np.bool_))
    vectors = ShapeDescriber().describe([flat] * 4, discs + squares)
    similarities = vectors @ vectors.T
    assert similarities[0, 1] > max(similarities[0, 2], similarities[1, 3]) + 0.1


def test_the_maps_share_out_the_gradient_by_its_orientation() -> None:
    grey = (np.random.default_rng(7).random((20, 30)) * 255).astype(np.float32)
    maps = edges.orientation_maps(grey)
    padded = np.pad(grey, 1, mode="edge")
    gx, gy = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    np.testing.assert_allclose(maps.sum(0), np.hypot(gx, gy), rtol=1e-3, atol=1e-2)
    expected = np.zeros((8, 20, 30))
    for row, column in np.ndindex(20, 30):
        place = np.arctan2(gy[row, column], gx[row, column]) / np.pi * 8 % 8
        low, share = int(place), place % 1
        strength = np.hypot(gx[row, column], gy[row, column])
        expected[low % 8, row, column] += (1 - share) * strength
        expected[(low + 1) % 8, row, column] += share * strength
    np.testing.assert_allclose(maps, expected, atol=1.5)


def test_dark_on_bright_has_the_maps_of_bright_on_dark() -> None:
    grey = (np.random.default_rng(7).random((20, 30)) * 255).astype(np.float32)
    np.testing.assert_allclose(edges.orientation_maps(grey), edges.orientation_maps(255 - grey), atol=0.2)


def test_the_layout_is_the_mean_of_each_cell() -> None:
    maps = np.random.default_rng(7).random((8, 16, 24)).astype(np.float32)
    expected = maps.reshape(8, 4, 4, 4, 6).mean((2, 4))
    np.testing.assert_allclose(edges.layout(maps, 4), expected, atol=1e-5)


def test_pairs_equal_the_naive_loop() -> None:
    maps = np.random.default_rng(7).random((8, 12, 10)).astype(np.float32)
    expected = np.zeros((len(edges.displacements()), 8, 8))
    for k, (down, across) in enumerate(edges.displacements()):
        for row, column in np.ndindex(12, 10):
            if row + down < 12 and 0 <= column + across < 10:
                expected[k] += np.outer(maps[:, row, column], maps[:, row + down, column + across]) / 120
    np.testing.assert_allclose(edges.pairs(maps), expected, atol=1e-5)


def test_projections_are_the_means_of_columns_then_rows() -> None:
    strength = np.zeros((64, 32), np.float32)
    strength[:, 5] = 1
    found = edges.projections(strength)
    np.testing.assert_allclose(found[:32], np.eye(32)[5], atol=1e-6)
    np.testing.assert_allclose(found[32:], 1 / 32, atol=1e-6)


def test_hu_moments_stay_when_a_figure_moves_grows_and_turns() -> None:
    small, large = np.zeros((2, 120, 120), np.float32)
    small[20:40, 30:70] = small[20:60, 30:40] = 1
    large[40:80, 20:100] = large[40:120, 20:40] = 1
    one = edges.hu_moments(small)
    np.testing.assert_allclose(edges.hu_moments(large), one, atol=2e-3)
    np.testing.assert_allclose(edges.hu_moments(np.rot90(small).copy()), one, atol=2e-3)
    mirrored = edges.hu_moments(small[:, ::-1].copy())
    np.testing.assert_allclose(mirrored[:6], one[:6], atol=2e-3)
    assert mirrored[6] == pytest.approx(-one[6], abs=2e-3)


def test_a_picture_of_one_patch_has_its_cells_in_order() -> None:
    maps = np.random.default_rng(7).random((8, 16, 16)).astype(np.float32) * 50
    looks, places = patches(maps)
    cells = maps.reshape(8, 4, 4, 4, 4).mean((2, 4)).ravel()
    np.testing.assert_allclose(looks, [np.sqrt(cells / (np.linalg.norm(cells) + 10))], atol=1e-4)
    np.testing.assert_allclose(places, [(0, 0)], atol=1e-6)


def test_encoding_equals_the_naive_loop() -> None:
    rng = np.random.default_rng(7)
    book = Codebook(
        rng.random(6).astype(np.float32),
        rng.random((6, 3)).astype(np.float32),
        rng.random((4, 5)).astype(np.float32),
        sharpness=2.0,
        reach=1.5,
    )
    looks, places = rng.random((10, 6)).astype(np.float32), rng.random((10, 2)).astype(np.float32)
    sums, counts = np.zeros((4, 5)), np.zeros(4)
    for look, place in zip(looks, places, strict=True):
        found = np.concatenate([(look - book.mean) @ book.axes, place * 1.5])
        shares = np.exp(-2.0 * ((found - book.centres) ** 2).sum(1))
        shares /= shares.sum()
        sums += shares[:, None] * (found - book.centres)
        counts += shares
    differences, shares = book.encode(looks, places)
    np.testing.assert_allclose(differences, np.sign(sums) * np.sqrt(np.abs(sums / 10)), atol=1e-4)
    np.testing.assert_allclose(shares, counts / 10, atol=1e-5)


def test_the_shipped_codebook_fits_the_patches() -> None:
    book = codebook_of(load_fitted("shape-codebook")[0])
    maps = np.random.default_rng(7).random((8, 40, 40)).astype(np.float32)
    differences, shares = book.encode(*patches(maps))
    assert differences.shape == book.centres.shape
    assert shares.sum() == pytest.approx(1, abs=1e-4)
