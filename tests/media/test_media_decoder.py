import json
import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lookalike.errors import UnreadableMedia
from lookalike.media import Decoded, Decoder, Limits, open_beneath, sha256_of, walk, wire
from lookalike.media.metadata import Metadata

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")


@pytest.fixture
def own() -> Iterator[Decoder]:
    """A decoder that a test may maltreat."""
    with Decoder(n_workers=1, size=64, limits=Limits(seconds=2)) as decoder:
        yield decoder


@pytest.fixture
def file(tmp_path: Path, samples: dict[str, bytes]) -> Iterator[int]:
    """A descriptor of a picture file, `picture.png`."""
    (tmp_path / "picture.png").write_bytes(samples["png"])
    fd = os.open(tmp_path / "picture.png", os.O_RDONLY)
    yield fd
    os.close(fd)


def while_decoding(decoder: Decoder, fd: int, act: Callable[[int], object]) -> Future[Decoded]:
    """Stop a worker, have it asked, do something, and let it go on."""
    decoder.decode(fd)
    pid = decoder.worker_pids[0]
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(decoder.decode, fd)
        time.sleep(0.1)  # until the worker is asked
        act(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return future


def test_workers_start_when_they_are_needed_and_end_with_the_decoder(file: int) -> None:
    with Decoder(n_workers=2, size=64) as decoder:
        assert not decoder.worker_pids
        decoder.decode(file)
        decoder.decode(file)
        (pid,) = decoder.worker_pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_closed_decoder_says_so(file: int) -> None:
    decoder = Decoder(n_workers=1, size=64)
    decoder.decode(file)
    decoder.close()
    decoder.close()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="closed"):
            decoder.decode(file)


def test_closing_ends_a_decode_in_another_thread_without_blaming_the_file(own: Decoder, file: int) -> None:
    own.decode(file)
    os.kill(own.worker_pids[0], signal.SIGSTOP)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(own.decode, file) for _ in range(2)]  # one is asked, one waits for a worker
        time.sleep(0.1)
        own.close()
    for future in futures:
        with pytest.raises(RuntimeError, match="closed"):
            future.result()


@pytest.mark.parametrize(("n_workers", "size"), [(0, 64), (1, 0)])
def test_a_decoder_needs_a_worker_and_a_pixel(n_workers: int, size: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Decoder(n_workers=n_workers, size=size)


def test_many_threads_share_few_workers(samples: dict[str, bytes]) -> None:
    kinds = list(samples) * 5
    with Decoder(n_workers=2, size=64) as decoder, ThreadPoolExecutor(8) as pool:
        decoded = list(pool.map(lambda kind: decoder.decode_bytes(samples[kind]), kinds))
        assert 1 <= len(decoder.worker_pids) <= 2
    digests = {kind: each.sha256 for kind, each in zip(kinds, decoded, strict=True)}
    assert len(set(digests.values())) == len(samples)
    assert [each.sha256 for each in decoded] == [digests[kind] for kind in kinds]


def test_a_file_that_crashes_its_worker_is_refused_and_the_next_one_decodes(own: Decoder, file: int) -> None:
    for _ in range(3):
        crashed = while_decoding(own, file, lambda pid: os.kill(pid, signal.SIGSEGV))
        with pytest.raises(UnreadableMedia, match=r"crashed the decoder \(SIGSEGV\)"):
            crashed.result()
        assert own.decode(file).format == "PNG"


@pytest.mark.soak
def test_a_hundred_crashes_refuse_only_the_file_that_was_being_read(
    own: Decoder, file: int, figure: Callable[[str, str, str], None]
) -> None:
    for _ in range(100):
        with pytest.raises(UnreadableMedia, match="crashed the decoder"):
            while_decoding(own, file, lambda pid: os.kill(pid, signal.SIGSEGV)).result()
        own.decode(file)
    figure("1", "worker killed by SIGSEGV 100 times: the run continues, only that file is marked", "100 of 100")


def test_a_worker_that_dies_between_files_is_replaced_without_a_word(own: Decoder, file: int) -> None:
    for _ in range(3):
        own.decode(file)
        (pid,) = own.worker_pids
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
        own.decode(file)
        assert own.worker_pids != (pid,)


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_decodes(file: int) -> None:
    with Decoder(n_workers=1, size=64, limits=Limits(seconds=0.5)) as decoder:
        slow = while_decoding(decoder, file, lambda pid: time.sleep(0.8))
        with pytest.raises(UnreadableMedia, match=r"longer than the limit of 0\.5 seconds"):
            slow.result()
        assert decoder.decode(file).format == "PNG"


@pytest.mark.parametrize("change", ["append", "truncate", "rewrite"])
def test_a_file_that_changes_while_it_is_read_says_so(own: Decoder, file: int, tmp_path: Path, change: str) -> None:
    path = tmp_path / "picture.png"
    content = path.read_bytes()
    new = {"append": content + b"more", "truncate": b"", "rewrite": content}[change]
    changed = while_decoding(own, file, lambda pid: path.write_bytes(new))
    with pytest.raises(UnreadableMedia, match="changed while it was read; it will be read at the next add"):
        changed.result()
    path.write_bytes(content)
    own.decode(file)


def test_a_file_that_is_replaced_while_it_is_read_is_the_old_one(own: Decoder, file: int, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    (tmp_path / "new").write_bytes(b"new")
    replaced = while_decoding(own, file, lambda pid: (tmp_path / "new").rename(path))
    assert replaced.result().sha256 == sha256_of(file)


def test_a_file_over_the_limit_of_bytes_is_refused(file: int) -> None:
    n_bytes = os.fstat(file).st_size
    with (
        Decoder(n_workers=1, size=64, limits=Limits(file_bytes=n_bytes - 1)) as decoder,
        pytest.raises(UnreadableMedia, match=f"{n_bytes:,} bytes, more than the limit"),
    ):
        decoder.decode(file)


def test_what_is_no_file_is_refused(own: Decoder, tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(UnreadableMedia, match="not a regular file"):
        own.decode(fd)
    os.close(fd)


@pytest.mark.skipif(not Path("/sys/kernel/notes").exists(), reason="only Linux has files there that have no map")
def test_a_file_that_cannot_be_mapped_is_not_said_to_fill_the_memory() -> None:
    with (
        Decoder(n_workers=1, size=64) as decoder,
        Path("/sys/kernel/notes").open("rb") as file,
        pytest.raises(UnreadableMedia, match=r"cannot be read where it is: .*; copy it to another disk"),
    ):
        decoder.decode(file.fileno())


def test_a_file_open_for_writing_only_is_refused(own: Decoder, tmp_path: Path) -> None:
    fd = os.open(tmp_path / "x.jpg", os.O_WRONLY | os.O_CREAT)
    os.write(fd, b"x")
    with pytest.raises(UnreadableMedia, match="cannot be read"):
        own.decode(fd)
    os.close(fd)


def test_a_file_larger_than_the_memory_of_a_worker_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "holes.jpg").open("w+b") as holes:
        holes.truncate(200 << 20)
        with (
            Decoder(n_workers=1, size=64, limits=Limits(memory_bytes=100 << 20)) as decoder,
            pytest.raises(UnreadableMedia, match="more than 100 MiB of memory"),
        ):
            decoder.decode(holes.fileno())


def test_the_memory_of_a_worker_is_limited(encoded: Callable[..., bytes]) -> None:
    content = encoded(Image.new("L", (10_000, 10_000)), "PNG", compress_level=1)
    with Decoder(n_workers=1, size=64, limits=Limits(memory_bytes=100 << 20)) as decoder:
        with pytest.raises(UnreadableMedia, match="more than 100 MiB of memory"):
            decoder.decode_bytes(content)
        assert decoder.worker_pids  # it has survived that


@linux
def test_a_worker_has_given_up_what_it_can(own: Decoder, file: int) -> None:
    own.decode(file)
    (pid,) = own.worker_pids
    limits = Path(f"/proc/{pid}/limits").read_text()
    values = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert values["Max address space"] == [str(2 << 30)] * 2
    assert values["Max file size"] == values["Max core file size"] == ["0", "0"]
    assert values["Max open files"] == ["16", "16"]
    assert int(values["Max cpu time"][0]) <= 5
    assert "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text()
    assert b"\0HOME=" not in b"\0" + Path(f"/proc/{pid}/environ").read_bytes()


def test_an_interrupt_at_the_terminal_does_not_reach_a_worker(own: Decoder, file: int) -> None:
    own.decode(file)
    (pid,) = own.worker_pids
    assert os.getpgid(pid) == pid
    assert os.getsid(pid) == os.getsid(0)  # where Linux compares how nice processes are
    os.kill(pid, signal.SIGINT)
    own.decode(file)
    assert own.worker_pids == (pid,)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@linux
def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path, samples: dict[str, bytes]) -> None:
    (tmp_path / "picture.png").write_bytes(samples["png"])
    code = f"""
        import os, time
        from lookalike.media import Decoder
        decoder = Decoder(n_workers=1, size=64)
        decoder.decode(os.open({str(tmp_path / "picture.png")!r}, os.O_RDONLY))
        print(*decoder.worker_pids, flush=True)
        time.sleep(60)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    for _ in range(100):
        if not is_running(pid):
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


@linux
def test_no_descriptor_stays_open_whatever_happens(own: Decoder, file: int, samples: dict[str, bytes]) -> None:
    own.decode(file)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for kind in samples:
        own.decode_bytes(samples[kind])
        with pytest.raises(UnreadableMedia):
            own.decode_bytes(samples[kind][:30])
    os.kill(own.worker_pids[0], signal.SIGKILL)
    time.sleep(0.05)
    own.decode(file)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def unsettle(root: Path, contents: list[bytes], stop: threading.Event) -> None:
    """Rename, cut, replace, delete, restore and forbid files of a tree until told to stop."""
    rng = np.random.default_rng(7)
    while not stop.is_set():
        folder = root / str(rng.integers(5))
        path, other = folder / f"{rng.integers(20)}.jpg", folder / f"{rng.integers(20)}.jpg"
        content = contents[rng.integers(len(contents))]
        with suppress(FileNotFoundError):
            match rng.integers(6):
                case 0:
                    path.rename(other)
                case 1:
                    os.truncate(path, len(content) // 2)
                case 2:
                    (folder / "new").write_bytes(content)
                    (folder / "new").rename(path)
                case 3:
                    path.unlink()
                case 4:
                    path.write_bytes(content)
                case 5:
                    path.chmod(int(rng.choice([0, 0o600])))


def test_a_tree_in_upheaval_gives_pictures_and_reasons(tmp_path: Path, samples: dict[str, bytes]) -> None:
    contents = list(samples.values())
    for i in range(100):
        (tmp_path / str(i % 5)).mkdir(exist_ok=True)
        (tmp_path / str(i % 5) / f"{i // 5}.jpg").write_bytes(contents[i % len(contents)])
    stop = threading.Event()
    unsettling = threading.Thread(target=unsettle, args=(tmp_path, contents, stop))
    unsettling.start()
    decoded, refused = [], []
    with Decoder(n_workers=1, size=64) as decoder:
        for found in (found for _ in range(5) for found in walk(tmp_path)):
            try:
                fd = open_beneath(tmp_path, found.path)
            except UnreadableMedia as error:
                refused.append(str(error))
                continue
            with os.fdopen(fd):
                try:
                    decoded.append(decoder.decode(fd).sha256)
                except UnreadableMedia as error:
                    refused.append(str(error))
    stop.set()
    unsettling.join()
    assert decoded
    assert refused


def exchange(message: bytes, size: int = 8) -> wire.Picture | wire.Refusal:
    """Receive what a worker would have said so."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(message)
        return wire.receive(ours, size, time.monotonic() + 5)


PICTURE = wire.Picture("PNG", (6, 4), (3, 2), b"rgb" * 6, b"RIFF\4\0\0\0WEBP", Metadata(keywords=("a",)), 1)


def message(**changes: object) -> bytes:
    """Return the message that brings `PICTURE`, with a header that was changed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(theirs, PICTURE)
        sent = ours.recv(1 << 16)
    (length,) = struct.unpack(">I", sent[:4])
    header = {**json.loads(sent[4 : 4 + length]), **changes}
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + sent[4 + length :]


def test_an_answer_arrives_as_it_was_sent() -> None:
    assert exchange(message()) == PICTURE


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [9, 2]}, {"shape": [0, 2]}, {"shape": [-3, 2]}, {"shape": [3.0, 2]}, {"shape": [True, 2]},
        {"shape": []}, {"shape": "32"}, {"shape": None}, {"original": [1 << 40, 1]}, {"original": {}},
        {"format": "SVG"}, {"format": []}, {"n_frames": 0}, {"n_frames": 1 << 99}, {"n_thumbnail_bytes": 1 << 30},
        {"n_thumbnail_bytes": -1}, {"metadata": None}, {"metadata": {}}, {"metadata": [1]}, {"reason": 7},
    ],
)  # fmt: skip
def test_an_answer_that_no_worker_of_ours_would_give_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not an answer"):
        exchange(message(**changes))


def test_a_forged_thumbnail_is_refused() -> None:
    with pytest.raises(ValueError, match="not an answer"):
        exchange(message().replace(b"WEBP", b"HTML"))


@given(st.binary(max_size=200), st.booleans())
def test_noise_is_never_an_answer(noise: bytes, has_length: bool) -> None:
    with pytest.raises((ValueError, EOFError)):
        exchange(struct.pack(">I", len(noise)) + noise if has_length else b"\xff" + noise)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(json.loads(message()[4:].partition(b"rgb")[0]))), json_values))
def test_forged_headers_give_a_valid_picture_or_nothing(changes: dict[str, object]) -> None:
    try:
        answer = exchange(message(**changes))
    except (ValueError, EOFError):
        return
    assert isinstance(answer, wire.Picture)
    assert len(answer.pixels) == 3 * answer.shape[0] * answer.shape[1]


def test_forged_texts_arrive_cleaned() -> None:
    metadata = {**json.loads(message()[4:].partition(b"rgb")[0])["metadata"]}
    metadata.update(title="\x1b[2J\ud800" + "x" * 9999, keywords=[1, None, "\0", "b"], latitude=1e99, longitude=0)
    answer = exchange(message(metadata=metadata))
    assert isinstance(answer, wire.Picture)
    assert answer.metadata.keywords == ("b",)
    assert answer.metadata.latitude is None
    assert answer.metadata.title is not None
    assert answer.metadata.title.encode().startswith(b"[2J xxx")
    assert len(answer.metadata.title) == 4000


def test_a_message_that_stops_short_times_out() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(message()[:-1])
        with pytest.raises(TimeoutError):
            wire.receive(ours, 8, time.monotonic() + 0.1)


def test_threads_that_start_workers_may_end(file: int) -> None:
    with Decoder(n_workers=1, size=64) as decoder:
        thread = threading.Thread(target=decoder.decode, args=[file])
        thread.start()
        thread.join()
        pids = decoder.worker_pids
        decoder.decode(file)
        assert decoder.worker_pids == pids
