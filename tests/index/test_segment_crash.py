"""Row 18 for the code index: `kill -9` while segments are written and merged."""

import random
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike.index import segment_folder
from lookalike.index.code_segment import build_segment
from lookalike.index.segment_folder import SegmentFolder, layout

SMALLEST, LARGEST = 64, 2048
N = 4200
CODES = np.random.default_rng(7).integers(0, 2**64, (N, 4), dtype=np.uint64)
ORDER = np.arange(256, dtype=np.uint16)

WRITER = """
import os, signal, sys, zlib
from pathlib import Path
import numpy as np
from lookalike.index import segment_folder
segment_folder.SMALLEST, segment_folder.LARGEST = 64, 2048
codes = np.random.default_rng(7).integers(0, 2**64, (4200, 4), dtype=np.uint64)
order = np.arange(256, dtype=np.uint16)
seal = lambda first, end: zlib.crc32(codes[first:end].tobytes())
folder = segment_folder.SegmentFolder(Path(sys.argv[1]), "key", n_tables=4)
"""

GROW = """
n_rows = int(sys.argv[2])
while n_rows < len(codes):
    n_rows += 64
    folder.extend([codes[:n_rows]], seal, order)
    print(folder.n_covered(n_rows, seal), flush=True)
"""

EXTEND_ONCE = """
n_rows, n_steps = int(sys.argv[2]), int(sys.argv[3])
def count(event, arguments):
    global n_steps
    if event in ("open", "mmap.__new__", "os.rename", "os.remove"):
        if n_steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        n_steps -= 1
sys.addaudithook(count)
folder.extend([codes[:n_rows]], seal, order)
"""


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_folder, "SMALLEST", SMALLEST)
    monkeypatch.setattr(segment_folder, "LARGEST", LARGEST)


def seal(first: int, end: int) -> int:
    return zlib.crc32(CODES[first:end].tobytes())


def n_sound(place: Path) -> int:
    """Return how many rows are covered, all by sound and right segments, and none by a damaged one."""
    cover = SegmentFolder(place, "key", n_tables=4).load(N, seal)
    assert cover.problems == ()
    for segment in cover.segments:
        expected = build_segment(CODES[segment.first :][: len(segment)], ORDER, n_tables=4, first=segment.first)
        assert np.array_equal(segment.planes, expected.planes)
        assert np.array_equal(segment.starts, expected.starts)
        assert np.array_equal(segment.ids, expected.ids)
    return cover.n_covered


@pytest.mark.parametrize("n_kills", [8, pytest.param(1000, marks=pytest.mark.soak)])
def test_killed_at_any_moment_it_loses_nothing_and_goes_on(
    tmp_path: Path, figure: Callable[[str, str, str], None], n_kills: int
) -> None:
    moments = random.Random(7)
    place = tmp_path / "index"
    n_covered = n_while_writing = 0
    for _ in range(n_kills):
        if n_covered >= N - SMALLEST:
            shutil.rmtree(place)
            n_covered = 0
        command = [sys.executable, "-c", WRITER + GROW, str(place), str(n_covered)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout is not None
        first = child.stdout.readline()  # it is at work now
        try:
            child.wait(moments.uniform(0, 0.15))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        rest, words = child.communicate()
        assert child.returncode in (0, -signal.SIGKILL), words.decode()
        told = [int(line) for line in (first + rest).splitlines(keepends=True) if line.endswith(b"\n")]
        n_while_writing += any(path.suffix == ".part" for path in place.iterdir())
        assert n_sound(place) >= max(told)
        n_covered = n_sound(place)
    figure(
        "18 kill -9 while the index is extended",
        f"{n_kills} kills: 0 acknowledged segments lost, 0 damaged files in use",
        f"0 lost, 0 damaged; {n_while_writing} in the middle of a file",
    )


@pytest.mark.parametrize(("n_before", "n_after"), [(0, 64), (960, 1024), (2048 - 64, 2048 + 64)])
def test_killed_at_every_step_of_a_merge_it_loses_nothing_and_goes_on(
    tmp_path: Path, n_before: int, n_after: int
) -> None:
    SegmentFolder(tmp_path / "before", "key", n_tables=4).extend([CODES[:n_before]], seal, ORDER)
    n_covered = sum(len(rows) for rows in layout(n_before))
    n_steps = 0
    code = -signal.SIGKILL
    while code == -signal.SIGKILL:
        place = tmp_path / f"{n_steps}"
        if n_before:
            shutil.copytree(tmp_path / "before", place)
        command = [sys.executable, "-c", WRITER + EXTEND_ONCE, str(place), str(n_after), str(n_steps)]
        code = subprocess.run(command).returncode
        assert n_sound(place) >= n_covered
        SegmentFolder(place, "key", n_tables=4).extend([CODES[:n_after]], seal, ORDER)
        assert n_sound(place) == n_after // SMALLEST * SMALLEST
        assert len(list(place.iterdir())) == len(layout(n_after))
        n_steps += 1
    assert code == 0
    assert n_steps > 3
