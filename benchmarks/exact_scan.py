"""Exact search over float16 vectors: our search against the raw scan it stands on, FAISS and NumPy.

    python benchmarks/exact_scan.py

Random vectors, one process, one thread; every figure is a median, taken in turns so that a busy machine hits all alike.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from lookalike.index import ExactIndex, kernel

K = 20
SEGMENT = 64 << 20
"""Bytes, as in a collection."""


def draw(n: int, n_dims: int) -> NDArray[np.float16]:
    rng = np.random.default_rng(7)
    vectors = np.empty((n, n_dims), dtype=np.float16)
    for start in range(0, n, 10_000):
        part = rng.standard_normal((min(10_000, n - start), n_dims), dtype=np.float32)
        vectors[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def index_of(vectors: NDArray[np.float16]) -> ExactIndex:
    rows = SEGMENT // (2 * vectors.shape[1])
    return ExactIndex([vectors[start : start + rows] for start in range(0, len(vectors), rows)])


def milliseconds(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return 1e3 * (time.perf_counter() - start)


def medians(tasks: Mapping[str, Callable[[], object]], n_rounds: int) -> dict[str, float]:
    for task in tasks.values():
        task()
    rounds = [{name: milliseconds(task) for name, task in tasks.items()} for _ in range(n_rounds)]
    return {name: float(np.median([one[name] for one in rounds])) for name in tasks}


def compare(vectors: NDArray[np.float16]) -> None:
    """Print what one query costs, each way."""
    n, n_dims = vectors.shape
    query = vectors[:1].astype(np.float32)
    every, half, few = np.ones(n, np.bool_), np.arange(n) % 2 == 0, np.arange(n) % 100 == 0
    index = index_of(vectors)
    quantizer = faiss.IndexScalarQuantizer(n_dims, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    quantizer.train(query)
    quantizer.add(vectors.astype(np.float32))
    faiss.omp_set_num_threads(1)
    times = medians(
        {
            "raw scan": lambda: kernel.scan(vectors, every, query),
            f"ExactIndex.search, k = {K}": lambda: index.search(query, K),
            "the same, one half allowed": lambda: index.search(query, K, allowed=half),
            "the same, one in 100 allowed": lambda: index.search(query, K, allowed=few),
            "FAISS fp16 scalar quantizer": lambda: quantizer.search(query, K),
        },
        n_rounds=100,
    )
    times |= medians({"NumPy, whole collection to float32": lambda: vectors.astype(np.float32) @ query[0]}, n_rounds=5)
    print(f"\n{n:,} x {n_dims}, one query{'ms':>26}  to raw scan")
    for name, value in times.items():
        print(f"  {name:<40}{value:8.2f}{value / times['raw scan']:10.2f}")


def share(vectors: NDArray[np.float16], n_threads: int) -> None:
    """Print what a query costs while others run beside it."""
    index, query = index_of(vectors), vectors[:1].astype(np.float32)
    times: list[float] = []
    threads = [
        threading.Thread(target=lambda: times.extend(milliseconds(lambda: index.search(query, K)) for _ in range(50)))
        for _ in range(n_threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"  {n_threads} thread(s), each searching{np.median(times):22.2f}")


FIRST_QUERY = """
import time, numpy as np
start = time.perf_counter()
from lookalike.index import ExactIndex
vectors = np.memmap({path!r}, np.float16, mode="r", shape=({n}, {n_dims}))
ExactIndex([vectors]).search(np.ones((1, {n_dims}), np.float32), {k})
print(1e3 * (time.perf_counter() - start))
"""


def first_query(vectors: NDArray[np.float16]) -> None:
    """Print what the first query of a fresh process costs, NumPy's own import left out."""
    n, n_dims = vectors.shape
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "segment")
        vectors.tofile(path)
        code = FIRST_QUERY.format(path=path, n=n, n_dims=n_dims, k=K)
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder) / "cache")}
        times = [
            float(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout)
            for _ in range(4)
        ]
    print(f"  {n:>9,} x {n_dims:<4} {'very first':>14}{times[0]:9.0f} {'later':>10}{np.median(times[1:]):9.0f}")


def main() -> None:
    vectors = draw(100_000, 512)
    compare(vectors)
    print("\nbeside others, 100,000 x 512           ms")
    for n_threads in (1, 2, 4):
        share(vectors, n_threads)
    print("\nfirst query of a process, ms")
    for n in (5_000, 19_000, 100_000):
        first_query(vectors[:n])
    print("\ngrowth, D = 128                     ms      ns a vector")
    for n in (10_000, 100_000, 1_000_000):
        index, query = index_of(draw(n, 128)), vectors[:1, :128].astype(np.float32)
        (time_,) = medians({"": lambda index=index, query=query: index.search(query, K)}, n_rounds=20).values()
        print(f"  {n:>9,}{time_:25.2f}{1e6 * time_ / n:15.1f}")


if __name__ == "__main__":
    main()
