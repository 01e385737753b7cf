"""What exact search loads, and what it does where its machine code cannot be kept; each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path


def run(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "0", **environment},
    ).stdout


SMALL_SEARCH = """
import sys, numpy as np
from lookalike.index.exact import ExactIndex
rows = ExactIndex([np.eye(64, dtype=np.float16)]).search(np.eye(64, dtype=np.float32), k=1).rows
print((rows[:, 0] == np.arange(64)).all(), "numba" in sys.modules)
"""

LARGE_SEARCH = "from lookalike.index import exact\nexact.WORTH_COMPILED_CODE = 0\n" + SMALL_SEARCH


def test_a_small_index_does_without_numba() -> None:
    assert run(SMALL_SEARCH).split() == ["True", "False"]


def test_a_large_index_works_without_a_place_for_machine_code(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert run(LARGE_SEARCH, NUMBA_CACHE_DIR=str(file / "cache")).split() == ["True", "True"]


def test_a_large_index_works_beside_damaged_machine_code(tmp_path: Path) -> None:
    assert run(LARGE_SEARCH, NUMBA_CACHE_DIR=str(tmp_path)).split() == ["True", "True"]
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(b"damaged")
    assert run(LARGE_SEARCH, NUMBA_CACHE_DIR=str(tmp_path)).split() == ["True", "True"]


def test_a_large_index_works_on_a_processor_that_cannot_convert(tmp_path: Path) -> None:
    assert run(LARGE_SEARCH, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_CPU_NAME="generic").split() == ["True", "True"]
