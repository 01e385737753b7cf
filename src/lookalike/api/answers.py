"""Answers in JSON, and files as answers."""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

CHUNK = 1 << 18


class Json(Response):
    """A JSON answer in ASCII, since the path of a file may hold what is no Unicode."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes of the answer."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class FileAnswer(StreamingResponse):
    """The bytes of an open file, which is closed even if who asked is gone before the answer begins."""

    def __init__(self, descriptor: int, media_type: str, headers: dict[str, str]) -> None:
        self._descriptor = descriptor
        super().__init__(_chunks(descriptor), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._descriptor)


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, CHUNK):
        yield chunk


def file_answer(descriptor: int, media_type: str, name: str, *, inline: bool, headers: dict[str, str]) -> Response:
    """Return an open file as an answer that no browser takes for a page, and close the file when it is sent."""
    kind = "inline" if inline else "attachment"
    shown = quote(name.encode(errors="replace"), safe="")
    always = {
        "Content-Disposition": f"{kind}; filename*=UTF-8''{shown}",
        "Content-Length": str(os.fstat(descriptor).st_size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return FileAnswer(descriptor, media_type, always | headers)
