"""Row 25: a tree of files that change, vanish, move and break while they are indexed."""

import os
import random
import shutil
import threading
from pathlib import Path

import pytest

from lookalike.collection import Collection


def state(collection: Collection, rows) -> dict[bytes, tuple[object, ...]]:
    """Return what a collection knows of each file that is there: its content, or why it has none."""
    query = """SELECT CAST(r.path || '/' || f.path AS BLOB), i.sha256, f.reason FROM files f
               JOIN roots r ON r.id = f.root_id LEFT JOIN items i ON i.id = f.item_id AND NOT f.is_missing
               WHERE NOT f.is_missing OR f.reason IS NOT NULL"""
    return {path: (sha256, reason) for path, sha256, reason in rows(collection, query)}


def shown(collection: Collection, known: dict[bytes, tuple[object, ...]]) -> list[object]:
    """Return the contents that a listing shows, each at a place where it is."""
    hits = collection.search("kind:picture", k=1000)
    return sorted(str(known[os.fsencode(hit.path)][0]) for main in hits for hit in (main, *main.copies))


def disturb(folder: Path, draw, chance: random.Random, seed: int) -> None:
    """Do one thing to one file, as programs do while an import is running."""
    files = sorted(path for path in folder.rglob("*.*") if path.is_file())
    one, other = chance.choice(files), chance.choice(files)
    match chance.randrange(11):
        case 0:
            draw(one, seed)
        case 1:
            draw(folder.parent / "made.png", seed).replace(one)
        case 2:
            one.replace(other)
        case 3:
            one.rename(folder / chance.choice(["a", "b", "c"]) / f"moved-{seed}.png")
        case 4:
            shutil.copy2(one, folder / "a" / f"copy-{seed}.png")
        case 5:
            one.write_bytes(one.read_bytes()[: chance.randrange(200)])
        case 6 if len(files) > 20:
            one.unlink()
        case 7:
            with one.open("ab") as file:
                file.write(b"more")
        case 8:
            one.chmod(chance.choice([0, 0o644]))
        case 9 if not one.is_symlink():
            target = one.rename(folder.parent / f"away-{seed}")
            one.symlink_to(target)
            if chance.random() < 0.7:
                one.unlink()
                shutil.copy(target, one)
        case _:
            draw(folder / chance.choice(["a", "b", "c"]) / f"new-{seed}.png", seed)


@pytest.mark.parametrize(("n_files", "n_rounds"), [(60, 4), pytest.param(500, 20, marks=pytest.mark.soak)])
def test_the_end_of_all_chaos_is_what_a_fresh_scan_sees(
    tmp_path, folder, draw, fast, rows, figure, share, n_files, n_rounds
):
    for seed in range(share(n_files)):
        draw(folder / "abc"[seed % 3] / f"{seed:03}.png", seed)
    chance = random.Random(7)
    stop = threading.Event()
    n_disturbed = 0

    def chaos() -> None:
        nonlocal n_disturbed
        while not stop.is_set():
            n_disturbed += 1
            disturb(folder, draw, chance, 1000 + n_disturbed)
            stop.wait(chance.uniform(0, 0.02))

    with Collection(tmp_path / "collection", settings=fast) as collection:
        culprit = threading.Thread(target=chaos)
        culprit.start()
        try:
            for _ in range(share(n_rounds)):
                collection.add(folder)
                assert collection.verify().problems == ()
        finally:
            stop.set()
            culprit.join()
        collection.add(folder)
        with Collection(tmp_path / "fresh", settings=fast) as fresh:
            fresh.add(folder)
            known = state(fresh, rows)
            assert state(collection, rows) == known
            assert shown(collection, known) == shown(fresh, known)
            n_indexed = len(fresh)
        assert collection.verify().problems == ()
        assert collection.add(folder).added == 0
    assert n_disturbed > 20
    figure(
        "25",
        "500 files: 0 crashes, the final state is that of a fresh scan",
        f"{share(n_files)} files, {n_disturbed} disturbances in {share(n_rounds)} adds: 0 crashes, "
        f"equal to a fresh scan of {n_indexed} pictures",
    )
