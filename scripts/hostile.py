"""Decode every file below a folder of hostile ones, and print what became of them.

    python scripts/hostile.py FOLDER [--reasons]

Each file must be decoded or refused with a reason, and no worker may cost more than the limits. Exits with 1 if a
worker was crashed, which is survived but worth a report to the library that crashed.
"""

import argparse
import os
import resource
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.errors import UnreadableMedia
from lookalike.media import Decoder, open_beneath


@dataclass
class Row:
    """What became of the files of one folder."""

    n_decoded: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reasons", action="store_true", help="print every reason and how often it was given")
    arguments = parser.parse_args()
    rows = decode_all(arguments.folder)
    print_table(rows)
    reasons = sum((row.reasons for row in rows.values()), Counter())
    if arguments.reasons:
        for reason, n in reasons.most_common():
            print(f"{n:6}  {reason}")
    n_crashes = sum(n for reason, n in reasons.items() if "crashed the decoder" in reason)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"largest worker {largest} MiB; files that crashed one: {n_crashes}")
    return 1 if n_crashes else 0


def decode_all(root: Path) -> dict[str, Row]:
    """Return what became of the files, by the folder they lie in."""
    rows: dict[str, Row] = defaultdict(Row)
    with Decoder(n_workers=1, size=512) as decoder:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            row = rows[str(path.parent.relative_to(root))]
            start = time.perf_counter()
            try:
                decode(decoder, root, path)
                row.n_decoded += 1
            except UnreadableMedia as error:
                row.reasons[str(error)] += 1
            row.seconds.append(time.perf_counter() - start)
    return rows


def decode(decoder: Decoder, root: Path, path: Path) -> None:
    fd = open_beneath(root, os.fsencode(path.relative_to(root)))
    try:
        decoder.decode(fd)
    finally:
        os.close(fd)


def print_table(rows: dict[str, Row]) -> None:
    total = Row()
    for row in rows.values():
        total.n_decoded += row.n_decoded
        total.reasons.update(row.reasons)
        total.seconds += row.seconds
    print(f"{'folder':28}{'files':>8}{'decoded':>9}{'refused':>9}{'median ms':>11}{'slowest s':>11}")
    for name, row in [*sorted(rows.items()), ("all", total)]:
        seconds = sorted(row.seconds) or [0.0]
        print(
            f"{name:28}{len(row.seconds):8}{row.n_decoded:9}{row.reasons.total():9}"
            f"{1000 * seconds[len(seconds) // 2]:11.1f}{seconds[-1]:11.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
