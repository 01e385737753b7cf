"""How fast pictures are indexed, and where the time goes: decode, describe, store.

    python benchmarks/ingest.py [--pictures 2000] [--files 10000]

Draws 500 x 375 pictures (a fifth of them anew, the others turned and toned, so that all contents differ), indexes them
with the classical spaces, and looks again: at the unchanged folder, at one file more, and at the renamed folder.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import lookalike as la
from lookalike.collection.describe import describe_all
from lookalike.collection.ingest import Ingest
from lookalike.describers import load_describers
from lookalike.describers.combined import CombinedDescriber
from lookalike.media import Decoder, open_beneath, walk
from lookalike.sample import KINDS, draw_picture

SIZE = (375, 500)
VARIANTS = 5


def main() -> None:
    """Draw, index, look again, and print a table."""
    parser = argparse.ArgumentParser(description="Rate of indexing, and cost of looking again.")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        draw(pictures, options.pictures)
        n_pixels = SIZE[0] * SIZE[1]
        print(f"{options.pictures} pictures of {SIZE[1]} x {SIZE[0]} ({n_pixels / 1e6:.2f} MP), {os.cpu_count()} cores")
        parts(pictures)
        with la.open(Path(folder) / "rate.lookalike") as photos:
            stored = timed_commits()
            seconds, report = timed(partial(photos.add, pictures))
            assert report.added == options.pictures
            print(f"store, forced to disk    {sum(stored) / options.pictures * 1000:8.2f} ms a picture")
            print(f"add                      {seconds:8.2f} s   {report.added / seconds:6.0f} pictures a second")
            look_again(photos, pictures)
        many(Path(folder), options.files)


def draw(folder: Path, n_pictures: int) -> None:
    """Write the pictures as JPEG files."""
    folder.mkdir()
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(draw_some, folder), range(-(-n_pictures // VARIANTS)), chunksize=8))
    for surplus in sorted(folder.iterdir())[n_pictures:]:
        surplus.unlink()


def draw_some(folder: Path, number: int) -> None:
    """Draw one picture and write it with its variants."""
    kinds = sorted(KINDS)
    drawn = draw_picture(kinds[number % len(kinds)], np.random.default_rng(number), SIZE).image
    for variant in range(VARIANTS):
        image = drawn[:, ::-1] if variant % 2 else drawn
        toned = cv2.convertScaleAbs(image, alpha=1 - 0.06 * variant, beta=4 * variant)
        Image.fromarray(toned).save(folder / f"{number:05d}-{variant}.jpg", quality=90)


def parts(folder: Path) -> None:
    """Print what decoding and describing cost on one core each."""
    names = [found.path for found in walk(folder)][:300]
    describers = {**load_describers(), "picture": CombinedDescriber()}
    images = []
    with Decoder(n_workers=1, size=max(d.size for d in describers.values())) as decoder:
        decode(decoder, folder, names[0])
        seconds, _ = timed(lambda: images.extend(decode(decoder, folder, name) for name in names))
    print(f"decode and thumbnail     {seconds / len(names) * 1000:8.2f} ms a picture, one worker")
    for name, describer in describers.items():
        describer.describe(images[:8])
        seconds, _ = timed(partial(describer.describe, images))
        print(f"describe {name:15} {seconds / len(images) * 1000:8.2f} ms a picture")
    seconds, _ = timed(partial(describe_all, images, describers))
    print(f"describe all together    {seconds / len(images) * 1000:8.2f} ms a picture")


def decode(decoder: Decoder, folder: Path, name: bytes) -> np.ndarray:
    """Return one decoded picture at working size."""
    descriptor = open_beneath(folder, name)
    try:
        return decoder.decode(descriptor).frame.image
    finally:
        os.close(descriptor)


def timed_commits() -> list[float]:
    """Return a list to which every batch that is committed from now on adds its seconds."""
    seconds: list[float] = []
    commit = Ingest._commit

    def measured(self: Ingest, *batch) -> None:  # type: ignore[no-untyped-def]
        took, _ = timed(partial(commit, self, *batch))
        seconds.append(took)

    Ingest._commit = measured  # type: ignore[method-assign]
    return seconds


def look_again(photos: la.Collection, pictures: Path) -> None:
    """Print what an unchanged, a grown and a renamed folder cost."""
    seconds, report = timed(partial(photos.add, pictures))
    print(f"add again, unchanged     {seconds:8.2f} s   {report.unchanged} unchanged")
    draw_some(pictures, 99_999)
    seconds, report = timed(partial(photos.add, pictures))
    print(f"add again, {report.added} files more {seconds:8.2f} s")
    renamed = pictures.rename(pictures.parent / "renamed")
    seconds, report = timed(partial(photos.add, renamed.parent))
    print(f"add again, renamed       {seconds:8.2f} s   {report.moved} moved, {report.added} described again")


def many(folder: Path, n_files: int) -> None:
    """Print what looking at many known files costs: small pictures, so that only the number counts."""
    pictures = folder / "many"
    rng = np.random.default_rng(7)
    for number in range(n_files):
        path = pictures / f"{number // 500:03d}" / f"{number:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, size=(8, 8, 3), dtype=np.uint8)).save(path)
    with la.open(folder / "many.lookalike") as photos:
        photos.add(pictures)
        time.sleep(2.1)  # what was written within two seconds is looked at twice
        photos.add(pictures)
        seconds, report = timed(partial(photos.add, pictures))
        print(f"add {n_files} unchanged    {seconds:8.2f} s   {report.unchanged} unchanged")
        Image.fromarray(rng.integers(0, 256, size=(8, 8, 3), dtype=np.uint8)).save(pictures / "one-more.png")
        seconds, report = timed(partial(photos.add, pictures))
        print(f"add one among {n_files}  {seconds:8.2f} s   {report.added} added")


def timed(work):  # type: ignore[no-untyped-def]
    """Return seconds and result of a call."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
