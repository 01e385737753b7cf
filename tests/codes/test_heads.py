"""The losses of the learned heads, against loops and finite differences."""

from collections.abc import Callable

import numpy as np
import pytest

from lookalike.codes.adam import Adam
from lookalike.codes.elastichash import Classifier, hard_triplet_loss
from lookalike.codes.head import sample
from lookalike.codes.listwise import listwise_loss
from lookalike.codes.search_anything import cosine_loss


def numeric_gradient(function: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    gradient = np.empty_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = 1e-6
        gradient[place] = (function(at + step) - function(at - step)) / 2e-6
    return gradient


def test_adam_takes_the_steps_of_the_paper() -> None:
    parameters = {"x": np.array([1.0, -2.0], dtype=np.float32)}
    adam, expected, mean, square = Adam(parameters), np.array([1.0, -2.0]), 0.0, 0.0
    for step in range(1, 6):
        gradient = 2 * expected
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        expected = expected - 0.1 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        adam.step({"x": 2 * parameters["x"]}, 0.1)
    np.testing.assert_allclose(parameters["x"], expected, rtol=1e-4)


def test_the_cosine_loss_is_that_of_a_loop_over_pairs() -> None:
    rng = np.random.default_rng(7)
    vectors, outputs = rng.standard_normal((6, 5)), rng.standard_normal((6, 8))

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    naive = [(cosine(outputs[i], outputs[j]) - cosine(vectors[i], vectors[j])) ** 2 for i in range(6) for j in range(6)]
    value, gradient = cosine_loss(vectors, outputs)
    assert value == pytest.approx(np.mean(naive))
    expected = numeric_gradient(lambda changed: cosine_loss(vectors, changed)[0], outputs)
    np.testing.assert_allclose(gradient, expected, atol=1e-8)


def test_the_triplet_loss_is_that_of_a_loop_over_anchors() -> None:
    outputs, classes = np.random.default_rng(7).standard_normal((9, 6)), np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    naive = []
    for anchor in range(9):
        far = {other: float(np.linalg.norm(outputs[anchor] - outputs[other])) for other in range(9) if other != anchor}
        positive = max(value for other, value in far.items() if classes[other] == classes[anchor])
        negative = min(value for other, value in far.items() if classes[other] != classes[anchor])
        naive.append(max(positive - negative + 2, 0))
    value, gradient = hard_triplet_loss(outputs, classes)
    assert value == pytest.approx(np.mean(naive))
    expected = numeric_gradient(lambda changed: hard_triplet_loss(changed, classes)[0], outputs)
    np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_triplets_beyond_the_margin_pull_no_more() -> None:
    value, gradient = hard_triplet_loss(np.array([[0.0], [0.1], [9.0], [9.1]]), np.array([0, 0, 1, 1]))
    assert value == 0
    assert not gradient.any()


def test_the_classifier_is_softmax_and_cross_entropy() -> None:
    outputs, classes = np.random.default_rng(7).standard_normal((5, 8)), np.array([0, 2, 1, 1, 0])

    def loss(changed: np.ndarray) -> float:
        return Classifier(8, 3, 0.1, seed=7).improve(changed, classes)[0]

    weights = Classifier(8, 3, 0.1, seed=7).parameters["weights"]
    shares = np.exp(outputs @ weights) / np.exp(outputs @ weights).sum(axis=1, keepdims=True)
    assert loss(outputs) == pytest.approx(-np.mean([np.log(shares[n, label]) for n, label in enumerate(classes)]))
    _, gradient = Classifier(8, 3, 0.1, seed=7).improve(outputs, classes)
    np.testing.assert_allclose(gradient, numeric_gradient(loss, outputs), atol=1e-8)


def test_the_classifier_learns() -> None:
    classes = np.arange(30) % 3
    outputs = np.eye(8)[classes] + 0.1 * np.random.default_rng(7).standard_normal((30, 8))
    classifier = Classifier(8, 3, 0.1, seed=7)
    losses = [classifier.improve(outputs, classes)[0] for _ in range(100)]
    assert losses[-1] < losses[0] / 2


def test_the_listwise_loss_is_that_of_a_loop_over_rows() -> None:
    rng = np.random.default_rng(7)
    closeness, codes, log_scale = rng.uniform(-4, 4, (6, 6)), rng.standard_normal((6, 16)), np.array(1.5)
    naive = []
    for row in range(6):
        others = [other for other in range(6) if other != row]
        wanted = np.exp([closeness[row, other] for other in others])
        found = np.exp([np.exp(1.5) * codes[row] @ codes[other] / 16 for other in others])
        wanted, found = wanted / wanted.sum(), found / found.sum()
        naive.append((wanted * np.log(wanted / found)).sum())
    value, by_codes, by_log_scale = listwise_loss(closeness, codes, log_scale)
    assert value == pytest.approx(np.mean(naive))
    expected = numeric_gradient(lambda changed: listwise_loss(closeness, changed, log_scale)[0], codes)
    np.testing.assert_allclose(by_codes, expected, atol=1e-8)
    expected = numeric_gradient(lambda changed: listwise_loss(closeness, codes, changed)[0], log_scale)
    np.testing.assert_allclose(by_log_scale, expected, atol=1e-8)


def test_codes_with_the_neighbourhoods_of_the_floats_lose_nothing() -> None:
    codes = np.where(np.random.default_rng(7).standard_normal((5, 16)) > 0, 1.0, -1.0)
    value, gradient, _ = listwise_loss(codes @ codes.T / 0.8, codes, np.array(np.log(20)))
    assert value == pytest.approx(0)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_of_many_vectors_a_sample_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.codes.head.MAX_VECTORS", 30)
    vectors = np.random.default_rng(7).standard_normal((100, 4)).astype(np.float32)
    rows = sample(vectors, 8, seed=7)
    assert len(np.unique(rows)) == 30
    np.testing.assert_array_equal(rows, sample(vectors, 8, seed=7))
    np.testing.assert_array_equal(sample(vectors[:30], 8, seed=7), np.arange(30))
