"""The page: files that the build of `web/` left beside this module."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from lookalike.api.problems import Problem

FOLDER = Path(__file__).parent / "page"
NOT_BUILT = (
    "The page is not built. `make page` builds it and needs Node; the wheel of Lookalike contains it.\n"
    "The REST interface is there all the same: /openapi.json describes it.\n"
)
INTERFACE = ("/v1/", "/metrics", "/openapi.json", "/healthz", "/readyz")
COMPRESSED = {"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml", "application/json"}


@dataclass(frozen=True)
class Asset:
    """A file of the page as it is sent: its bytes, the same compressed where that is worth it, and its headers."""

    content: bytes
    compressed: bytes | None
    headers: Mapping[str, str]

    def response(self, request: Request) -> Response:
        """Return the file as an answer, compressed for those who take that."""
        if self.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.compressed, headers={**self.headers, "Content-Encoding": "gzip"})
        return Response(self.content, headers=self.headers)


class Page:
    """All files of the page, read once; every other path is a view of it.

    Parameters
    ----------
    folder : Path
        That the build wrote; may be missing.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
        self._assets = {f"/{path.relative_to(folder).as_posix()}": _asset(path, folder) for path in files}

    async def answer(self, request: Request) -> Response:
        """Return a file, or the document whose script shows the view."""
        path = request.url.path
        if path.startswith(INTERFACE) or path == "/v1":
            detail = f"there is nothing at {path[:200]}; /openapi.json lists what there is"
            return Problem(404, "Not Found", detail).response()
        if not self._assets:
            return PlainTextResponse(NOT_BUILT, 503)
        asset = self._assets.get(path)
        if asset is None and path.startswith("/assets/"):
            return Problem(404, "Not Found", "the page was built anew; load it again").response()
        return (asset or self._assets["/index.html"]).response(request)


def _asset(path: Path, folder: Path) -> Asset:
    content = path.read_bytes()
    media_type = guess_type(path.name)[0] or "application/octet-stream"
    is_named_by_content = path.parent.name == "assets" and path.parent.parent == folder
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8" if media_type in COMPRESSED else media_type,
        "Cache-Control": "public, max-age=31536000, immutable" if is_named_by_content else "no-cache",
        "Vary": "Accept-Encoding",
    }
    compressed = gzip.compress(content, mtime=0) if media_type in COMPRESSED else None
    return Asset(content, compressed, headers)
