"""Answers in JSON, and files as answers."""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

CHUNK = 1 << 18


class Json(Response):
    """A JSON answer in ASCII, since the path of a file may hold what is no Unicode."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes of the answer."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def sending(descriptor: int) -> Iterator[bytes]:
    """Yield the bytes of an open file, and close it."""
    try:
        while chunk := os.read(descriptor, CHUNK):
            yield chunk
    finally:
        os.close(descriptor)


def file_answer(descriptor: int, media_type: str, name: str, *, inline: bool, headers: dict[str, str]) -> Response:
    """Return an open file as an answer that no browser takes for a page, and close the file when it is sent."""
    kind = "inline" if inline else "attachment"
    shown = quote(name.encode(errors="replace"), safe="")
    always = {
        "Content-Disposition": f"{kind}; filename*=UTF-8''{shown}",
        "Content-Length": str(os.fstat(descriptor).st_size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(sending(descriptor), media_type=media_type, headers=always | headers)
