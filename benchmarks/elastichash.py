"""The quality table of ElasticHash, recomputed: short codes, long codes, and both in turn, on vectors of real pictures.

    OMP_NUM_THREADS=1 python benchmarks/elastichash.py DATABASE.npz [--rows 1000000] [--queries 500] [--json FILE]

The file holds `vectors` (N, D), L2-normalized, and `labels` (N,), each one or several names joined by "|"; a hit is
relevant if it shares a name with the query. The coder is that of the bundled network where D is its own, and else one
that is trained here without labels. Lists of sub-codes are only as long as in the paper where there are many codes: by
--rows, the database is filled up with vectors between two pictures of the same names, mixed around their mean by sine
and cosine of a random angle, which leaves mean and spread of a name as they are. mAP at k is divided by the relevant
among the first k, as in the paper.

Korfhage, Mühling, Freisleben, "ElasticHash: Semantic Image Similarity Search by Deep Hashing with Elasticsearch", 2021.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import Coder
from lookalike.codes.listwise import train_listwise
from lookalike.codes.packing import as_words
from lookalike.collection.indexes import bit_order
from lookalike.describers.bundled import bundled_describer
from lookalike.index.code_scan import CodeScan
from lookalike.index.code_segment import build_segment, ordered
from lookalike.index.exact import ExactIndex
from lookalike.index.two_stage import TwoStageIndex
from lookalike.metrics import average_precision, bootstrap_interval

KS = (10, 25, 50, 100, 250, 500, 1000)
PUBLISHED = {10: 99.9, 100: 99.5, 1000: 97.2}
"""Percent of the long codes' mAP that two stages keep on 6.9 million pictures, by k."""

Search = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""Rows (Q,) of queries -> the rows (Q, k + 1) of what is nearest, the query's own among them."""


def read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return vectors (N, D), and which names (N, L) each has."""
    with np.load(path, allow_pickle=False) as arrays:
        vectors, labels = arrays["vectors"].astype(np.float32), arrays["labels"].tolist()
    names = {name: place for place, name in enumerate(sorted({name for each in labels for name in each.split("|")}))}
    has = np.zeros((len(labels), len(names)), dtype=np.bool_)
    for row, each in enumerate(labels):
        has[row, [names[name] for name in each.split("|")]] = True
    return vectors, has


def filled_up(
    vectors: NDArray[np.float32], has: NDArray[np.bool_], n_rows: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the vectors followed by mixtures, (n_rows, D) in all, and the row that each has its names from."""
    rng = np.random.default_rng(7)
    _, group = np.unique(has, axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group.max() + 2))
    sizes = np.diff(starts)
    means = np.add.reduceat(vectors[order], starts[:-1], axis=0) / sizes[:, None]
    first = rng.integers(len(vectors), size=max(0, n_rows - len(vectors)))
    here = group[first]
    other = order[starts[here] + (rng.random(len(first)) * sizes[here]).astype(np.int64)]
    angle = rng.uniform(0, 2 * np.pi, (len(first), 1)).astype(np.float32)
    mixed = (
        means[here] + np.cos(angle) * (vectors[first] - means[here]) + np.sin(angle) * (vectors[other] - means[here])
    )
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    return np.concatenate([vectors, mixed.astype(np.float32)]), np.concatenate([np.arange(len(vectors)), first])


def measure(search: Search, queries: NDArray[np.int64], owner: NDArray[np.int64], has: NDArray[np.bool_]) -> dict:
    """Return mAP at each k (with its 95 % interval) of what a search finds."""
    relevant = np.zeros((len(queries), KS[-1]), dtype=np.bool_)
    for place, (query, rows) in enumerate(zip(queries, search(queries), strict=True)):
        found = rows[(rows >= 0) & (rows != query)][: KS[-1]]
        relevant[place, : len(found)] = (has[owner[found]] & has[owner[query]]).any(axis=1)
    precisions = {k: average_precision(relevant[:, :k], k=k, divided_by="retrieved") for k in KS}
    return {k: np.nan_to_num(values) for k, values in precisions.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--rows", type=int, default=0, help="fill the database up to so many")
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    own, has = read(arguments.database)
    vectors, owner = filled_up(own, has, arguments.rows)
    coder = coder_for(own)
    queries = np.sort(np.random.default_rng(8).permutation(len(own))[: arguments.queries])
    codes, order = as_words(coder.encode(vectors)), bit_order(coder)
    segment = build_segment(codes, order, n_tables=4)
    short = ordered(codes, order)
    short[:, 1:] = 0
    searches: dict[str, Search] = {
        "float vectors": lambda rows: ExactIndex([vectors.astype(np.float16)]).search(vectors[rows], KS[-1] + 1).rows,
        "64 bits": lambda rows: CodeScan([], [short]).search(short[rows], KS[-1] + 1).rows,
        "256 bits": lambda rows: CodeScan([], [codes]).search(codes[rows], KS[-1] + 1).rows,
        "64, then 256 (radius 2)": lambda rows: (
            TwoStageIndex([segment], order=order, radius=2).search(codes[rows], KS[-1] + 1).rows
        ),
        "64, then 256 (adaptive)": lambda rows: (
            TwoStageIndex([segment], order=order).search(codes[rows], KS[-1] + 1).rows
        ),
    }
    found = {name: measure(search, queries, owner, has) for name, search in searches.items()}
    print(f"{len(vectors):,} vectors ({len(own):,} of pictures), {has.shape[1]} names, {len(queries)} queries")
    print(f"coder {coder.method}; mAP@k, and in brackets percent of that of 256 bits; published: {PUBLISHED}")
    print(f"{'':26}" + "".join(f"{f'k = {k}':>16}" for k in KS))
    for name, values in found.items():
        shares = [100 * values[k].mean() / found["256 bits"][k].mean() for k in KS]
        print(
            f"{name:26}"
            + "".join(f"{f'{values[k].mean():.3f} ({share:.1f})':>16}" for k, share in zip(KS, shares, strict=True))
        )
    low, high = bootstrap_interval(found["256 bits"][100])
    print(f"95 % interval of 256 bits at k = 100: {low:.3f} to {high:.3f}")
    if arguments.json:
        table = {name: {k: float(values[k].mean()) for k in KS} for name, values in found.items()}
        arguments.json.write_text(json.dumps({"rows": len(vectors), "map": table}, indent=1))


def coder_for(vectors: NDArray[np.float32]) -> Coder:
    bundled = bundled_describer()
    if bundled is not None and bundled.coder is not None and bundled.n_dims == vectors.shape[1]:
        return bundled.coder
    return train_listwise(vectors)


if __name__ == "__main__":
    main()
