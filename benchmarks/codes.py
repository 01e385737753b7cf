"""What codes keep of the quality of float vectors, method by method, and what the short codes of an index cost.

    OMP_NUM_THREADS=1 python benchmarks/codes.py [--train TRAIN.npz --database DATABASE.npz] [--steps N]

Both files hold `vectors` (N, D), L2-normalized, and `labels` (N,); codes are learned from the first and measured on
the second, of which every vector is a query. The first may hold `shares` (N,): how often our head draws each vector.
Without files both are drawn: clusters in clusters, other ones to learn from than to measure on. Quality is mAP at 100,
divided by min(100, relevant); its share of the float vectors' is printed with a 95 % bootstrap interval over queries.
The database is shuffled first, so that ties favour nobody.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import BitOrder, Coder
from lookalike.codes.elastichash import train_elastichash
from lookalike.codes.itq import itq_coder
from lookalike.codes.listwise import train_listwise
from lookalike.codes.lsh import lsh_coder, super_bit_coder
from lookalike.codes.packing import Codes, hamming_distances
from lookalike.codes.partition import partition
from lookalike.codes.search_anything import train_search_anything
from lookalike.codes.selection import (
    bit_correlations,
    least_correlated,
    select_then_split,
    split_prefix,
    split_then_select,
)
from lookalike.codes.sign import sign_coder
from lookalike.metrics import average_precision

K = 100
BITS = (32, 64, 128, 256)
RADIUS = 2
"""Bits by which a sub-code may differ from the query's for its list to be read."""

Labelled = tuple[NDArray[np.float32], NDArray[np.int64]]
Shares = NDArray[np.float64] | None


@dataclass(frozen=True)
class Measured:
    """Vectors (N, D) to search in with labels (N,), the queries' rows, and their average precisions with floats."""

    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]
    queries: NDArray[np.int64]
    precisions: NDArray[np.float64]


def read(path: Path) -> Labelled:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["vectors"].astype(np.float32), np.unique(arrays["labels"], return_inverse=True)[1]


def read_shares(path: Path) -> Shares:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays.get("shares")


def draw(n_classes: int, seed: int, n_each: int = 30, n_dims: int = 256) -> Labelled:
    """Return vectors of classes in groups of classes; few directions carry most of what varies, as in networks."""
    spread = np.arange(1, n_dims + 1) ** -1.0
    turn = np.linalg.qr(np.random.default_rng(7).standard_normal((n_dims, n_dims)))[0]
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n_classes // 8, n_dims))[rng.integers(n_classes // 8, size=n_classes)]
    centres = centres + rng.standard_normal((n_classes, n_dims))
    labels = np.repeat(np.arange(n_classes), n_each)
    vectors = ((centres[labels] + 1.5 * rng.standard_normal((len(labels), n_dims))) * spread) @ turn
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def average_precisions(
    distances: Callable[[NDArray[np.int64]], NDArray[np.floating]],
    labels: NDArray[np.int64],
    queries: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the AP at K of each query; `distances` gives those (n, N) of some queries' rows (n,) to all."""
    n_relevant = np.bincount(labels)[labels[queries]] - 1
    relevant = []
    for start in range(0, len(queries), 256):
        rows = queries[start : start + 256]
        for query, row in zip(rows, distances(rows), strict=True):
            ranking = np.argsort(row, kind="stable")[: K + 1]
            relevant.append(labels[ranking[ranking != query]][:K] == labels[query])
    return average_precision(relevant, n_relevant, k=K, divided_by="possible")


def prepare(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> Measured:
    shuffled = np.random.default_rng(7).permutation(len(vectors))
    vectors, labels = vectors[shuffled], labels[shuffled]
    queries = np.flatnonzero(np.bincount(labels)[labels] > 1)
    precisions = average_precisions(lambda rows: -(vectors[rows] @ vectors.T), labels, queries)
    return Measured(vectors, labels, queries, precisions)


def share_kept(measured: Measured, codes: Codes) -> str:
    """Return which share of the floats' mAP is kept, with its interval, in percent."""
    precisions = average_precisions(
        lambda rows: hamming_distances(codes[rows], codes), measured.labels, measured.queries
    )
    rng = np.random.default_rng(7)
    draws = [rng.integers(len(precisions), size=len(precisions)) for _ in range(1000)]
    shares = [precisions[rows].mean() / measured.precisions[rows].mean() for rows in draws]
    low, high = np.quantile(shares, [0.025, 0.975])
    return f"{100 * precisions.mean() / measured.precisions.mean():6.1f} [{100 * low:5.1f}, {100 * high:5.1f}]"


def compare_methods(train: Labelled, shares: Shares, measured: Measured, n_steps: int) -> dict[int, Coder]:
    """Print what each method keeps, and return our coders by their number of bits."""
    vectors, labels = train
    n_dims = vectors.shape[1]
    methods: dict[str, Callable[[int], Coder]] = {
        "signs": lambda n_bits: sign_coder(vectors, n_bits),
        "LSH": lambda n_bits: lsh_coder(n_dims, n_bits),
        "LSH, upright (super-bit)": lambda n_bits: super_bit_coder(n_dims, n_bits),
        "ITQ": lambda n_bits: itq_coder(vectors, n_bits),
        "ElasticHash (labels)": lambda n_bits: train_elastichash(vectors, labels, n_bits, n_steps=n_steps),
        "Search Anything": lambda n_bits: train_search_anything(vectors, n_bits, n_steps=n_steps),
        "listwise (ours)": lambda n_bits: train_listwise(vectors, shares=shares, n_bits=n_bits, n_steps=n_steps),
        "listwise, labels (ours)": lambda n_bits: train_listwise(
            vectors, labels=labels, shares=shares, n_bits=n_bits, n_steps=n_steps
        ),
    }
    print(
        f"\n% of float mAP@{K} kept     " + "".join(f"{f'{n_bits} bits':>24}" for n_bits in BITS) + "   s to learn 256"
    )
    coders: dict[int, Coder] = {}
    for name, learn in methods.items():
        print(f"  {name:26}", end="")
        for n_bits in BITS:
            if name == "signs" and n_bits > n_dims:
                print(f"{'-':>24}", end="")
                continue
            started = time.perf_counter()
            coders[n_bits] = learn(n_bits)
            seconds = time.perf_counter() - started
            print(f"{share_kept(measured, coders[n_bits].encode(measured.vectors)):>24}", end="", flush=True)
        print(f"{seconds:17.1f}")
    return coders


def encode_rate(coders: dict[int, Coder], vectors: NDArray[np.float32]) -> None:
    """Print vectors encoded in a second: the same for all methods, as every coder is a linear map and thresholds."""
    for n_bits, coder in coders.items():
        times = []
        for _ in range(5):
            started = time.perf_counter()
            coder.encode(vectors)
            times.append(time.perf_counter() - started)
        print(f"  {n_bits:4} bits {len(vectors) / np.median(times):12,.0f} vectors a second")


def compare_selections(coder: Coder, short: Coder, train: NDArray[np.float32], measured: Measured) -> None:
    """Print what 64 of the bits keep, and what an index of their sub-codes reads and finds."""
    codes, long = coder.encode(train[:: max(1, len(train) // 20_000)]), coder.encode(measured.vectors)
    correlations = bit_correlations(codes)
    bits = least_correlated(correlations, 64)
    apart = bits[partition(-correlations[np.ix_(bits, bits)], 4)]
    rng = np.random.default_rng(7)
    orders = {
        "trained as short code (ours)": split_prefix(codes),
        "select, then split (ElasticHash)": select_then_split(codes),
        "the same, correlated bits apart": BitOrder(apart.astype(np.uint16)),
        "the same bits, split at random": BitOrder(rng.permutation(bits).reshape(4, 16).astype(np.uint16)),
        "split, then select (VIVA)": split_then_select(codes),
        "random bits": BitOrder(rng.permutation(coder.n_bits)[:64].reshape(4, 16).astype(np.uint16)),
    }
    nearest = np.argsort(hamming_distances(long, long), axis=1, kind="stable")[:, : K + 1]
    print(f"\n64 of {coder.n_bits} bits{'% of float kept':>42}   % of database read   % of nearest {K} found")
    for name, order in orders.items():
        chosen = order.short_codes(long)
        read, found = candidates(chosen, nearest)
        print(f"  {name:34}{share_kept(measured, chosen):>21}{100 * read:21.2f}{100 * found:25.1f}", flush=True)
    print(f"  {'64 bits learned by themselves':34}{share_kept(measured, short.encode(measured.vectors)):>21}")


def candidates(short: Codes, nearest: NDArray[np.int64]) -> tuple[float, float]:
    """Return which share of all, and of the nearest (N, k), have a sub-code within RADIUS bits of the query's."""
    subcodes = short.view(">u2").astype(np.uint16)
    read, found = [], []
    for query, near in zip(subcodes, nearest, strict=True):
        is_read = (np.bitwise_count(subcodes ^ query) <= RADIUS).any(axis=1)
        read.append(is_read.mean())
        found.append(is_read[near].mean())
    return float(np.mean(read)), float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--steps", type=int, default=1000, help="batches that the learned heads see")
    arguments = parser.parse_args()
    train = read(arguments.train) if arguments.train else draw(300, seed=7)
    measured = prepare(*(read(arguments.database) if arguments.database else draw(60, seed=8)))
    print(f"learned from {len(train[0]):,} vectors; {len(measured.queries):,} queries in {len(measured.vectors):,}")
    print(f"float mAP@{K} {measured.precisions.mean():.4f}")
    shares = read_shares(arguments.train) if arguments.train else None
    coders = compare_methods(train, shares, measured, arguments.steps)
    encode_rate(coders, train[0][:20_000])
    compare_selections(coders[256], coders[64], train[0], measured)


if __name__ == "__main__":
    main()
