"""Pictures become what a network wants, as Pillow and the papers' own code would make them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.errors import BadModel
from lookalike.models.preprocessing import Preprocessing, fit, normalize, read_preprocessing

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def how(size: tuple[int, int], mode: str, interpolation: str = "bicubic", **more: object) -> Preprocessing:
    return Preprocessing(**{"size": size, "resize": size, "mode": mode, "interpolation": interpolation,
                            "mean": (0, 0, 0), "std": (1, 1, 1), **more})  # fmt: skip


def smooth(height: int, width: int, seed: int = 7) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def naive(image: np.ndarray, p: Preprocessing) -> np.ndarray:
    """Resize the whole picture, then cut or fill: the way it is published, at its cost."""
    height, width = image.shape[:2]
    rows, columns = p.resize
    if p.mode == "squash":
        new = (rows, columns)
    else:
        pick, whole = (max, int) if p.mode == "shortest" else (min, round)
        scale = pick(rows / height, columns / width)
        exact = (height * columns / width, columns) if scale == columns / width else (rows, width * rows / height)
        new = (max(1, whole(exact[0])), max(1, whole(exact[1])))
    resampling = Image.Resampling[p.interpolation.upper()]
    resized = np.asarray(Image.fromarray(image).resize(new[::-1], resampling))
    top, left = max(0, round((new[0] - p.size[0]) / 2)), max(0, round((new[1] - p.size[1]) / 2))
    cut = resized[top : top + p.size[0], left : left + p.size[1]]
    out = np.full((*p.size, 3), p.fill, np.uint8)
    top, left = (p.size[0] - cut.shape[0]) // 2, (p.size[1] - cut.shape[1]) // 2
    out[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return out


@settings(max_examples=150, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    mode=st.sampled_from(["shortest", "longest", "squash"]),
    interpolation=st.sampled_from(["bicubic", "bilinear", "lanczos"]),
)
def test_a_picture_is_fitted_as_pillow_does_it_whole_but_for_rounding(
    height: int, width: int, size: tuple[int, int], mode: str, interpolation: str
) -> None:
    p = how(size, mode, interpolation, fill=9)
    image = smooth(height, width)
    fitted = fit(image, p)
    assert fitted.shape == (*size, 3) and fitted.dtype == np.uint8
    differences = np.abs(fitted.astype(int) - naive(image, p))
    assert differences.max() <= 2 and differences.mean() < 0.5  # Pillow takes rows or columns first, what is cheaper


def test_the_crop_is_cut_from_a_larger_frame() -> None:
    p = how((20, 20), "shortest", resize=(26, 26))
    image = smooth(52, 80)
    assert np.abs(fit(image, p).astype(int) - naive(image, p)).max() <= 1


def test_a_panorama_of_one_pixel_height_costs_no_more_than_a_square() -> None:
    assert fit(np.full((1, 60_000, 3), 77, np.uint8), how((224, 224), "shortest")).tolist()[0][0] == [77, 77, 77]


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    image = np.random.default_rng(7).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for mode in ("shortest", "longest", "squash"):
        assert (fit(image, how((16, 16), mode)) == image).all()


def area_weights(n_from: int, n_to: int) -> np.ndarray:
    """Return the weights (n_to, n_from) of pixels: how much of each lies under another, or between neighbours."""
    if n_to > n_from:
        at = np.clip((np.arange(n_to) + 0.5) * n_from / n_to - 0.5, 0, n_from - 1)
        return np.clip(1 - np.abs(at[:, None] - np.arange(n_from)), 0, None)
    edges = np.arange(n_to + 1) * n_from / n_to
    left, right = np.maximum(edges[:-1, None], np.arange(n_from)), np.minimum(edges[1:, None], np.arange(n_from) + 1)
    return np.clip(right - left, 0, None) * n_to / n_from


@settings(max_examples=150, deadline=None)
@given(size=st.tuples(st.integers(1, 90), st.integers(1, 90)), new=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_area_takes_the_mean_of_what_lies_under_a_pixel(size: tuple[int, int], new: tuple[int, int]) -> None:
    image = np.random.default_rng(7).integers(0, 256, (*size, 3), dtype=np.uint8)
    rows, columns = area_weights(size[0], new[0]), area_weights(size[1], new[1])
    expected = np.einsum("iy,jx,yxc->ijc", rows, columns, image.astype(float))
    assert np.abs(fit(image, how(new, "squash", "area")) - expected).max() <= 2


def test_area_sees_a_smooth_picture_as_pillow_does() -> None:
    image = smooth(300, 225)
    for mode in ("shortest", "longest", "squash"):
        ours, theirs = (fit(image, how((96, 96), mode, name)).astype(int) for name in ("area", "bilinear"))
        assert np.abs(ours - theirs).max() <= 6 and np.abs(ours - theirs).mean() < 0.7


def test_area_takes_a_picture_of_one_pixel_and_a_panorama() -> None:
    for mode in ("shortest", "longest", "squash"):
        for size in ((1, 1), (1, 40_000), (40_000, 1)):
            fitted = fit(np.full((*size, 3), 77, np.uint8), how((96, 96), mode, "area", fill=77))
            assert (fitted == 77).all()


def read(tmp_path: Path, name: str, content: object) -> Preprocessing:
    path = tmp_path / name
    path.write_text(json.dumps(content))
    return read_preprocessing(path)


def test_open_clip_and_hugging_face_say_the_same_in_their_own_words(tmp_path: Path) -> None:
    ours = read(tmp_path, "preprocess_cfg.json", {
        "size": [224, 224], "mode": "RGB", "mean": CLIP_MEAN, "std": CLIP_STD, "interpolation": "bicubic",
        "resize_mode": "shortest", "fill_color": 0,
    })  # fmt: skip
    theirs = read(tmp_path, "preprocessor_config.json", {
        "crop_size": {"height": 224, "width": 224}, "do_center_crop": True, "do_normalize": True, "do_rescale": True,
        "do_resize": True, "image_mean": CLIP_MEAN, "image_std": CLIP_STD, "resample": 3, "rescale_factor": 1 / 255,
        "size": {"shortest_edge": 224},
    })  # fmt: skip
    assert ours.size == theirs.size == (224, 224) and ours.resize == theirs.resize
    assert (ours.mode, ours.interpolation) == (theirs.mode, theirs.interpolation) == ("shortest", "bicubic")
    np.testing.assert_allclose(ours.mean + ours.std, theirs.mean + theirs.std, rtol=1e-12)
    grey = np.full((1, 2, 2, 3), 128, np.uint8)
    expected = (128 / 255 - np.array(CLIP_MEAN)) / np.array(CLIP_STD)
    planes = np.empty((1, 3, 2, 2), np.float32)
    normalize(grey, ours, planes.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(planes[0, :, 0, 0], expected, atol=1e-5)


HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}


@pytest.mark.parametrize(
    ("content", "size", "resize", "mode"),
    [
        ({"size": {"height": 224, "width": 192}, **HALF}, (224, 192), (224, 192), "squash"),
        ({"size": 224, **HALF}, (224, 224), (224, 224), "shortest"),
        ({"size": [240, 224], **HALF}, (240, 224), (240, 224), "squash"),
        ({"size": {"shortest_edge": 256}, "crop_size": 224, **HALF}, (224, 224), (256, 256), "shortest"),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875, **HALF}, (224, 224), (256, 256), "shortest"),
        ({"size": {"shortest_edge": 384}, "crop_pct": 1.0, **HALF}, (384, 384), (384, 384), "squash"),
    ],
)
def test_the_forms_of_hugging_face_are_understood(
    tmp_path: Path, content: dict, size: tuple[int, int], resize: tuple[int, int], mode: str
) -> None:
    p = read(tmp_path, "preprocessor_config.json", content)
    assert (p.size, p.resize, p.mode, p.interpolation) == (size, resize, mode, "bilinear")


def test_plain_grey_levels_stay_plain(tmp_path: Path) -> None:
    p = read(tmp_path, "preprocessor_config.json", {"size": 8, "do_rescale": False, "do_normalize": False})
    assert (p.mean, p.std) == ((0, 0, 0), (1, 1, 1))


GOOD = {"size": 8, "mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.mark.parametrize(
    "content",
    [
        [1], {}, {**GOOD, "size": 1 << 40}, {**GOOD, "size": 0}, {**GOOD, "size": "big"}, {**GOOD, "size": [8, 8, 8]},
        {**GOOD, "std": [0.5, 0, 0.5]}, {**GOOD, "mean": [0.5]}, {**GOOD, "mean": ["a", "b", "c"]},
        {**GOOD, "mean": [float("nan")] * 3}, {**GOOD, "interpolation": "magic"}, {**GOOD, "resize_mode": "stretch"},
        {**GOOD, "mode": "L"}, {**GOOD, "fill_color": 256}, {**GOOD, "size": {"height": 8}},
    ],
)  # fmt: skip
def test_a_preprocessing_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, content: object) -> None:
    with pytest.raises(BadModel, match=r"preprocess_cfg\.json .*: .*\.$") as refusal:
        read(tmp_path, "preprocess_cfg.json", content)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", '{"size": ' + " " * (1 << 20) + "8}"])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "preprocess_cfg.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadModel):
        read_preprocessing(path)


@pytest.mark.parametrize(
    "content",
    [{"size": {"longest_edge": 224}}, {"size": 8, **HALF, "rescale_factor": 0}, {"size": 8, **HALF, "resample": 99}],
)
def test_unknown_forms_of_hugging_face_are_refused(tmp_path: Path, content: dict) -> None:
    with pytest.raises(BadModel, match="not understood"):
        read(tmp_path, "preprocessor_config.json", content)
