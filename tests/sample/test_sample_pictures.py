import numpy as np
import pytest

from lookalike.errors import LookalikeError
from lookalike.sample import KINDS, Picture, RunLengths, draw_picture
from lookalike.sample.colours import PALETTES, SWATCHES
from lookalike.sample.settings import meadow, nothing
from lookalike.sample.stage import Stage
from lookalike.sample.things import THINGS

SMALL = (96, 128)


def drawn(kind: str, seed: int) -> Picture:
    return draw_picture(kind, np.random.default_rng(seed), SMALL)


def bare_stage(seed: int = 7, size: tuple[int, int] = SMALL) -> Stage:
    return Stage(size, PALETTES[0], np.random.default_rng(seed))


def test_there_are_at_least_24_kinds_and_each_name_can_be_a_folder() -> None:
    assert len(KINDS) >= 24
    assert all(kind.replace("-", "").isalpha() and kind.islower() for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_about_every_kind_holds(kind: str) -> None:
    for seed in range(3):
        picture = drawn(kind, seed)
        assert picture.image.shape == (*SMALL, 3)
        assert picture.image.dtype == np.uint8
        assert picture.kind == kind
        assert any(instance.kind.startswith(kind) for instance in picture.instances)
        for instance in picture.instances:
            mask = instance.mask.to_mask()
            rows, columns = np.nonzero(mask)
            tight = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert instance.box == tight
            assert mask.shape == SMALL
            assert instance.attributes["main_colour"] in SWATCHES
            assert 0 < float(instance.attributes["visible"]) <= 1
        for word in picture.words:
            x0, y0, x1, y1 = word.box
            assert 0 <= x0 < x1 <= SMALL[1]
            assert 0 <= y0 < y1 <= SMALL[0]


def test_the_same_generator_state_draws_the_same_picture_and_another_state_another() -> None:
    for kind in ("apple", "city-night", "stamp"):
        first, again, other = drawn(kind, 1), drawn(kind, 1), drawn(kind, 2)
        np.testing.assert_array_equal(first.image, again.image)
        assert first.instances == again.instances
        assert (first.image != other.image).any()


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(LookalikeError, match=r"'unicorn' .*apple, pear"):
        drawn("unicorn", 1)


@pytest.mark.parametrize("kind", sorted(THINGS))
def test_what_a_mask_covers_differs_from_the_empty_stage(kind: str) -> None:
    rng = np.random.default_rng(3)
    empty, full = bare_stage(), bare_stage()
    for stage in (empty, full):
        meadow(stage, np.random.default_rng(5))
    full.put(kind, THINGS[kind].draw, rng, at=(0.66, 0.9), height=1.2 / (1 + THINGS[kind].width))
    before = empty.finish(kind, np.random.default_rng(1), {}).image.astype(int)
    picture = full.finish(kind, np.random.default_rng(1), {})
    changed = np.abs(picture.image.astype(int) - before).sum(axis=2) > 8
    mask = picture.instances[0].mask.to_mask()
    assert changed[mask].mean() > 0.8
    assert not changed[:, :8].any()
    assert changed.sum() < 1.3 * mask.sum() + 200


def test_a_thing_in_front_takes_its_pixels_from_those_behind_and_a_hidden_one_is_not_told() -> None:
    stage = bare_stage()
    for x in (0.6, 0.6, 0.95):
        stage.put("ball", THINGS["ball"].draw, np.random.default_rng(7), at=(x, 0.9), height=0.6)
    behind, front = stage.finish("ball", np.random.default_rng(7), {}).instances
    assert not (behind.mask.to_mask() & front.mask.to_mask()).any()
    assert float(behind.attributes["visible"]) < 1 == front.attributes["visible"]


def test_a_cut_out_is_opaque_exactly_where_its_thing_is() -> None:
    stage, rng = bare_stage(), np.random.default_rng(7)
    nothing(stage, rng)
    stage.put("pear", THINGS["pear"].draw, rng, at=(0.66, 0.9), height=0.7)
    picture = stage.finish("pear", rng, {})
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha >= 128, picture.instances[0].mask.to_mask())


def test_a_shadow_darkens_the_ground_but_is_not_in_the_mask() -> None:
    pictures = []
    for shadow in ("none", "ground"):
        stage, rng = bare_stage(), np.random.default_rng(7)
        stage.pen().fill([(0, 0), (2, 0), (2, 1), (0, 1)], SWATCHES["cream"])
        stage.put("cup", THINGS["cup"].draw, rng, at=(0.66, 0.8), height=0.5, shadow=shadow)
        pictures.append(stage.finish("cup", rng, {}))
    plain, shaded = pictures
    assert plain.instances == shaded.instances
    assert shaded.image.sum() < plain.image.sum()


def test_mirrored_things_face_left_and_still_show_readable_words() -> None:
    stage, rng = bare_stage(size=(300, 400)), np.random.default_rng(7)
    stage.put("shop", THINGS["shop"].draw, rng, at=(0.66, 0.95), height=0.8, facing=-1)
    picture = stage.finish("shop", rng, {})
    assert picture.instances[0].attributes["facing"] == "left"
    assert len(picture.words) == 1


def test_a_word_that_something_hides_is_not_told() -> None:
    words = []
    for x in (0.1, 0.66):
        stage = bare_stage(size=(300, 400))
        stage.put("shop", THINGS["shop"].draw, np.random.default_rng(7), at=(0.66, 0.95), height=0.8)
        stage.put("ball", THINGS["ball"].draw, np.random.default_rng(7), at=(x, 0.8), height=0.3)
        words.append(stage.finish("shop", np.random.default_rng(7), {}).words)
    assert [len(each) for each in words] == [1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_run_lengths_are_the_mask(seed: int) -> None:
    mask = np.random.default_rng(seed).random((7, 5)) < (0, 0.3, 0.5, 0.8, 1)[seed]
    runs = RunLengths.of(mask)
    np.testing.assert_array_equal(runs.to_mask(), mask)
    assert sum(runs.counts) == mask.size
    assert all(runs.counts[1:])


def test_run_lengths_by_hand() -> None:
    assert RunLengths.of(np.zeros((2, 3), bool)).counts == (6,)
    assert RunLengths.of(np.ones((2, 3), bool)).counts == (0, 6)
    assert RunLengths.of(np.array([[True, False, True], [False, False, True]])).counts == (0, 1, 3, 2)
