"""Row 18: `kill -9` while pictures are added or removed."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lookalike.collection import Collection

ADD = """
import sys
from pathlib import Path
from lookalike.collection import Collection, ingest
from lookalike.settings import Settings
ingest.BATCH = 8  # many commits, many moments between them
with Collection(Path(sys.argv[1]), settings=Settings(workers=1, model=None)) as collection:
    collection.add(Path(sys.argv[2]), progress=lambda _: print(len(collection), flush=True))
"""

REMOVE = """
import sys
from pathlib import Path
from lookalike.collection import Collection
from lookalike.settings import Settings
with Collection(Path(sys.argv[1]), settings=Settings(workers=1, model=None)) as collection:
    for number in range(1, len(collection), 3):
        collection.remove([number, number + 1])
        print(number + 1, flush=True)
"""

N_PICTURES = 120
WITHOUT = {
    "a frame": "SELECT count(*) FROM items i WHERE (SELECT count(*) FROM frames WHERE item_id = i.id) != 1",
    "an instance": "SELECT count(*) FROM frames f WHERE (SELECT count(*) FROM instances WHERE frame_id = f.id) != 1",
    "all vectors": "SELECT count(*) FROM items i WHERE (SELECT count(*) FROM vectors WHERE item_id = i.id)"
    " != (SELECT count(*) FROM spaces)",
    "a file": "SELECT count(*) FROM items i WHERE NOT EXISTS (SELECT * FROM files WHERE item_id = i.id)",
    "words": "SELECT count(*) FROM items i WHERE NOT EXISTS (SELECT * FROM texts WHERE item_id = i.id)",
    "searchable words": "SELECT (SELECT count(*) FROM texts) - (SELECT count(*) FROM texts_index_docsize)",
}


def killed(code: str, collection: Path, seconds: float, *arguments: str) -> tuple[list[int], bool]:
    """Run a writer, kill it after a while; return what it acknowledged, and whether it had ended by itself."""
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(collection), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
    output, words = child.communicate()
    assert child.returncode in (0, -signal.SIGKILL), words.decode()
    return [int(line) for line in output.splitlines(keepends=True) if line.endswith(b"\n")], child.returncode == 0


def check(collection: Collection, rows) -> None:
    """Assert that there is no half picture, and nothing wrong."""
    assert {what: rows(collection, query) for what, query in WITHOUT.items()} == {what: [(0,)] for what in WITHOUT}
    assert collection.verify().problems == ()


def content(collection: Collection, rows) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """Return what is stored of each picture by its SHA-256, and the vectors (N, D) of each space in that order."""
    facts: dict[str, object] = {
        sha256: (path, (collection.folder / "thumbs" / sha256[:2] / f"{sha256}.webp").read_bytes())
        for sha256, path in rows(collection, "SELECT sha256, path FROM files f JOIN items i ON i.id = f.item_id")
    }
    vectors = {}
    for space_id, name, folder, n_dims in rows(collection, "SELECT id, name, folder, n_dims FROM spaces"):
        file = collection.folder / "spaces" / folder / "vectors" / "00000.f16"
        query = "SELECT row FROM vectors v JOIN items i ON i.id = v.item_id WHERE space_id = ? ORDER BY sha256"
        numbers = [row for (row,) in rows(collection, query, space_id)]
        vectors[name] = np.fromfile(file, np.float16).reshape(-1, n_dims).astype(np.float64)[numbers]
    return facts, vectors


@pytest.mark.parametrize("n_kills", [6, pytest.param(60, marks=pytest.mark.soak)])
def test_a_killed_add_loses_nothing_it_acknowledged(tmp_path, folder, draw, rows, fast, figure, share, n_kills):
    for seed in range(N_PICTURES):
        draw(folder / f"{seed:03}.png", seed)
    with Collection(tmp_path / "clean", settings=fast) as clean:
        clean.add(folder)
        expected, expected_vectors = content(clean, rows)
    moments = random.Random(7)
    n_collections = n_done = n_lost = 0
    slowest = 0.0
    acknowledged = 0
    while n_done < share(n_kills):
        place = tmp_path / f"killed-{n_collections}"
        told, is_complete = killed(ADD, place, moments.uniform(0.2, 2.0), str(folder))
        n_done += not is_complete
        acknowledged = max([acknowledged, *told])
        started = time.perf_counter()
        with Collection(place, settings=fast) as collection:
            n_lost += max(0, acknowledged - len(collection))
            list(collection.search("kind:picture"))
            slowest = max(slowest, time.perf_counter() - started)
            check(collection, rows)
            if is_complete or n_done == share(n_kills):
                collection.add(folder)
                check(collection, rows)
                facts, vectors = content(collection, rows)
                assert facts == expected
                for name, of_clean in expected_vectors.items():  # sums over other batches differ in their last bits
                    lengths = np.linalg.norm(vectors[name], axis=1) * np.linalg.norm(of_clean, axis=1)
                    assert (np.vecdot(vectors[name], of_clean) / lengths).min() >= 0.99999
                n_collections, acknowledged = n_collections + 1, 0
    assert n_lost == 0
    assert slowest < 10  # not a timed test: something that hangs would be an error
    figure(
        "18",
        "60 kills: 0 acknowledged lost, 0 half, restart <= 2 s",
        f"{n_done} kills of add: {n_lost} lost, 0 half, restart {slowest:.2f} s; completed adds equal a clean one",
    )


@pytest.mark.parametrize("n_kills", [3, pytest.param(30, marks=pytest.mark.soak)])
def test_a_killed_removal_leaves_whole_pictures_or_none(tmp_path, folder, draw, rows, fast, figure, share, n_kills):
    for seed in range(40):
        draw(folder / f"{seed:03}.png", seed)
    moments = random.Random(7)
    n_done = n_orphans = 0
    for number in range(share(n_kills)):
        place = tmp_path / f"removed-{number}"
        with Collection(place, settings=fast) as collection:
            collection.add(folder)
        told, is_complete = killed(REMOVE, place, moments.uniform(0.4, 1.0))
        n_done += not is_complete
        with Collection(place, settings=fast) as collection:
            check(collection, rows)
            left = {hit.id for hit in collection.search("kind:picture", k=1000)}
            assert not left & {n for last in told for n in (last - 1, last)}
            collection.add()
            names = {sha256 for (sha256,) in rows(collection, "SELECT sha256 FROM items")}
            n_orphans += len({path.stem for path in (place / "thumbs").rglob("*.webp")} - names)
    assert n_orphans == 0
    figure("18", "kills of remove: 0 half", f"{n_done} kills of remove: 0 half, {n_orphans} thumbnails left over")
