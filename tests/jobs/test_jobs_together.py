"""Long work in other processes while this one reads and changes: the catalogue stays sound."""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike.collection import Collection
from lookalike.jobs import Jobs

Draw = Callable[..., Path]


def test_reading_changing_and_long_work_together_leave_the_catalogue_sound(
    collection: Collection, folder: Path, draw: Draw
) -> None:
    check(collection, folder, draw, n_rounds=3)


@pytest.mark.soak
def test_reading_changing_and_long_work_together_for_long(
    collection: Collection, folder: Path, draw: Draw, figure: Callable[[str, str, str], None]
) -> None:
    check(collection, folder, draw, n_rounds=60)
    figure("22", "server and jobs, 60 rounds of add, verify, pause, stop: 0 damaged", "0 damaged")


def check(photos: Collection, folder: Path, draw: Draw, n_rounds: int) -> None:
    """Add, verify, pause and stop in turn while two threads read and make albums; then look at every page and row."""
    rng = np.random.default_rng(7)
    is_over = threading.Event()
    errors: list[Exception] = []

    def until_over(work: Callable[[int], object]) -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            try:
                work(number)
            except Exception as error:
                errors.append(error)
                return

    def read(number: int) -> None:
        photos.stats()
        photos.facets()
        photos.problems()
        photos.version()
        photos.search(f"picture {number}")
        time.sleep(0.1)

    def change(number: int) -> None:
        photos.make_album(f"album {number}")
        photos.delete_album(f"album {number}")
        time.sleep(0.1)

    threads = [threading.Thread(target=until_over, args=[work]) for work in (read, change)]
    with Jobs(photos) as jobs:
        for thread in threads:
            thread.start()
        for n in range(n_rounds):
            for seed in range(20):
                draw(folder / f"{n}" / f"picture {seed}.png", 20 * n + seed)
            added, verified = jobs.start("add", [folder / f"{n}"]), jobs.start("verify")
            time.sleep(rng.uniform(0, 1.5))
            if n % 2 == 0:
                jobs.pause(added.id)
            else:
                jobs.stop(verified.id)
            time.sleep(rng.uniform(0, 0.5))
            jobs.resume(added.id)
        last = jobs.start("add")
        while not jobs.job(last.id).has_ended:
            time.sleep(0.1)
        is_over.set()
        for thread in threads:
            thread.join()
        assert errors == []
        assert [job.message for job in jobs.all() if job.state == "failed"] == []
        assert all(job.report["ok"] for job in jobs.all() if job.kind == "verify" and job.report is not None)
    assert len(photos) == 20 * n_rounds
    assert photos.verify().problems == ()
    photos.close()
    connection = sqlite3.connect(photos.folder / "catalog.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
