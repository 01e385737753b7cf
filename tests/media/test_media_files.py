import hashlib
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lookalike.errors import UnreadableMedia
from lookalike.media import Found, open_beneath, sha256_of, walk


def touch(root: Path, *names: str | bytes) -> None:
    for name in names:
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + os.fsencode(name)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"inside")


def paths(root: Path, start: bytes = b"") -> list[bytes]:
    return [found.path for found in walk(root, start)]


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    assert paths(tmp_path) == []


def test_pictures_come_sorted_within_folders_whatever_the_case_of_their_extension(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.png", "c/z.HeIc", "c/y.webp", "B/x.tif", "notes.txt", "d.jpg.bak")
    assert paths(tmp_path) == [b"a.png", b"b.JPG", b"B/x.tif", b"c/y.webp", b"c/z.HeIc"]


def test_names_that_say_nothing_and_pictures_of_other_formats_come_too(tmp_path: Path) -> None:
    touch(tmp_path, "raw.CR2", "scan", "notes.txt", "movie.mp4", "page.html")
    assert paths(tmp_path) == [b"raw.CR2", b"scan"]


def test_a_found_file_is_described_by_its_stat(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    status = (tmp_path / "a.png").stat()
    assert list(walk(tmp_path)) == [Found(b"a.png", 6, status.st_mtime_ns, status.st_ino, status.st_dev)]


def test_numbers_of_inodes_and_devices_fit_a_catalogue() -> None:
    status = os.stat_result((stat.S_IFREG, 2**63 + 5, 2**64 - 1, 1, 0, 0, 6, 0, 0, 0))
    found = Found.of(b"a.png", status)
    assert (found.inode, found.device) == (5, 2**63 - 1)


def test_folders_of_other_programs_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    skipped = ["@eaDir", "node_modules", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", ".git", "x.lookalike"]
    touch(tmp_path, *(f"{name}/a.jpg" for name in skipped), ".hidden.jpg", "kept/a.jpg")
    touch(tmp_path, "cache/CACHEDIR.TAG", "cache/a.jpg", "cache/deep/a.jpg", "quiet/.nomedia", "quiet/a.jpg")
    assert paths(tmp_path) == [b"kept/a.jpg"]


def test_what_is_named_as_the_start_is_looked_at(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden/.nomedia", ".hidden/a.jpg", ".hidden/sub/b.jpg", "notes.txt")
    assert paths(tmp_path, b".hidden") == [b".hidden/a.jpg", b".hidden/sub/b.jpg"]
    assert paths(tmp_path, b"notes.txt") == [b"notes.txt"]


def test_links_are_not_followed_but_the_root_may_be_one(tmp_path: Path) -> None:
    touch(tmp_path, "outside/secret.jpg", "root/a.jpg")
    (tmp_path / "root/link.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (tmp_path / "root/folder").symlink_to(tmp_path / "outside")
    (tmp_path / "root/loop").symlink_to(tmp_path / "root")
    (tmp_path / "rootlink").symlink_to(tmp_path / "root")
    assert paths(tmp_path / "rootlink") == [b"a.jpg"]
    os.close(open_beneath(tmp_path / "rootlink", b"a.jpg"))


def test_names_are_bytes_and_need_not_be_text(tmp_path: Path) -> None:
    name = b"caf\xe9 \xff\n.jpg"
    touch(tmp_path, name)
    assert paths(tmp_path) == [name]
    fd = open_beneath(tmp_path, name)
    assert os.read(fd, 10) == b"inside"
    os.close(fd)


def test_a_folder_that_cannot_be_looked_at_is_told_and_does_not_stop_the_walk(tmp_path: Path) -> None:
    touch(tmp_path, "a/a.jpg", "b/b.jpg", "c/c.jpg")
    skipped: list[tuple[bytes, str]] = []
    seen = []
    for found in walk(tmp_path, on_skip=lambda path, reason: skipped.append((path, reason))):
        seen.append(found.path)
        if found.path == b"a/a.jpg":  # the folder becomes a link after it was listed
            (tmp_path / "b").rename(tmp_path / "was_b")
            (tmp_path / "b").symlink_to("was_b")
    assert seen == [b"a/a.jpg", b"c/c.jpg"]
    assert [path for path, _ in skipped] == [b"b"]
    assert "symbolic link" in skipped[0][1]


@pytest.mark.usefixtures("as_anybody")
def test_a_forbidden_folder_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "a/a.jpg", "b/b.jpg")
    (tmp_path / "a").chmod(0)
    skipped: list[bytes] = []
    assert [found.path for found in walk(tmp_path, on_skip=lambda path, _: skipped.append(path))] == [b"b/b.jpg"]
    assert skipped == [b"a"]


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="no such file"):
        list(walk(tmp_path / "missing"))
    with pytest.raises(UnreadableMedia, match="no such file"):
        open_beneath(tmp_path / "missing", b"a.jpg")


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file 900 folders below it, whose path is longer than any that the system takes."""
    top = tmp_path / "top"
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(900):
        os.mkdir("deep", dir_fd=fd)
        inner = os.open("deep", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("a.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    yield top
    subprocess.run(["rm", "-r", top], check=True)  # Python's own way would recurse too deeply


def test_a_start_that_is_neither_a_file_nor_a_folder_is_told_as_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "file.jpg").touch()
    told: dict[bytes, str] = {}
    for start in (b"pipe.jpg", b"file.jpg/inside.jpg"):
        assert list(walk(tmp_path, start, on_skip=told.__setitem__)) == []
    assert "pipe or device" in told[b"pipe.jpg"]
    assert "a file for a folder, stands in its path" in told[b"file.jpg/inside.jpg"]


def test_very_deep_folders_are_walked(deep: Path) -> None:
    assert paths(deep) == [b"deep/" * 900 + b"a.jpg"]


@pytest.mark.parametrize(
    "name",
    [b"", b".", b"..", b"/", b"/etc/passwd", b"../x.jpg", b"in/../../x.jpg", b"in//a.jpg", b"in/./a.jpg", b"in/",
     b"in", b"in/..", b"a\0.jpg", b"\0", b"in/a.jpg/", b"in/a.jpg/x", b"link.jpg", b"linked/a.jpg", b"fifo.jpg",
     b"socket.jpg", b"missing.jpg", b"x" * 300, b"in/" * 3000 + b"a.jpg", b"dangling.jpg", b"self.jpg",
     b"C:\\x.jpg", b"..\\x.jpg", "．．/x.jpg".encode(), b"%2e%2e/x.jpg"],
)  # fmt: skip
def test_only_regular_files_below_the_root_open(tmp_path: Path, name: bytes) -> None:
    touch(tmp_path, "x.jpg", "root/in/a.jpg")
    root = tmp_path / "root"
    (root / "link.jpg").symlink_to(tmp_path / "x.jpg")
    (root / "linked").symlink_to(root / "in")
    (root / "dangling.jpg").symlink_to("nowhere")
    (root / "self.jpg").symlink_to("self.jpg")
    os.mkfifo(root / "fifo.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(root)  # a socket's path may not be long
        listener.bind("socket.jpg")
        os.chdir(here)
        with pytest.raises(UnreadableMedia) as caught:
            open_beneath(root, name)
    assert "; " in str(caught.value)


def test_devices_do_not_open() -> None:
    with pytest.raises(UnreadableMedia, match="not a regular file"):
        open_beneath(Path("/dev"), b"null")


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg")
    before = len(list(Path("/dev/fd").iterdir()))
    for name in [b"in/a.jpg", b"in", b"in/b.jpg", b"in/a.jpg/x", b"../x"] * 20:
        with suppress(UnreadableMedia):
            os.close(open_beneath(tmp_path, name))
    list(walk(tmp_path))
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_digest_is_of_the_whole_file_wherever_its_position(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    fd = open_beneath(tmp_path, b"a.jpg")
    os.lseek(fd, 3, os.SEEK_SET)
    assert sha256_of(fd) == hashlib.sha256(b"inside").hexdigest()
    assert os.lseek(fd, 0, os.SEEK_CUR) == 3
    os.close(fd)


def swap(root: Path, outside: Path, stop: threading.Event, n: int) -> None:
    """Turn the folder `in` into a link to the outside and back, and a file into a link and back."""
    for _ in range(n):
        (root / "in").rename(root / "aside")
        (root / "in").symlink_to(outside)
        (root / "in").unlink()
        (root / "aside").rename(root / "in")
        (root / "link").symlink_to(outside / "a.jpg")
        (root / "link").rename(root / "a.jpg")
        (root / ".plain").write_bytes(b"inside")
        (root / ".plain").rename(root / "a.jpg")
    stop.set()


def leaks(tmp_path: Path, n_swaps: int) -> tuple[int, int]:
    """Race a swapper; return how many reads got foreign bytes, and how many succeeded."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    touch(tmp_path, "root/in/a.jpg", "root/a.jpg")
    outside.mkdir()
    (outside / "a.jpg").write_bytes(b"SECRET")
    stop = threading.Event()
    swapper = threading.Thread(target=swap, args=(root, outside, stop, n_swaps))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # or each thread would do hundreds of calls before the other may
    swapper.start()
    n_leaks = n_reads = 0
    while not stop.is_set():
        for name in (b"in/a.jpg", b"a.jpg"):
            try:
                fd = open_beneath(root, name)
            except UnreadableMedia:
                continue
            n_reads += 1
            n_leaks += os.read(fd, 6) == b"SECRET"
            os.close(fd)
        n_leaks += sum(found.path not in (b"a.jpg", b"in/a.jpg", b"aside/a.jpg") for found in walk(root))
    swapper.join()
    sys.setswitchinterval(interval)
    return n_leaks, n_reads


def test_swapping_links_in_while_files_are_opened_leaks_nothing(tmp_path: Path) -> None:
    n_leaks, n_reads = leaks(tmp_path, 150)
    assert n_leaks == 0
    assert n_reads > 0


@pytest.mark.soak
def test_swapping_links_leaks_nothing_in_twenty_races(tmp_path: Path, figure: Callable[[str, str, str], None]) -> None:
    n_reads = 0
    for trial in range(20):
        (tmp_path / str(trial)).mkdir()
        n_leaks, n = leaks(tmp_path / str(trial), 1000)
        assert n_leaks == 0
        n_reads += n
    figure("5", "20 races of 1,000 swaps: 0 leaks", f"0 leaks in {n_reads:,} reads")
