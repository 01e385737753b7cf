"""Row 29: what was removed is nowhere in the collection's files, and nobody is called."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lookalike.collection import Collection

WATCHED = """
import json, sys
calls = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        calls.append((event, repr(arguments[1:])))
    elif event == "socket.__new__" and arguments[1] != 1:  # AF_UNIX
        calls.append((event, repr(arguments[1:])))
sys.addaudithook(watch)
from pathlib import Path
from lookalike.collection import Collection
from lookalike.settings import Settings
with Collection(Path(sys.argv[1]), settings=Settings(workers=2, model=None)) as collection:
    collection.add(Path(sys.argv[2]))
    for query in ("#1", "colour:red -#2", "png", str(next(Path(sys.argv[2]).glob("*.png")))):
        assert len(collection.search(query, cutoff=0))
    assert collection.verify().ok
    collection.repair()
    collection.remove([1])
print(json.dumps(calls))
"""


@pytest.mark.parametrize("n_removed", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_nothing_of_a_removed_picture_stays_on_disk(tmp_path, folder, draw, fast, rows, figure, share, n_removed):
    n = share(n_removed)
    exif = Image.Exif()
    for seed in range(4 * n):
        exif[0x010E] = f"Titleword{seed:04} of a picture"
        draw(folder / f"secretname{seed:04}.jpg", seed, exif=exif)
    with Collection(tmp_path / "collection", settings=fast) as collection:
        collection.add(folder)
        traces: list[bytes] = []
        gone = range(2, 2 + 3 * n, 3)
        for number in gone:
            [(sha256, title)] = rows(collection, "SELECT sha256, description FROM items WHERE id = ?", number)
            thumbnail = collection._store.thumbnail_path(sha256).read_bytes()
            [(path,)] = rows(collection, "SELECT path FROM files WHERE item_id = ?", number)
            traces += [thumbnail[40:], path, title.split()[0].encode(), title.split()[0].lower().encode()]
            for folder_name, n_dims, row in rows(
                collection,
                "SELECT folder, n_dims, row FROM vectors v JOIN spaces s ON s.id = v.space_id WHERE item_id = ?",
                number,
            ):
                file = collection.folder / "spaces" / folder_name / "vectors" / "00000.f16"
                traces.append(np.fromfile(file, np.float16).reshape(-1, n_dims)[row].tobytes()[-256:])
        assert all(found(collection, trace) for trace in traces if not trace.startswith(b"titleword"))
        assert collection.remove(gone) == n
        left = [trace for trace in traces if found(collection, trace)]
        assert left == []
        assert collection.verify().problems == ()
        assert len(collection) == 3 * n
        kept = collection.search("#1", k=1000, cutoff=0)
        assert len({hit.id for main in kept for hit in (main, *main.copies)}) == 3 * n - 1
        collection.close()
        assert [trace for trace in traces if found(collection, trace)] == []
    figure(
        "29",
        "after a removal: 0 bytes of vector, thumbnail, name or words in the collection",
        f"{n} removed, {len(traces)} traces looked for: {len(left)} found",
    )


def found(collection: Collection, trace: bytes) -> bool:
    files = [path for path in collection.folder.rglob("*") if path.is_file()]
    return any(trace in path.read_bytes() or trace in path.name.encode() for path in files)


def test_no_socket_leaves_the_machine(tmp_path, folder, draw, figure):
    for seed in range(4):
        draw(folder / f"{seed}.png", seed)
    output = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "collection"), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output == "[]\n"
    figure("29", "no packet beyond loopback", "add, search, verify, repair, remove: no socket but pairs of AF_UNIX")


@pytest.mark.soak
def test_no_socket_leaves_the_machine_in_the_long_run(tmp_path, folder, draw, figure):
    test_no_socket_leaves_the_machine(tmp_path, folder, draw, figure)
