"""Make a collection of three small pictures with the code of an earlier version, as `NNNN.zip` beside this file.

    PYTHONPATH=EARLIER/src python tests/collection/old/make.py

writes the collection, with an album, and its pictures; the name of the file is the schema that the earlier code has.
"""

import sys
import tempfile
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from PIL import Image

from lookalike.catalog.database import SCHEMA
from lookalike.collection import Collection
from lookalike.settings import Settings


def main() -> None:
    """Draw, add, pack."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for seed in range(3):
            path = place / "pictures" / f"{seed}.png"
            path.parent.mkdir(exist_ok=True)
            colours = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(colours.repeat(8, axis=0).repeat(8, axis=1)).save(path)
        with Collection(place / "collection", settings=Settings(workers=1, model="classics")) as collection:
            collection.add(place / "pictures")
            collection.make_album("kept", [1, 2])
        destination = Path(__file__).with_name(f"{SCHEMA}.zip")
        with ZipFile(destination, "w", ZIP_DEFLATED) as archive:
            for path in sorted(place.rglob("*")):
                if path.is_file() and path.name not in ("reserve", "lock", "seal.lock", "catalog.crc"):
                    archive.writestr(ZipInfo(str(path.relative_to(place))), path.read_bytes(), ZIP_DEFLATED)
        print(destination, destination.stat().st_size, file=sys.stderr)


if __name__ == "__main__":
    main()
