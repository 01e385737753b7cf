"""Row 22: readers and writers in several processes at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.collection import Collection

PREPARE = """
import json, random, sys, time
from pathlib import Path
from lookalike.collection import Collection
from lookalike.errors import CollectionBusy
from lookalike.settings import Settings
from PIL import Image
place, folder, seconds, number = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
chance = random.Random(number)
settings = Settings(workers=1, model=None)
end = time.monotonic() + seconds
told = {"done": 0, "busy": 0, "nameless": 0}
"""

READ = (
    PREPARE
    + """
collection = Collection(place, settings=settings)
while time.monotonic() < end:
    if chance.random() < 0.05:
        collection.close()
        collection = Collection(place, settings=settings)
    query = chance.choice(["#1", "#1@shape", "colour:red", "colour:blue | new", "#2 -#1@colour", "new -colour:red"])
    hits = collection.search(query, k=50, cutoff=0)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert all(evidence.space for hit in hits for evidence in hit.evidence)
    assert len({hit.id for hit in hits}) >= 8 or "new" in query, (query, len(hits))
    if chance.random() < 0.1:
        assert collection.verify().problems == (), collection.verify().problems
    told["done"] += 1
print(json.dumps(told))
"""
)

WRITE = (
    PREPARE
    + """
with Collection(place, settings=settings) as collection:
    while time.monotonic() < end:
        colours = bytes(chance.randrange(256) for _ in range(3 * 48))
        picture = Image.frombytes("RGB", (8, 6), colours).resize((64, 48), Image.Resampling.NEAREST)
        path = folder / f"new-{number}-{chance.randrange(6)}.png"
        picture.save(path)
        try:
            collection.add(path)
            if chance.random() < 0.3:
                collection.remove([hit.id for hit in collection.search(path.stem, k=1)])
            told["done"] += 1
        except CollectionBusy as error:
            told["busy"] += 1
            told["nameless"] += "by process " not in str(error)
            time.sleep(0.01)
print(json.dumps(told))
"""
)


def start(code: str, place: Path, folder: Path, seconds: float, number: int) -> "subprocess.Popen[str]":
    arguments = [str(place), str(folder), str(seconds), str(number)]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(("n_readers", "seconds"), [(2, 4), pytest.param(8, 300, marks=pytest.mark.soak)])
def test_nobody_is_told_of_locks_or_sees_half_a_write(tmp_path, folder, draw, fast, figure, share, n_readers, seconds):
    for seed in range(10):
        draw(folder / f"{seed}.png", seed)
    place = tmp_path / "collection"
    with Collection(place, settings=fast) as collection:
        collection.add(folder)
    codes = [READ] * n_readers + [WRITE] * 2
    processes = [start(code, place, folder, share(seconds), number) for number, code in enumerate(codes)]
    outputs = [process.communicate() for process in processes]
    assert [errors[-2000:] for _, errors in outputs] == [""] * len(codes)
    told = [json.loads(output) for output, _ in outputs]
    n_answers = sum(one["done"] for one in told[:n_readers])
    n_writes, n_busy, n_nameless = (sum(one[name] for one in told[n_readers:]) for name in ("done", "busy", "nameless"))
    assert n_answers > 0 and n_writes > 0
    with Collection(place, settings=fast) as collection:
        assert collection.verify().problems == ()
    figure(
        "22",
        "8 readers and 2 writers, 5 min: 0 locked, 0 torn reads, the second writer is told who holds it",
        f"{n_readers} readers and 2 writers, {share(seconds)} s: {n_answers} answers, {n_writes} writes, 0 locked, "
        f"0 torn; {n_busy} times busy, {n_nameless} without a name",
    )
    assert n_nameless <= n_busy // 10  # the moment between taking the lock and writing one's name into it
