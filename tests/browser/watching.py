"""Pages that are watched: whatever goes wrong in them, or leaves the machine, is noted."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect

HERE = {"127.0.0.1", "localhost"}
expect.set_options(timeout=30_000)


class Complaints:
    """What pages complained of: errors of scripts, of the console and of the content security policy, dialogs, and
    requests that left the machine."""

    def __init__(self) -> None:
        self._all: list[str] = []
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Say that something is meant to go wrong."""
        self._expected.append(pattern)

    def watch(self, page: Page) -> None:
        """Note what goes wrong in a page from now on."""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._all.append(f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", self._follow)

    def check(self) -> None:
        """Fail unless nothing went wrong but what was expected."""
        wrong = [text for text in self._all if not any(re.search(known, text) for known in self._expected)]
        assert not wrong, "\n".join(wrong)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._all.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _dismiss(self, dialog: Dialog) -> None:
        self._all.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _follow(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.hostname not in HERE:
            self._all.append(f"request: {request.url[:200]}")


@contextmanager
def opened(chromium: Browser, address: str, complaints: Complaints, **options: Any) -> Iterator[Page]:
    """Open a page as somebody new, whose paths are below an address."""
    context = chromium.new_context(base_url=address, **options)
    try:
        page = context.new_page()
        complaints.watch(page)
        yield page
    finally:
        context.close()


def until(page: Page, claim: str, argument: object = None) -> None:
    """Wait until a function in the page says yes; Playwright's own way would need what our policy forbids."""
    end = time.monotonic() + 30
    while not page.evaluate(claim, argument):
        assert time.monotonic() < end, f"{page.url} never met {claim}"
        page.wait_for_timeout(30)


def go(page: Page, path: str) -> None:
    """Go to a path and wait until what it asks for is there; what the server tells by and by never ends."""
    page.goto(path)
    until(page, "() => document.querySelector('h1')?.innerText.trim() && !document.querySelector('[aria-busy=true]')")
