"""The server on real sockets: slow and endless requests, ports, and its end."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp

from lookalike.api import problems, server
from lookalike.api.access import Access
from lookalike.api.guard import Guard, Limits
from lookalike.api.protocol import HEAD_BYTES, PatientProtocol
from lookalike.errors import LookalikeError

HEAD = b"GET /v1/thing HTTP/1.1\r\nHost: localhost\r\n"
UPLOAD = b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
MEBIBYTE = 1 << 20

SCRIPT = """
import asyncio
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from lookalike.api import server
from lookalike.api.access import Access
from lookalike.api.guard import Guard, Limits

app = FastAPI()

@app.post("/v1/uploads")
async def upload(request: Request) -> int:
    return sum([len(part) async for part in request.stream()])

@app.get("/v1/events")
async def events() -> StreamingResponse:
    async def forever():
        while True:
            yield "data: 1\\n\\n"
            await asyncio.sleep(0.05)
    return StreamingResponse(forever(), media_type="text/event-stream")

access = Access()
listener = server.listen("127.0.0.1", 0, access)
with listener:
    server.serve(Guard(app, access, []), listener, lambda: print(listener.getsockname()[1], flush=True))
print("closed")
"""


class Hasty(PatientProtocol):
    """A protocol that waits for a head as long as a test can."""

    head_seconds = 0.3


def small_app() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/v1/thing")
    async def thing() -> int:
        return 42

    @app.get("/v1/trailer")
    async def trailer(request: Request) -> list[str]:
        await request.body()
        return sorted(name.decode() for name, _ in request.scope["headers"])

    @app.get("/v1/slow")
    async def slow() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for _ in range(5):
                yield "part "
                await asyncio.sleep(0.2)

        return StreamingResponse(parts())

    @app.post("/v1/uploads")
    async def upload(request: Request) -> int:
        return sum([len(part) async for part in request.stream()])

    return app


@contextmanager
def running(app: ASGIApp) -> Iterator[int]:
    """Serve an app from a thread of its own; yields the port."""
    listening = Event()
    with server.listen("127.0.0.1", 0, Access()) as listener:
        runner = server.Server(app, listening.set, Hasty)
        thread = Thread(target=runner.run, args=([listener],))
        thread.start()
        assert listening.wait(30)
        try:
            yield listener.getsockname()[1]
        finally:
            runner.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running(Guard(small_app(), Access(), [], Limits(stall=0.3, whole=0.8))) as port:
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read until the server ends the connection; return the status of the first answer and all that came."""
    content = bytearray()
    while part := connection.recv(65536):
        content += part
    return int(content.split(b" ", 2)[1]), bytes(content)


def ask(port: int, request: bytes) -> tuple[int, bytes]:
    with connect(port) as connection:
        connection.sendall(request)
        return answer(connection)


def test_a_request_is_answered_without_the_name_of_the_server(port: int) -> None:
    status, content = ask(port, HEAD + b"Connection: close\r\n\r\n")
    assert status == 200
    assert b"server:" not in content.lower()
    assert content.endswith(b"\r\n\r\n42")


@pytest.mark.parametrize(
    "request_",
    [b"", b"\r\n" * 3, b"GET /v1/thing HT", HEAD, HEAD + b"Cookie: a"],
    ids=["nothing", "blank lines", "line", "no end", "field"],
)
def test_a_head_that_does_not_come_is_refused(request_: bytes, port: int) -> None:
    status, content = ask(port, request_)
    assert status == 408
    assert b"application/problem+json" in content
    assert b"frame-ancestors" in content


def test_a_head_that_drips_is_refused(port: int) -> None:
    with connect(port) as connection:
        for _ in range(20):
            try:
                connection.sendall(b"X-A: b\r\n" if _ else HEAD)
            except OSError:
                break
            time.sleep(0.05)
        assert answer(connection)[0] == 408


def test_the_second_head_of_a_connection_must_come_in_time_too(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert b" 200 " in connection.recv(65536)
        connection.sendall(b"GET /")
        assert answer(connection)[0] == 408


def test_a_connection_may_rest_between_two_requests(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert b" 200 " in connection.recv(65536)
        time.sleep(0.5)
        connection.sendall(HEAD + b"Connection: close\r\n\r\n")
        assert answer(connection)[0] == 200


def test_the_next_request_may_wait_for_a_slow_answer(port: int) -> None:
    slow = b"GET /v1/slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(port) as connection:
        connection.sendall(slow)
        time.sleep(0.1)
        connection.sendall(b"GET /v1/th")
        time.sleep(0.6)
        connection.sendall(b"ing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        _, content = answer(connection)
    assert content.count(b"part ") == 5
    assert content.endswith(b"\r\n\r\n42")


def test_slow_heads_do_not_keep_others_out(port: int) -> None:
    slow = [connect(port) for _ in range(100)]
    for connection in slow:
        connection.sendall(HEAD)
    assert ask(port, HEAD + b"Connection: close\r\n\r\n")[0] == 200
    for connection in slow:
        with connection:
            assert answer(connection)[0] == 408


@pytest.mark.parametrize(
    "start",
    [b"GET /", HEAD + b"Cookie: ", HEAD + b"X-" + b"\r\nX-".join([b"A: b"] * 9) + b"\r\nY: "],
    ids=["path", "value", "names"],
)
def test_a_head_without_end_is_refused(start: bytes, port: int) -> None:
    with connect(port) as connection:
        try:
            connection.sendall(start)
            for _ in range(100):
                connection.sendall(b"a" * HEAD_BYTES)
        except OSError:
            pass  # the server has hung up
        assert answer(connection)[0] == 431


def test_a_trailer_adds_nothing_to_a_request(port: int) -> None:
    request = b"GET /v1/trailer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    status, content = ask(port, request + b"1\r\nx\r\n0\r\nCookie: a=b\r\n\r\n")
    assert status == 200
    assert json.loads(content.partition(b"\r\n\r\n")[2]) == ["connection", "host", "transfer-encoding"]


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        UPLOAD + b"Content-Length: -1\r\n\r\n",
        UPLOAD + b"Content-Length: many\r\n\r\n",
        UPLOAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        UPLOAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        UPLOAD + b"Transfer-Encoding: chunked\r\n\r\nlong\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_is_refused(request_: bytes, port: int) -> None:
    with connect(port) as connection:
        connection.sendall(request_)
        first = connection.recv(65536)
    assert b" 400 " in first.splitlines()[0]
    assert b"application/problem+json" in first


def test_a_body_shorter_than_it_says_is_refused_in_time(port: int) -> None:
    assert ask(port, UPLOAD + b"Content-Length: 100\r\n\r\nonly this")[0] == 408


def test_a_body_that_drips_is_refused_in_time(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(UPLOAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(100):
            try:
                connection.sendall(b"x")
            except OSError:
                break
            time.sleep(0.05)
        assert answer(connection)[0] == 408


def test_a_hundred_thousand_parts_are_refused_before_they_are_read(port: int) -> None:
    head = UPLOAD.replace(b"image/png", b"multipart/form-data; boundary=x")
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
    with connect(port) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % (len(part) * 100_000))
        assert b" 415 " in connection.recv(65536).splitlines()[0]


def test_connections_beyond_the_most_are_told_so(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.api.protocol.MOST_CONNECTIONS", 0)
    status, content = ask(port, b"")
    assert status == 503
    assert b"try again" in content


@contextmanager
def process() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Serve a small app from a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            yield child, int(child.stdout.readline())
        finally:
            child.kill()


def peak(pid: int) -> int:
    """Return the most memory that a process ever had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


def flood(connection: socket.socket, head: bytes, part: bytes, n_parts: int) -> tuple[int, int]:
    """Send parts as fast as they are taken, until there is an answer; return its status and how many were sent."""
    connection.sendall(head)
    connection.setblocking(False)
    n_sent, left = 0, memoryview(part)
    while n_sent < n_parts:
        try:
            return int(connection.recv(65536).split(b" ", 2)[1]), n_sent
        except BlockingIOError:
            pass
        try:
            left = left[connection.send(left) :]
        except BlockingIOError:
            time.sleep(0.001)
        if not left:
            n_sent, left = n_sent + 1, memoryview(part)
    raise AssertionError(f"{n_parts} parts were taken without an answer")


def test_two_gigabytes_are_refused_and_take_no_memory() -> None:
    part = b"x" * MEBIBYTE
    chunk = b"%x\r\n%s\r\n" % (len(part), part)
    with process() as (child, port):
        with connect(port) as connection:
            connection.sendall(UPLOAD + b"Content-Length: 2\r\nConnection: close\r\n\r\nab")
            assert answer(connection)[0] == 200
        before = peak(child.pid)
        with connect(port) as connection:
            assert flood(connection, UPLOAD + b"Content-Length: %d\r\n\r\n" % (2 << 30), part, 2048)[0] == 413
        with connect(port) as connection:
            status, n_sent = flood(connection, UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 2048)
            assert status == 413
            assert 100 <= n_sent < 120
        assert peak(child.pid) - before <= 32 * MEBIBYTE


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_cleanly_although_a_stream_is_open(sign: signal.Signals) -> None:
    with process() as (child, port), connect(port) as connection:
        connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"data: 1" in connection.recv(65536) + connection.recv(65536)
        child.send_signal(sign)
        out, errors = child.communicate(timeout=5)
    assert (child.returncode, out, errors) == (0, "closed\n", "")


def test_a_taken_port_is_said_in_a_sentence_and_the_default_gives_way() -> None:
    with closing(server.listen("127.0.0.1", None, Access())) as first:
        taken = first.getsockname()[1]
        assert taken >= server.PORT
        with pytest.raises(LookalikeError, match=f"port {taken} is taken .* --port"):
            server.listen("127.0.0.1", taken, Access())
        with closing(server.listen("127.0.0.1", None, Access())) as second:
            assert taken < second.getsockname()[1] < server.PORT + server.N_PORTS


def test_when_all_the_ports_are_taken_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(server.listen("127.0.0.1", None, Access())) as first:
        monkeypatch.setattr(server, "PORT", first.getsockname()[1])
        monkeypatch.setattr(server, "N_PORTS", 1)
        with pytest.raises(LookalikeError, match="taken by another program"):
            server.listen("127.0.0.1", None, Access())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_others_reach_the_server_only_with_a_password_or_token(host: str) -> None:
    with pytest.raises(LookalikeError, match="LOOKALIKE_PASSWORD or LOOKALIKE_TOKEN"):
        server.listen(host, 0, Access())


def test_with_a_password_the_server_listens_on_any_address() -> None:
    with closing(server.listen("0.0.0.0", 0, Access("a password"))) as listener:
        port = listener.getsockname()[1]
        assert server.url_of(listener, []) == f"http://127.0.0.1:{port}"
        assert server.url_of(listener, ["nas.lan"]) == f"http://nas.lan:{port}"
        assert server.hosts_of(listener, "0.0.0.0", ["nas.lan"]) == {"nas.lan"}


def test_a_server_goes_by_the_name_and_the_address_it_listens_on() -> None:
    with closing(server.listen("localhost", 0, Access())) as listener:
        address = listener.getsockname()[0]
        assert server.hosts_of(listener, "localhost", ["nas.lan"]) == {"localhost", address, "nas.lan"}


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("no.such.host.invalid", "no name or address"),
        ("192.0.2.7", "no address of this machine"),
        ("a" * 99, "no name"),
    ],
)
def test_a_host_that_cannot_be_had_is_said_in_a_sentence(host: str, words: str) -> None:
    with pytest.raises(LookalikeError, match=words):
        server.listen(host, 0, Access("a password"))


def test_addresses_of_ipv6_are_written_in_brackets() -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    for host in ("::1", "::"):
        with closing(server.listen(host, 0, Access("a password"))) as listener:
            assert server.url_of(listener, []) == f"http://[::1]:{listener.getsockname()[1]}"


def test_a_port_for_the_privileged_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(LookalikeError, match="above 1023"):
        server.listen("127.0.0.1", 80, Access())


def test_answers_do_not_wait_to_be_acknowledged() -> None:
    with server.listen("127.0.0.1", 0, Access()) as listener, connect(listener.getsockname()[1]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
