"""Measuring arrays: vectors and codes by one protocol, against naive loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.evaluation import Cuts, measure, measure_ranking
from lookalike.evaluation.measure import expanded_comparison
from lookalike.metrics import Truth
from lookalike.ranking.expansion import POOL


def clusters(n_classes: int, size: int, noise: float, seed: int = 7) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), size)
    vectors = rng.standard_normal((n_classes, 16))[labels] + noise * rng.standard_normal((len(labels), 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def test_classes_that_lie_apart_are_found_without_a_fault() -> None:
    figures = measure(*clusters(4, 5, 0.01), cuts=Cuts((1, 4), 0.9)).summary()
    perfect = {name: mean for name, (mean, _, _) in figures.items() if name not in ("map@1/all", "recall@1")}
    assert perfect == pytest.approx(dict.fromkeys(perfect, 1))
    assert figures["map@1/all"] == figures["recall@1"] == (1 / 4, 1 / 4, 1 / 4)


def test_every_measure_is_there_for_every_cut() -> None:
    names = set(measure(*clusters(3, 3, 1.0), cuts=Cuts((2, 5), 0.75)).values)
    of_k = [
        "map@{k}/all",
        "map@{k}/possible",
        "map@{k}/retrieved",
        "ndcg@{k}",
        "precision@{k}",
        "recall@{k}",
        "knn@{k}",
    ]
    expected = {"map", "map-with-query", "ndcg", "r-precision", "recall@precision=0.75"}
    assert names == expected | {name.format(k=k) for name in of_k for k in (2, 5)}


@given(seed=st.integers(0, 1000))
def test_with_the_query_everything_finds_itself_first(seed: int) -> None:
    vectors, labels = clusters(3, 4, 2.0, seed)
    found = measure(vectors, labels)
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, 2)
    expected = []
    for query in range(12):
        ranked = sorted(range(12), key=lambda row: (-similarities[query, row], row))
        hits = [rank for rank, row in enumerate(ranked, 1) if labels[row] == labels[query]]
        expected.append(np.mean([number / rank for number, rank in enumerate(hits, 1)]))
    assert found.values["map-with-query"] == pytest.approx(expected)
    across = measure(vectors, labels, queries=vectors, query_labels=labels).values
    assert across["map-with-query"].tolist() == across["map"].tolist(), "a query that is not in there finds no itself"


def test_what_has_nothing_to_find_is_no_query_of_any_measure() -> None:
    vectors, labels = clusters(3, 3, 1.0)
    labels[0] = 99
    measurement = measure(vectors, labels)
    assert measurement.queries.tolist() == list(range(1, 9))
    assert all(np.isnan(values[0]) and not np.isnan(values[1:]).any() for values in measurement.values.values())


def test_of_several_labels_one_shared_is_relevant_and_two_gain_more() -> None:
    labels = np.array([[1, 1], [1, 0], [1, 1], [0, 0]], dtype=np.bool_)
    vectors = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    values = measure(vectors, labels).values
    assert values["map"][0] == 1
    assert values["ndcg"][0] == pytest.approx((1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3)))


@given(seed=st.integers(0, 1000))
def test_codes_are_compared_by_hamming_distance_with_ties_to_the_smaller_row(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (12, 2), dtype=np.uint8)  # few different ones, so that many distances are equal
    labels = rng.integers(3, size=12)
    found = measure(codes, labels).values["map"]
    for query in range(12):
        others = [row for row in range(12) if row != query]
        others.sort(
            key=lambda row: (sum(int(a ^ b).bit_count() for a, b in zip(codes[query], codes[row], strict=True)), row)
        )
        hits = [rank for rank, row in enumerate(others, 1) if labels[row] == labels[query]]
        precisions = [number / rank for number, rank in enumerate(hits, 1)]
        assert found[query] == pytest.approx(np.mean(precisions) if hits else np.nan, nan_ok=True)


def test_codes_of_signs_do_nearly_as_well_as_their_vectors() -> None:
    vectors, labels = clusters(5, 6, 0.3)
    codes = np.packbits(vectors > 0, axis=1)
    assert 0.8 < measure(codes, labels).summary()["map"][0] < measure(vectors, labels).summary()["map"][0]


def test_queries_from_elsewhere_find_all_of_their_label() -> None:
    vectors, labels = clusters(3, 4, 0.1)
    across = measure(vectors, labels, queries=vectors[:2], query_labels=labels[:2]).values
    assert across["precision@1"].tolist() == [1, 1], "each finds itself, since nobody said that it is in the database"
    assert across["recall@10"].tolist() == [1, 1]


def test_the_lead_of_a_space_is_paired_query_by_query() -> None:
    vectors, labels = clusters(6, 6, 1.0)
    worse = vectors + 0.5 * np.random.default_rng(3).standard_normal(vectors.shape).astype(np.float32)
    one, other = measure(vectors, labels), measure(worse, labels)
    difference, low, high = one.lead(other)
    assert difference == pytest.approx(one.summary()["map"][0] - other.summary()["map"][0])
    assert 0 < low < difference < high
    assert other.lead(one)[0] == -difference
    assert one.lead(one, "ndcg") == (0, 0, 0)


def test_only_answers_to_the_same_queries_are_compared() -> None:
    vectors, labels = clusters(3, 3, 1.0)
    with pytest.raises(ValueError, match="same queries"):
        measure(vectors, labels).lead(measure(vectors[:6], labels[:6]))


def test_any_comparison_can_be_measured_and_tells_how_far_it_is() -> None:
    truth = Truth.among(np.array([0, 1, 0, 1]))
    told: list[tuple[int, int]] = []
    distances = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    measurement = measure_ranking(lambda rows: -distances[rows], truth, Cuts(), lambda *numbers: told.append(numbers))
    assert measurement.values["map"].tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 3, 1 / 2])
    assert told == [(4, 4)]


def test_arrays_that_do_not_fit_are_refused() -> None:
    vectors, labels = clusters(2, 2, 1.0)
    with pytest.raises(ValueError, match="do not fit each other"):
        measure(vectors, labels[:3])
    with pytest.raises(ValueError, match="do not fit each other"):
        measure(vectors, labels, queries=vectors[:, :3], query_labels=labels)
    with pytest.raises(ValueError, match="do not fit each other and 4 and 4 labels"):
        measure(vectors, labels, queries=np.zeros((4, 16), dtype=np.uint8), query_labels=labels)
    with pytest.raises(ValueError, match="come together"):
        measure(vectors, labels, queries=vectors)
    with pytest.raises(ValueError, match=r"numpy\.packbits"):
        measure(vectors > 0, labels)


@pytest.mark.parametrize(("ks", "precision", "message"), [((0, 1), 0.9, "k = 0"), ((1,), 0.0, "above 0 and at most 1")])
def test_impossible_cuts_are_refused(ks: tuple[int, ...], precision: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Cuts(ks, precision)


@pytest.mark.parametrize("n_neighbours", [0, 3, 50])
def test_an_expanded_comparison_keeps_what_is_nearest_first(n_neighbours: int) -> None:
    rng = np.random.default_rng(7)
    database = rng.normal(size=(40, 8)).astype(np.float32)
    database /= np.linalg.norm(database, axis=1, keepdims=True)
    queries, own = database[[3, 5, 8]], np.array([3, 5, -1])
    found = expanded_comparison(queries, database, own, n_neighbours)(np.arange(3))
    for query, row, similarities in zip(queries, own, found, strict=True):
        plain = database @ query
        order = [other for other in np.argsort(-plain) if other != row and plain[other] < 0.998]
        nearest = order[:n_neighbours]
        wide = query + (np.maximum(plain[nearest], 0)[:, None] * database[nearest]).sum(axis=0)
        among = np.delete(np.arange(40), row) if row >= 0 else np.arange(40)

        def together(place: int, among: NDArray[np.int64] = among) -> NDArray[np.float32]:
            likeness = {other: database[place] @ database[other] for other in among.tolist() if other != place}
            company = sorted(likeness, key=lambda other: -likeness[other])[:5]
            vector = database[place] + sum(max(likeness[other], 0) * database[other] for other in company)
            return vector / np.linalg.norm(vector)

        behind = sorted(order[n_neighbours:], key=lambda other: -(together(other) @ wide))
        ranked = [other for other in np.argsort(-similarities, kind="stable") if other in order]
        assert ranked == nearest + behind


def test_an_expanded_comparison_ranks_no_more_than_a_pool_anew() -> None:
    rng = np.random.default_rng(7)
    database = rng.normal(size=(POOL + 100, 8)).astype(np.float32)
    database /= np.linalg.norm(database, axis=1, keepdims=True)
    [found] = expanded_comparison(database[:1], database, np.array([-1]), 0)(np.arange(1))
    plain = database @ database[0]
    behind = np.argsort(-plain)[POOL:]
    assert np.argsort(-found)[POOL:].tolist() == behind.tolist()
    assert found[behind] == pytest.approx(plain[behind])
    assert np.argsort(-found)[:POOL].tolist() != np.argsort(-plain)[:POOL].tolist()
