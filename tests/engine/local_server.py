"""A server on this computer, beside the test that asks it."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self


class QuietHandler(BaseHTTPRequestHandler):
    """Writes no log, and does not complain of who went away."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002
        pass


class LocalServer:
    """Answers inside the block, at `url`.

    Parameters
    ----------
    handler : type of BaseHTTPRequestHandler
    certificate : (Path, Path) or None
        With a certificate and its key, it speaks TLS.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler], certificate: tuple[Path, Path] | None) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
