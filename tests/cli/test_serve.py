"""The command that serves: what it refuses, prints, and keeps to itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lookalike import settings

Run = Callable[..., Any]
PASSWORD, TOKEN = "never shown to anybody", "0123456789abcdef-never-shown"


@contextmanager
def served(place: Path, *arguments: object, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Serve a collection from a process of its own."""
    words = ["--collection", place, "serve", "--port", 0, "--no-open", *arguments]
    command = [sys.executable, "-m", "lookalike", *map(str, words)]
    environment = os.environ | variables
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """Read a line of what a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def get(url: str, **headers: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return json.load(answer)


def test_a_collection_is_served_until_ctrl_c(shared: Path) -> None:
    with served(shared) as process:
        address = line(process)
        assert address.startswith("http://127.0.0.1:")
        assert get(f"{address}/v1/server")["pictures"] == 12
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=10)
    assert (process.returncode, out, errors) == (0, "", "Ctrl-C ends the server.\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_collection_is_served_where_standard_streams_are_closed(closed: str, shared: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "lookalike", "--collection", str(shared), "serve", "--port", str(port), "--no-open"]
    with subprocess.Popen(["sh", "-c", f'exec "$@" {closed}', "sh", *words], stderr=subprocess.PIPE) as process:
        try:
            while process.poll() is None and not is_open(port):
                time.sleep(0.05)
            assert get(f"http://127.0.0.1:{port}/v1/server")["pictures"] == 12
        finally:
            process.terminate()
        process.wait(60)
    assert process.returncode == 0


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_folders_are_added_once_the_server_runs(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with served(tmp_path / "new", folder, "--root", other) as process:
        address = line(process)
        [job] = get(f"{address}/v1/jobs")["jobs"]
        assert (job["kind"], job["paths"]) == ("add", [str(folder)])
        assert get(f"{address}/v1/server")["roots"] == [str(folder), str(other)]


def test_with_a_password_the_link_opens_the_page_once(shared: Path) -> None:
    with served(shared, LOOKALIKE_PASSWORD=PASSWORD) as process:
        address, link = line(process), line(process)
        page, _, key = link.split()[0].partition("#key=")
        assert page == f"{address}/login"
        body, kind = json.dumps({"key": key}).encode(), {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{address}/v1/session", body, kind)) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert get(f"{address}/v1/server", Cookie=cookie)["needs_password"]


def test_programs_learn_the_address_in_json(shared: Path) -> None:
    with served(shared, "--json", LOOKALIKE_TOKEN=TOKEN) as process:
        told = json.loads("\n".join(line(process) for _ in range(4)))
        assert told["link"].startswith(f"{told['address']}/login#key=")
        assert get(f"{told['address']}/v1/server", Authorization=f"Bearer {TOKEN}")["pictures"] == 12


def test_what_others_reach_needs_a_password(run: Run) -> None:
    answer = run("serve", "--host", "0.0.0.0", "--port", "0")
    assert (answer.code, answer.out) == (1, "")
    assert "LOOKALIKE_PASSWORD" in answer.err


def test_an_empty_password_is_an_error_and_not_an_open_door(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_PASSWORD", "")
    answer = run("serve", "--port", "0")
    assert answer.code == 1
    assert "the password is empty" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-folder",),
        ("--root", "no-such-folder"),
        ("--port", "65536"),
        ("--host-name", "photos.local:80"),
        ("--host-name", "http://photos.local"),
        ("--password", PASSWORD),
        ("--token", TOKEN),
    ],
    ids=" ".join,
)
def test_what_cannot_be_served_is_wrong_usage(words: tuple[str, ...], run: Run) -> None:
    assert run("serve", *words).code == 2


@pytest.mark.parametrize("form", [(), ("--json",), ("--verbose",)], ids=["text", "json", "verbose"])
def test_settings_show_that_there_are_secrets_but_not_which(
    form: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_PASSWORD", PASSWORD)
    settings.SETTINGS_FILE.write_text(f"token = '{TOKEN}'")
    answer = run("settings", *form)
    assert answer.code == 0
    assert answer.out.count("**********") == 2
    assert "never" not in answer.out + answer.err


def test_a_password_in_the_url_of_an_engine_is_not_repeated(run: Run) -> None:
    settings.SETTINGS_FILE.write_text("engine = 'https://one:9200,https://me:271828@two:9200'")
    answer = run("settings")
    assert answer.code == 1
    assert "the setting engine is not shown, but holds a user or password" in answer.err
    assert "271828" not in answer.out + answer.err


def test_a_secret_that_cannot_be_is_not_repeated(run: Run) -> None:
    settings.SETTINGS_FILE.write_text("password = 271828")
    answer = run("settings")
    assert answer.code == 1
    assert "the setting password is not shown, but input should be a valid string" in answer.err
    assert "271828" not in answer.err
