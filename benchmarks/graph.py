"""The exploration graph against hnswlib, FAISS HNSW, exact search, and deglib called without us.

    python benchmarks/graph.py [--rows N ...] [--spread S] [--vectors FILE.npy] [--only NAME ...] [--json FILE]

Vectors of 512 numbers are drawn in clusters of 100 with 32 main directions; the larger the spread, the more these
overlap and the harder neighbours are to tell: at 1 hardly a cluster is left. Or (N, D) are read from a file, as an
export of a collection with its vectors writes them. 1,000 are kept aside as queries. One process, one thread for
search, all queries in one call. Rates count processor time, so that what else runs on the machine matters little; each
is the median of rounds in which the settings take turns. The rate at a recall lies on the line between the two settings
around it, in logarithms of rate. What is left out because it is not installed is said.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import ctypes
import gc
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from lookalike.index import ExactIndex
from lookalike.index.graph import ExplorationGraph, GraphIndex
from lookalike.index.graph.exploration import N_EDGES

K = 10
WANTED_RECALL = 0.995
N_QUERIES = 1_000
SEGMENT_BYTES = 64 << 20
SLACKS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
EFFORTS = (20, 40, 60, 80, 120, 160, 240, 400)

Vectors = NDArray[np.float16]
Search = Callable[[float], NDArray[np.int64]]


@dataclass
class Built:
    """What can be searched, with an effort, and what making it took."""

    name: str
    search: Search
    efforts: tuple[float, ...]
    seconds: float
    megabytes: float


@dataclass
class Curve:
    """A line of the table."""

    name: str
    seconds: float
    megabytes: float
    points: list[tuple[float, float, float]]
    """(effort, recall, queries per second)"""
    rate: float | None
    """At the wanted recall, None if that is never reached."""


def draw(n: int, spread: float, n_dims: int = 512, n_main: int = 32) -> Vectors:
    """Return clustered vectors (n, D), L2-normalized."""
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((n // 100, n_main), dtype=np.float32)
    turn = rng.standard_normal((n_main, n_dims), dtype=np.float32) / np.float32(np.sqrt(n_main))
    vectors = np.empty((n, n_dims), dtype=np.float16)
    for start in range(0, n, 10_000):
        size = min(10_000, n - start)
        around = np.float32(spread) * rng.standard_normal((size, n_main), dtype=np.float32)
        main = centres[rng.integers(len(centres), size=size)] + around
        part = main @ turn + np.float32(0.3) * rng.standard_normal((size, n_dims), dtype=np.float32)
        vectors[start : start + size] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def read(path: Path, n: int) -> Vectors:
    """Return up to n vectors, in random order, of those that are there."""
    vectors = np.load(path)
    vectors = vectors[np.isfinite(vectors[:, 0])]
    return vectors[np.random.default_rng(7).permutation(len(vectors))[:n]].astype(np.float16)


def resident() -> int:
    """Return the bytes in memory, after giving back what is free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def cost_of(make: Callable[[], object]) -> tuple[object, float, float]:
    """Return what was made, the seconds it took, and the megabytes it added."""
    before, start = resident(), time.process_time()
    made = make()
    seconds = time.process_time() - start
    return made, seconds, (resident() - before) / 1e6


def build_exact(segments: list[Vectors], queries: NDArray[np.float32]) -> list[Built]:
    index = ExactIndex(segments)
    return [Built("exact", lambda _: index.search(queries, K).rows, (0,), 0, 0)]


def build_exploration(segments: list[Vectors], queries: NDArray[np.float32]) -> list[Built]:
    graph, seconds, megabytes = cost_of(partial(ExplorationGraph.of, segments))
    return [
        Built(
            "GraphIndex",
            lambda slack: GraphIndex(segments, graph, slack=slack).search(queries, K).rows,
            SLACKS,
            seconds,
            megabytes,
        ),
        Built(
            "GraphIndex, one at a time",
            lambda slack: one_at_a_time(partial(GraphIndex(segments, graph, slack=slack).search, k=K), queries),
            SLACKS,
            seconds,
            megabytes,
        ),
    ]


def build_deglib(segments: list[Vectors], queries: NDArray[np.float32]) -> list[Built]:
    """Return deglib by itself, with the vectors as they are."""
    import deglib

    def make() -> object:
        n, n_dims = sum(map(len, segments)), segments[0].shape[1]
        space = deglib.FloatSpace.create(n_dims, deglib.Metric.FP16_InnerProduct)
        graph = deglib.create_dynamic_empty(space, N_EDGES)
        target = deglib.builder.OptimizationTarget.LowLID
        builder = deglib.GraphBuilder(graph, seed=7, optimization_target=target, extend_k=2 * N_EDGES)
        builder.set_thread_count(1)
        rows = np.arange(n, dtype=np.uint32)
        builder.add_entry(rows, np.concatenate(segments).view(np.uint16))
        builder.build()
        return graph

    graph, seconds, megabytes = cost_of(make)
    halves = queries.astype(np.float16).view(np.uint16)
    return [Built("raw deglib", lambda slack: graph.search(halves, slack, K, threads=1)[0], SLACKS, seconds, megabytes)]


def one_at_a_time(search: Callable[[NDArray[np.float32]], object], queries: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.concatenate([search(query[None]).rows for query in queries])


def build_hnswlib(segments: list[Vectors], queries: NDArray[np.float32], m: int) -> list[Built]:
    import hnswlib

    n, n_dims = sum(map(len, segments)), segments[0].shape[1]

    def make() -> object:
        index = hnswlib.Index("ip", n_dims)
        index.init_index(n, M=m, ef_construction=200, random_seed=7)
        for segment in segments:
            index.add_items(segment.astype(np.float32), num_threads=1)
        return index

    index, seconds, megabytes = cost_of(make)

    def search(effort: float) -> NDArray[np.int64]:
        index.set_ef(int(effort))
        return index.knn_query(queries, k=K, num_threads=1)[0].astype(np.int64)

    return [Built(f"hnswlib, M = {m}", search, EFFORTS, seconds, megabytes)]


def build_faiss(segments: list[Vectors], queries: NDArray[np.float32]) -> list[Built]:
    def make() -> object:
        index = faiss.IndexHNSWFlat(segments[0].shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 200
        for segment in segments:
            index.add(segment.astype(np.float32))
        return index

    faiss.omp_set_num_threads(1)
    index, seconds, megabytes = cost_of(make)

    def search(effort: float) -> NDArray[np.int64]:
        index.hnsw.efSearch = int(effort)
        return index.search(queries, K)[1]

    return [Built("FAISS HNSW, M = 32", search, EFFORTS, seconds, megabytes)]


BUILDERS = {
    "exploration": build_exploration,
    "deglib": build_deglib,
    "hnswlib-16": partial(build_hnswlib, m=16),
    "hnswlib-32": partial(build_hnswlib, m=32),
    "faiss": build_faiss,
    "exact": build_exact,
}


def recall(rows: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    return float(np.mean([len(np.intersect1d(*pair)) / K for pair in zip(rows, truth, strict=True)]))


def measure(built: list[Built], truth: NDArray[np.int64], n_rounds: int) -> list[Curve]:
    """Measure every setting of everything in turns."""
    times: dict[tuple[str, float], list[float]] = {}
    recalls: dict[tuple[str, float], float] = {}
    for number in range(n_rounds + 1):  # the first one warms up
        for one in built:
            for effort in one.efforts:
                start = time.process_time()
                rows = one.search(effort)
                seconds = time.process_time() - start
                if number:
                    times.setdefault((one.name, effort), []).append(seconds)
                else:
                    recalls[one.name, effort] = recall(rows, truth)
    curves = []
    for one in built:
        points = [
            (effort, recalls[one.name, effort], len(truth) / float(np.median(times[one.name, effort])))
            for effort in one.efforts
        ]
        curves.append(Curve(one.name, one.seconds, one.megabytes, points, rate_at(WANTED_RECALL, points)))
    return curves


def rate_at(wanted: float, points: list[tuple[float, float, float]]) -> float | None:
    """Return the queries per second at a recall, on the line between the settings around it."""
    if points[0][1] >= wanted:
        return points[0][2]
    for (_, low, fast), (_, high, slow) in pairwise(points):
        if low < wanted <= high:
            return float(np.exp(np.interp(wanted, [low, high], np.log([fast, slow]))))
    return None


def show(curves: list[Curve], n: int, n_dims: int) -> None:
    print(f"\n{n:,} x {n_dims}: queries per second and recall@{K}, by effort")
    for curve in curves:
        points = "  ".join(f"{effort:g}: {rate:,.0f} {found:.4f}" for effort, found, rate in curve.points)
        print(f"  {curve.name:<26}{points}")
    print(f"\n{'':28}{'build s':>9}{'MB':>8}{f'q/s at {WANTED_RECALL}':>15}{'to hnswlib':>12}{'to deglib':>11}")
    rates = {curve.name: curve.rate for curve in curves}
    best = max((rate for name, rate in rates.items() if name.startswith("hnswlib") and rate), default=None)
    for curve in curves:
        print(
            f"  {curve.name:<26}{curve.seconds:9.0f}{curve.megabytes:8.0f}{curve.rate or float('nan'):15,.0f}"
            f"{(curve.rate or np.nan) / (best or np.nan):12.2f}"
            f"{(curve.rate or np.nan) / (rates.get('raw deglib') or np.nan):11.2f}",
            flush=True,
        )


def compare(vectors: Vectors, only: list[str], n_rounds: int) -> list[Curve]:
    """Build, measure and print everything over the same vectors."""
    queries, database = vectors[:N_QUERIES].astype(np.float32), vectors[N_QUERIES:]
    n_segment = SEGMENT_BYTES // (2 * vectors.shape[1])
    segments = [database[start : start + n_segment] for start in range(0, len(database), n_segment)]
    truth = ExactIndex(segments).search(queries, K).rows
    built = []
    for name in only:
        try:
            built += BUILDERS[name](segments, queries)
        except ModuleNotFoundError as error:
            print(f"{name} is left out: {error.name} is not installed (pip install {error.name})")
    curves = measure(built, truth, n_rounds)
    show(curves, len(database), vectors.shape[1])
    return curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--spread", type=float, default=0.7, help="of clusters, as a share of that of their centres")
    parser.add_argument("--vectors", type=Path, help="read these instead of drawing some")
    parser.add_argument("--only", nargs="+", choices=BUILDERS, default=list(BUILDERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write all figures there too")
    arguments = parser.parse_args()
    results = {}
    for n in arguments.rows:
        vectors = read(arguments.vectors, n + N_QUERIES) if arguments.vectors else draw(n + N_QUERIES, arguments.spread)
        curves = compare(vectors, arguments.only, arguments.rounds)
        results[len(vectors) - N_QUERIES] = [asdict(curve) for curve in curves]
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
