"""The file of a graph: what deglib dumps, what it was made from, and a checksum of both.

deglib reads a damaged dump as if it were whole, and the process ends. So a dump is copied to a private place and
compared with its checksum on the way, and deglib reads that copy: what was verified is what is read. In the file,
there follow the facts (JSON), their length, the SHA-256 of all that, and a magic number that names the format.
"""

import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from lookalike.errors import FULL, CollectionDamaged, StorageFull

_MAGIC = b"LKGRAPH1"
_LENGTH = struct.Struct("<Q")
_SEAL_BYTES = 32 + len(_MAGIC)
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Facts:
    """What a dump is made from.

    Attributes
    ----------
    key : str
        Which vectors.
    maker : str
        Version of the library that dumped it, and that alone reads it again.
    n_dims, n_rows : int
    removed : tuple of int
        Rows, ascending.
    """

    key: str
    maker: str
    n_dims: int
    n_rows: int
    removed: tuple[int, ...]


def seal(part: Path, facts: Facts) -> None:
    """Append facts and checksum to a dump, and flush it onto the disk."""
    words = json.dumps(asdict(facts)).encode()
    with part.open("r+b") as file:
        digest = sha256()
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
        tail = words + _LENGTH.pack(len(words))
        digest.update(tail)
        file.write(tail + digest.digest() + _MAGIC)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def put_in_place(path: Path) -> Iterator[Path]:
    """Give the path of a part to fill and seal; then the part takes the place of the file, or nothing changes.

    Raises
    ------
    StorageFull
        If the disk has no room.
    """
    part = path.with_name(path.name + ".part").absolute()
    try:
        yield part
        part.replace(path)
        folder = os.open(part.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageFull(f"{path.parent} has no room for the graph's file; make room there") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def verified(path: Path) -> Iterator[tuple[Path, Facts]]:
    """Give a private copy of the dump, which is the one that was sealed, and the facts; the copy is gone afterwards.

    Raises
    ------
    CollectionDamaged
        If any byte is not what was written.
    """
    with TemporaryDirectory(prefix="lookalike-") as folder:
        copy = Path(folder) / "dump"
        if not _copied(path, copy):
            raise CollectionDamaged(f"{path} is not the graph that was written; delete it, and build it again")
        with copy.open("r+b") as file:
            file.seek(-_LENGTH.size, os.SEEK_END)
            (n_bytes,) = _LENGTH.unpack(file.read())
            start = file.seek(-_LENGTH.size - n_bytes, os.SEEK_END)
            facts = json.loads(file.read(n_bytes))
            file.truncate(start)
        yield copy, Facts(**facts | {"removed": tuple(facts["removed"])})


def _copied(path: Path, copy: Path) -> bool:
    """Copy what is sealed; return whether the seal fits."""
    digest = sha256()
    with path.open("rb") as source, copy.open("wb") as target:
        left = os.fstat(source.fileno()).st_size - _SEAL_BYTES
        while left > 0 and (block := source.read(min(left, _BLOCK_BYTES))):
            digest.update(block)
            target.write(block)
            left -= len(block)
        return left == 0 and source.read() == digest.digest() + _MAGIC
