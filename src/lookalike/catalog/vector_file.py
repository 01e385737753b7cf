"""The vectors and codes of one space on disk: append-only rows in memory-mapped segments, checksummed by block."""

import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import CollectionDamaged

BLOCK_BYTES = 1 << 20
SEGMENT_BYTES = 64 << 20


class RowFile:
    """Reads and appends the rows of one space, all of one length and type.

    The catalogue is the commit point: rows below `n_rows` are committed and never change, what lies behind them is the
    rest of a writer that did not finish, and the next writer cuts it off. Each block of rows has a CRC-32, which is
    compared when the block is first read, so that opening costs nothing and damaged numbers are never used.

    Parameters
    ----------
    folder : Path
        Holds the segments; made at the first append.
    n_columns : int
        Numbers in a row.
    n_rows : int
        Committed rows.
    checksums : mapping of int to int
        CRC-32 of each block's committed bytes, from the catalogue.

    Attributes
    ----------
    contents : str
        What it holds, and the name of its blocks in the catalogue.
    dtype : numpy.dtype
    suffix : str
        Of the segments' names.
    remedy : str
        What makes damaged rows again.
    """

    contents: ClassVar[str]
    dtype: ClassVar[np.dtype[Any]]
    suffix: ClassVar[str]
    remedy: ClassVar[str]

    def __init__(
        self, folder: Path, n_columns: int, n_rows: int = 0, checksums: Mapping[int, int] | None = None
    ) -> None:
        self.folder = folder
        self.n_columns = n_columns
        self.n_rows = n_rows
        self.checksums = dict(checksums or {})
        self._row_bytes = self.dtype.itemsize * n_columns
        self.rows_per_block = max(1, BLOCK_BYTES // self._row_bytes)
        self.rows_per_segment = self.rows_per_block * (SEGMENT_BYTES // BLOCK_BYTES)
        self._verified: dict[int, int] = {}
        self._unsynced: set[Path] = set()
        self._unrecorded: set[int] = set()

    def append(self, values: NDArray[Any]) -> int:
        """Write (n, columns) values behind the last row and return the row of the first; `flush` before committing."""
        first = self.n_rows
        rows = np.ascontiguousarray(values, dtype=self.dtype)
        while len(rows):
            room = self.rows_per_segment - self.n_rows % self.rows_per_segment
            self._write(rows[:room])
            rows = rows[room:]
        return first

    def _write(self, rows: NDArray[Any]) -> None:
        self._write_at(*divmod(self.n_rows, self.rows_per_segment), rows)
        for block, part in self._by_block(self.n_rows, rows):
            self._note(block, zlib.crc32(part.tobytes(), self.checksums.get(block, 0)))
        self.n_rows += len(rows)

    def _write_at(self, number: int, first: int, rows: NDArray[Any]) -> None:
        path = self._segment_path(number)
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _write_all(descriptor, rows.tobytes(), first * self._row_bytes)
        finally:
            os.close(descriptor)
        self._unsynced.add(path)

    def _note(self, block: int, checksum: int) -> None:
        self.checksums[block] = self._verified[block] = checksum
        self._unrecorded.add(block)

    def _by_block(self, first: int, rows: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
        while len(rows):
            room = self.rows_per_block - first % self.rows_per_block
            yield first // self.rows_per_block, rows[:room]
            first, rows = first + len(rows[:room]), rows[room:]

    def overwrite(self, first: int, values: NDArray[Any]) -> None:
        """Write the rows from `first` anew, in place; only for a block whose bytes are damaged anyway.

        The checksum of every touched block is taken from what then stands there, so give whole blocks.
        """
        rows = np.ascontiguousarray(values, dtype=self.dtype)
        for block, part in self._by_block(first, rows):
            number, offset = divmod(self.rows_of(block).start, self.rows_per_segment)
            self._write_at(number, offset, part)
            self._note(block, zlib.crc32(part.tobytes()))

    def flush(self) -> None:
        """Force what was appended onto the disk."""
        for path in [*self._unsynced, *({self.folder} if self._unsynced else ())]:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._unsynced.clear()

    def unrecorded(self) -> dict[int, int]:
        """Return the checksums of the blocks that changed since this was last asked, for the catalogue."""
        blocks, self._unrecorded = self._unrecorded, set()
        return {block: self.checksums[block] for block in sorted(blocks)}

    def inherit(self, older: "RowFile") -> None:
        """Take over what an older view of the same rows has verified."""
        self._verified = older._verified

    def copy_without(self, rows: NDArray[np.int64], folder: Path) -> Self:
        """Write the same rows to another folder with some rows zeroed, so that nothing of those stays on disk.

        Segments that hold none of them are linked, not copied. Row numbers stay what they are.

        Raises
        ------
        CollectionDamaged
            As `segments` does.
        """
        segments = self.segments()  # verified, so that damage is not copied under a new checksum
        other = type(self)(folder, self.n_columns, self.n_rows, self.checksums)
        folder.mkdir(parents=True)
        touched = set((rows // self.rows_per_segment).tolist())
        for number, segment in enumerate(segments):
            if number in touched:
                zeroed = np.array(segment)
                zeroed[rows[rows // self.rows_per_segment == number] % self.rows_per_segment] = 0
                other.overwrite(number * self.rows_per_segment, zeroed)
            else:
                os.link(self._segment_path(number), other._segment_path(number))
                other._unsynced.add(other._segment_path(number))
        other.flush()
        return other

    def cut(self) -> None:
        """Remove what lies behind the committed rows; only the holder of the writer lock may."""
        last, rest = divmod(self.n_rows, self.rows_per_segment)
        for path in sorted(self.folder.glob(f"*.{self.suffix}")):
            number = int(path.stem)
            if number > last or (number == last and rest == 0):
                path.unlink()
            elif number == last and path.stat().st_size > rest * self._row_bytes:
                os.truncate(path, rest * self._row_bytes)

    def segments(self) -> list[NDArray[Any]]:
        """Return the committed rows as memory-mapped arrays (n_i, D), every block verified.

        Raises
        ------
        CollectionDamaged
            If a segment is missing, short, or not the bytes that were written.
        """
        n_damaged = len(self.damaged_blocks())
        if not n_damaged:
            try:
                return [self._map(number) for number in range(self._n_segments)]
            except (OSError, ValueError):  # gone, or cut off, since its blocks were verified
                n_damaged = self.n_blocks
        raise CollectionDamaged(
            f"{n_damaged} of {self.n_blocks} blocks of {self.contents} in {self.folder.parent.name} are not what was "
            f"written; {self.remedy}"
        )

    def damaged_blocks(self) -> list[int]:
        """Return the blocks whose bytes are missing or changed, comparing those not yet verified."""
        return [block for block in range(self.n_blocks) if not self._is_sound(block)]

    @property
    def n_blocks(self) -> int:
        """The number of blocks with committed rows."""
        return -(-self.n_rows // self.rows_per_block)

    @property
    def _n_segments(self) -> int:
        return -(-self.n_rows // self.rows_per_segment)

    def rows_of(self, block: int) -> range:
        """Return the committed rows of a block."""
        first = block * self.rows_per_block
        return range(first, min(first + self.rows_per_block, self.n_rows))

    def _is_sound(self, block: int) -> bool:
        expected = self.checksums.get(block)
        if expected is None:
            return False
        if self._verified.get(block) == expected:
            return True
        number, first = divmod(self.rows_of(block).start, self.rows_per_segment)
        length = len(self.rows_of(block)) * self._row_bytes
        try:
            with self._segment_path(number).open("rb") as file:
                file.seek(first * self._row_bytes)
                content = file.read(length)
        except OSError:
            return False
        if len(content) != length or zlib.crc32(content) != expected:
            return False
        self._verified[block] = expected
        return True

    def _map(self, number: int) -> NDArray[Any]:
        n_rows = min(self.rows_per_segment, self.n_rows - number * self.rows_per_segment)
        return np.memmap(self._segment_path(number), dtype=self.dtype, mode="r", shape=(n_rows, self.n_columns))

    def _segment_path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.{self.suffix}"


class VectorFile(RowFile):
    """Vectors (N, D) float16."""

    contents = "vectors"
    dtype = np.dtype("<f2")
    suffix = "f16"
    remedy = "run `lookalike repair` to compute them again from the pictures"


class CodeFile(RowFile):
    """Codes (N, B/64) uint64, row by row those of the vectors beside them."""

    contents = "codes"
    dtype = np.dtype("<u8")
    suffix = "u64"
    remedy = "run `lookalike repair` to compute them again from the vectors"


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
