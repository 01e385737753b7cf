"""What every describer promises, asked of each that is registered and of their combination."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookalike.describers import load_describers
from lookalike.describers.combined import CombinedDescriber
from lookalike.types import Describer, Image

DESCRIBERS: dict[str, Describer] = {**load_describers(), "picture": CombinedDescriber()}
GOLDEN = Path(__file__).with_name("golden.json")
"""A dozen numbers of each vector of `drawn()`; `python tests/describers/test_contract.py` writes it anew."""


def drawn(seed: int = 7, height: int = 120, width: int = 180) -> Image:
    """Draw discs and bars of random colours on a shaded ground."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.6, 1, width)[None, :, None]
    image = np.ascontiguousarray((rng.integers(60, 255, 3) * ramp * np.ones((height, 1, 1))).astype(np.uint8))
    for _ in range(6):
        x, y = (int(rng.integers(side)) for side in (width, height))
        colour = tuple(int(value) for value in rng.integers(0, 255, 3))
        cv2.circle(image, (x, y), int(rng.integers(5, 40)), colour, -1)
        cv2.line(image, (x, 0), (int(rng.integers(width)), height), colour, int(rng.integers(1, 6)))
    return image


@pytest.fixture(params=DESCRIBERS)
def describer(request: pytest.FixtureRequest) -> Describer:
    return DESCRIBERS[request.param]


def test_it_names_what_identifies_its_vectors(describer: Describer) -> None:
    assert isinstance(describer, Describer)
    assert describer.name in DESCRIBERS
    assert describer.version
    assert describer.size >= 64
    assert describer.version == type(describer)().version


def test_a_batch_gives_unit_rows_in_its_order(describer: Describer) -> None:
    images = [drawn(seed, height, width) for seed, height, width in [(1, 90, 140), (2, 300, 200), (3, 64, 64)]]
    vectors = describer.describe(images)
    assert vectors.shape == (3, describer.n_dims)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    turned = describer.describe(images[::-1])[::-1]
    assert (vectors * turned).sum(1).min() >= 0.99999


def test_a_picture_has_the_same_vector_alone_and_in_any_batch(describer: Describer) -> None:
    images = [drawn(seed) for seed in range(5)]
    together = describer.describe(images)
    alone = np.concatenate([describer.describe([image]) for image in images])
    assert (together * alone).sum(1).min() >= 0.99999


def test_pictures_are_left_as_they_were(describer: Describer) -> None:
    image, mask = drawn(), np.zeros((120, 180), np.bool_)
    mask[20:70, 30:90] = True
    before = image.copy()
    image.flags.writeable = mask.flags.writeable = False
    describer.describe([image, image], [None, mask])
    np.testing.assert_array_equal(image, before)


def test_no_pictures_give_no_rows(describer: Describer) -> None:
    assert describer.describe([]).shape == (0, describer.n_dims)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 5), (7, 7), (1, 3000), (3000, 2), (40, 1000)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_tiny_flat_and_stretched_pictures_give_unit_vectors(
    describer: Describer, shape: tuple[int, int], value: int
) -> None:
    vectors = describer.describe([np.full((*shape, 3), value, np.uint8)])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(image=st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)).flatmap(lambda s: arrays(np.uint8, s)))
@pytest.mark.parametrize("name", DESCRIBERS)
def test_any_small_picture_gives_a_unit_vector(name: str, image: Image) -> None:
    vector = DESCRIBERS[name].describe([image])[0]
    np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-5)


def test_a_grey_picture_is_described(describer: Describer) -> None:
    grey = np.repeat(drawn()[..., :1], 3, axis=2)
    assert np.isfinite(describer.describe([grey])).all()


def test_full_empty_and_missing_masks_mean_the_whole_picture(describer: Describer) -> None:
    image = drawn()
    masks = [None, np.ones((120, 180), np.bool_), np.zeros((120, 180), np.bool_)]
    vectors = describer.describe([image] * 3, masks)
    assert (vectors @ vectors[0]).min() >= 0.99999


def test_a_rectangular_mask_means_the_crop(describer: Describer) -> None:
    image, mask = drawn(), np.zeros((120, 180), np.bool_)
    mask[10:90, 40:150] = True
    masked, cropped = describer.describe([image, image[10:90, 40:150]], [mask, None])
    assert masked @ cropped >= 0.99999


def test_what_lies_outside_a_mask_does_not_matter(describer: Describer) -> None:
    image, mask = drawn(), np.zeros((120, 180), np.uint8)
    cv2.ellipse(mask, (90, 60), (60, 40), 20, 0, 360, 1, -1)
    inside = mask.astype(np.bool_)
    elsewhere = np.where(inside[..., None], image, drawn(99))
    one, other, whole = describer.describe([image, elsewhere, image], [inside, inside, None])
    assert one @ other >= 0.99999
    assert one @ whole < 0.999


def test_larger_pictures_are_reduced_to_the_working_size(describer: Describer) -> None:
    large = cv2.resize(drawn(), (1080, 720), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(large, (describer.size, round(describer.size * 720 / 1080)), interpolation=cv2.INTER_AREA)
    one, other = describer.describe([large, small])
    assert one @ other >= 0.9999


def test_a_recompressed_copy_is_closer_than_another_picture(describer: Describer) -> None:
    image = drawn(3, 200, 260)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])
    copy = cv2.imdecode(data, cv2.IMREAD_COLOR)
    one, same, other = describer.describe([image, copy, drawn(4, 200, 260)])
    assert one @ same > max(one @ other, np.float32(0.8))


def test_numbers_and_sizes_that_do_not_fit_are_refused(describer: Describer) -> None:
    image = drawn()
    with pytest.raises(ValueError, match="1 images need as many masks, got 2"):
        describer.describe([image], [None, None])
    with pytest.raises(ValueError, match=r"mask of a \(120, 180\) picture has its size, got \(5, 5\)"):
        describer.describe([image], [np.ones((5, 5), np.bool_)])
    with pytest.raises(ValueError, match="at least one pixel"):
        describer.describe([np.zeros((0, 4, 3), np.uint8)])


@pytest.mark.parametrize("name", ["colour", "texture", "shape", "picture"])
def test_vectors_are_those_of_their_version(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())[name]
    describer = DESCRIBERS[name]
    assert describer.version == golden["version"], "run this file to write the golden numbers of the new version"
    np.testing.assert_allclose(some_numbers(describer), golden["numbers"], atol=2e-3)


def some_numbers(describer: Describer) -> list[float]:
    vector = describer.describe([drawn()])[0]
    return [round(float(number), 5) for number in vector[:: describer.n_dims // 12]]


def write_golden() -> None:
    golden = {
        name: {"version": DESCRIBERS[name].version, "numbers": some_numbers(DESCRIBERS[name])}
        for name in ("colour", "texture", "shape", "picture")
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    write_golden()
