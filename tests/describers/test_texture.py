import numpy as np
import pytest

from lookalike.describers import lbp, tamura
from lookalike.describers.gist import gist
from lookalike.describers.texture import TextureDescriber, pattern_histograms


def stripes(angle: float, period: float = 6, side: int = 96) -> np.ndarray:
    """Return a grey wave (side, side) float32 whose gradient points along the angle, in degrees."""
    y, x = np.indices((side, side))
    phase = (x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))) * 2 * np.pi / period
    return (127.5 + 100 * np.sin(phase)).astype(np.float32)


def test_patterns_equal_the_naive_loop() -> None:
    grey = (np.random.default_rng(7).random((9, 11)) * 255).astype(np.float32)
    padded = np.pad(grey.astype(np.float64), 1, mode="edge")
    expected = np.zeros(grey.shape, np.uint8)
    for row, column in np.ndindex(*grey.shape):
        for k in range(8):
            y, x = row + 1 - np.sin(k * np.pi / 4), column + 1 + np.cos(k * np.pi / 4)
            top, left = int(np.floor(y + 1e-9)), int(np.floor(x + 1e-9))
            down, right = y - top, x - left
            value = 0.0
            for i, j in np.ndindex(2, 2):
                share = (down if i else 1 - down) * (right if j else 1 - right)
                value += share * padded[min(top + i, 10), min(left + j, 12)]
            expected[row, column] |= (value > grey[row, column] + 0.5) << k
    assert np.mean(lbp.patterns(grey) != expected) == 0


def test_uniform_bins_are_the_58_patterns_with_at_most_two_changes() -> None:
    bins = lbp.uniform_bins()
    assert sorted(bins[bins < 58]) == list(range(58))
    assert bins[0b00000000] < 58 and bins[0b00011100] < 58 and bins[0b10000001] < 58
    assert bins[0b00010100] == 58


def test_invariant_bins_stay_when_a_pattern_turns() -> None:
    bins = lbp.invariant_bins()
    turned = np.array([(pattern << 1 | pattern >> 7) & 255 for pattern in range(256)])
    np.testing.assert_array_equal(bins, bins[turned])
    assert sorted(set(bins)) == list(range(10))


def test_a_quarter_turn_leaves_the_invariant_histogram_alone() -> None:
    grey = (np.random.default_rng(7).random((40, 60)) * 255).astype(np.float32)
    one, turned = (np.bincount(lbp.invariant_bins()[lbp.patterns(g)].ravel()) for g in (grey, np.rot90(grey).copy()))
    np.testing.assert_array_equal(one, turned)


def test_the_mass_of_pattern_histograms_is_one() -> None:
    rng = np.random.default_rng(7)
    weight = rng.random((30, 20)).astype(np.float32)
    whole, quarters = pattern_histograms((rng.random((30, 20)) * 255).astype(np.float32), weight)
    assert whole.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(quarters.sum(0), whole)
    assert quarters[0].sum() == pytest.approx(weight[:15, :10].sum() / weight.sum(), abs=1e-5)


def test_coarseness_equals_the_naive_loop() -> None:
    grey = (np.random.default_rng(7).random((12, 10)) * 255).astype(np.float32)
    far = 40
    padded = np.pad(grey.astype(np.float64), far, mode="edge")
    contrasts = np.zeros((3, *grey.shape))
    for k, (row, column) in ((k, at) for k in (1, 2, 3) for at in np.ndindex(*grey.shape)):
        half = 2 ** (k - 1)

        def mean(y: int, x: int, half: int = half) -> float:
            return float(padded[y - half : y + half, x - half : x + half].mean())

        y, x = row + far, column + far
        across = abs(mean(y, x + half) - mean(y, x - half))
        down = abs(mean(y + half, x) - mean(y - half, x))
        contrasts[k - 1, row, column] = max(across, down)
    np.testing.assert_array_equal(tamura.coarseness_scales(grey, 3), contrasts.argmax(0) + 1)


def test_broader_stripes_are_coarser() -> None:
    weight = np.ones((96, 96), np.float32)
    coarseness = [tamura.numbers(stripes(0, period), weight)[0] for period in (4, 8, 16, 32)]
    assert (np.diff(coarseness) > 0).all()


def test_contrast_grows_with_the_amplitude() -> None:
    weight = np.ones((96, 96), np.float32)
    low, high = (tamura.numbers(127.5 + (stripes(0) - 127.5) * gain, weight)[1] for gain in (0.2, 0.9))
    assert high == pytest.approx(4.5 * low, rel=0.01)


def test_stripes_have_a_direction_and_noise_has_none() -> None:
    weight = np.ones((96, 96), np.float32)
    noise = (np.random.default_rng(7).random((96, 96)) * 255).astype(np.float32)
    assert tamura.numbers(stripes(30, 12), weight)[2] > 0.85
    assert tamura.numbers(noise, weight)[2] < 0.1


@pytest.mark.parametrize(("angle", "expected"), [(0, 1), (45, 3), (90, 5), (135, 7)])
def test_directions_are_numbered_from_the_x_axis(angle: float, expected: int) -> None:
    found = tamura.directions(stripes(angle, 12))[8:-8, 8:-8]
    assert np.bincount(found[found > 0]).argmax() == expected


def test_the_joint_histogram_counts_each_pixel_by_its_weight() -> None:
    grey, weight = stripes(0), np.zeros((96, 96), np.float32)
    weight[40:50, 40:50] = 0.5
    joint = tamura.joint_histogram(grey, weight)
    assert joint.shape == (5, 6, 9)
    assert joint.sum() == pytest.approx(1, abs=1e-5)
    scales = tamura.coarseness_scales(grey)[40:50, 40:50]
    np.testing.assert_allclose(joint.sum((1, 2)), np.bincount(scales.ravel() - 1, minlength=5) / 100, atol=1e-5)


@pytest.mark.parametrize("orientation", [0, 2, 4, 6])
def test_gist_answers_most_where_the_orientation_fits(orientation: int) -> None:
    responses = gist(stripes(orientation * 22.5, 6, 64)).mean((2, 3))
    assert responses.sum(0).argmax() == orientation


def test_gist_knows_where_the_stripes_are() -> None:
    half = stripes(0, 6, 64)
    half[:, 32:] = 127.5
    responses = gist(half).sum((0, 1))
    assert responses[:, :2].sum() > 3 * responses[:, 2:].sum()


def test_mirroring_twice_and_brightening_keep_the_gist() -> None:
    grey = stripes(22.5, 9)
    one, brighter = gist(grey).ravel(), gist(grey * np.float32(0.8)).ravel()
    assert one @ brighter / np.linalg.norm(one) / np.linalg.norm(brighter) > 0.99


def test_texture_knows_no_colour() -> None:
    rng = np.random.default_rng(7)
    grey = rng.integers(60, 200, (80, 100, 1)).astype(np.uint8)
    one, other = TextureDescriber().describe([np.repeat(grey, 3, axis=2), np.repeat(255 - grey, 3, axis=2)[::-1, ::-1]])
    red = np.concatenate([grey + 40, grey - 20, grey - 2], axis=2).astype(np.uint8)
    tinted = TextureDescriber().describe([red])[0]
    assert one @ tinted > 0.95
    assert one @ tinted > one @ other
