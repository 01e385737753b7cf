"""Every loss is what a naive loop over its paper's formula gives."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lookalike.learning.losses.contrastive import contrastive
from lookalike.learning.losses.cosine_softmax import CosineSoftmax, cosine_softmax
from lookalike.learning.losses.info_nce import info_nce
from lookalike.learning.losses.nt_xent import nt_xent
from lookalike.learning.losses.supervised_contrastive import supervised_contrastive
from lookalike.learning.losses.triplet import batch_hard_triplet, triplet

LABELS = [0, 1, 0, 2, 1, 0, 3]


def unit(seed: int, n: int = len(LABELS)) -> Tensor:
    vectors = np.random.default_rng(seed).normal(size=(n, 5)).astype(np.float32)
    return functional.normalize(torch.from_numpy(vectors), dim=1)


def distance(a: Tensor, b: Tensor) -> float:
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a.tolist(), b.tolist(), strict=True)))


def cosine(a: Tensor, b: Tensor) -> float:
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))


def cross_entropy(logits: list[float], label: int) -> float:
    return math.log(sum(map(math.exp, logits))) - logits[label]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cosine_softmax_is_the_cross_entropy_of_scaled_cosines(smoothing: float) -> None:
    vectors, proxies = unit(1), unit(2, 4)
    losses = cosine_softmax(vectors, torch.tensor(LABELS), 3 * proxies, 16.0, smoothing)
    for vector, label, loss in zip(vectors, LABELS, losses, strict=True):
        logits = [16.0 * cosine(vector, proxy) for proxy in proxies]
        entropies = [cross_entropy(logits, n) for n in range(4)]
        assert float(loss) == pytest.approx(
            (1 - smoothing) * entropies[label] + smoothing * np.mean(entropies), rel=1e-4
        )


def test_cosine_softmax_learns_its_proxies_and_its_scale() -> None:
    torch.manual_seed(7)
    head = CosineSoftmax(4, 5, 16.0, 0.1)
    before = head(unit(1), torch.tensor(LABELS)).mean()
    before.backward()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter -= 0.01 * parameter.grad
    assert head(unit(1), torch.tensor(LABELS)).mean() < before


def test_contrastive_is_the_mean_over_pairs() -> None:
    vectors, pairs = unit(1), []
    for i in range(len(LABELS)):
        for j in range(i + 1, len(LABELS)):
            d = distance(vectors[i], vectors[j])
            pairs.append(d**2 / 2 if LABELS[i] == LABELS[j] else max(0.0, 1.2 - d) ** 2 / 2)
    assert float(contrastive(vectors, torch.tensor(LABELS), 1.2)) == pytest.approx(np.mean(pairs), rel=1e-4)


def test_triplet_is_the_mean_over_triplets() -> None:
    a, p, n = unit(1), unit(2), unit(3)
    due = [max(0.0, distance(a[i], p[i]) ** 2 - distance(a[i], n[i]) ** 2 + 0.2) for i in range(len(a))]
    assert float(triplet(a, p, n, 0.2)) == pytest.approx(np.mean(due), rel=1e-4)


def test_batch_hard_takes_the_farthest_like_and_the_nearest_unlike() -> None:
    vectors, due = unit(1), []
    for i, label in enumerate(LABELS):
        like = [distance(vectors[i], vectors[j]) for j, other in enumerate(LABELS) if other == label and j != i]
        unlike = [distance(vectors[i], vectors[j]) for j, other in enumerate(LABELS) if other != label]
        if like:
            due.append(max(0.0, max(like) - min(unlike) + 0.3))
    assert len(due) == 5
    assert float(batch_hard_triplet(vectors, torch.tensor(LABELS), 0.3)) == pytest.approx(np.mean(due), rel=1e-4)


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 0, 0]])
def test_batch_hard_of_nothing_to_compare_is_0(labels: list[int]) -> None:
    assert float(batch_hard_triplet(unit(1, 3), torch.tensor(labels), 0.3)) == 0


@pytest.mark.parametrize("loss", [contrastive, batch_hard_triplet])
def test_equal_vectors_have_finite_gradients(loss: object) -> None:
    vectors = torch.ones(4, 5, requires_grad=True)
    loss(vectors, torch.tensor([0, 0, 1, 1]), 1.0).backward()
    assert torch.isfinite(vectors.grad).all()


def test_info_nce_tells_each_querys_own_key() -> None:
    queries, keys = unit(1), unit(2)
    due = [cross_entropy([cosine(query, key) / 0.1 for key in keys], n) for n, query in enumerate(queries)]
    assert float(info_nce(queries, keys, 0.1)) == pytest.approx(np.mean(due), rel=1e-4)


def test_nt_xent_finds_the_partner_among_all_other_views() -> None:
    first, second = unit(1), unit(2)
    views, n, due = [*first, *second], len(first), []
    for i, view in enumerate(views):
        others = [j for j in range(2 * n) if j != i]
        due.append(cross_entropy([cosine(view, views[j]) / 0.5 for j in others], others.index((i + n) % (2 * n))))
    assert float(nt_xent(first, second, 0.5)) == pytest.approx(np.mean(due), rel=1e-4)


def test_supervised_contrastive_tells_all_likes_from_all_others() -> None:
    vectors, due = unit(1), []
    for i, label in enumerate(LABELS):
        others = [j for j in range(len(LABELS)) if j != i]
        logits = [cosine(vectors[i], vectors[j]) / 0.2 for j in others]
        like = [cross_entropy(logits, n) for n, j in enumerate(others) if LABELS[j] == label]
        if like:
            due.append(np.mean(like))
    assert len(due) == 5
    assert float(supervised_contrastive(vectors, torch.tensor(LABELS), 0.2)) == pytest.approx(np.mean(due), rel=1e-4)


def test_supervised_contrastive_of_strangers_is_0_and_learnable() -> None:
    vectors = unit(1, 3).requires_grad_()
    loss = supervised_contrastive(vectors, torch.tensor([0, 1, 2]), 0.2)
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.isfinite(vectors.grad).all()
