"""Listens, and runs an app until it is told to end."""

import asyncio
import errno
import ipaddress
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from lookalike.api.access import Access
from lookalike.api.protocol import PatientProtocol
from lookalike.errors import LookalikeError

PORT = 8177
"""The port unless another is chosen; if it is taken, one of the next is."""

N_PORTS = 100
GRACE_SECONDS = 1.0
"""How long answers may go on once the server is told to end; a stream of events would go on for ever."""

END_SECONDS = 3
"""How long what runs may take to end after that; then it is cancelled."""


def listen(host: str, port: int | None, access: Access) -> socket.socket:
    """Return a socket that listens; whoever connects from now on waits until `serve` answers.

    Parameters
    ----------
    host : str
        A name or address of this machine.
    port : int or None
        0 takes any that is free; None takes 8177, or the next that is free.
    access : Access
        Without a password and token, only loopback is listened to.

    Raises
    ------
    LookalikeError
        If others could reach the server and nothing is asked of them, or the host or port cannot be had.
    """
    address = _address(host)
    if access.is_open and not ipaddress.ip_address(address).is_loopback:
        raise LookalikeError(
            f"other computers can reach {host}, and nothing would be asked of them; "
            "set LOOKALIKE_PASSWORD or LOOKALIKE_TOKEN, or leave the host at 127.0.0.1"
        )
    ports = range(PORT, PORT + N_PORTS) if port is None else (port,)
    for candidate in ports:
        try:
            return _bound(address, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise LookalikeError(_refusal(host, candidate, error)) from error
    taken = f"port {port} is" if port is not None else f"the ports {PORT} to {PORT + N_PORTS - 1} are"
    raise LookalikeError(f"{taken} taken by another program; choose another with --port, or 0 for any that is free")


def _address(host: str) -> str:
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise LookalikeError(f"{host} is no name or address of this machine; try 127.0.0.1") from error


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=2048)
    # Connections inherit it. Without, an answer's body waits 40 ms for its head to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return f"port {port} is not for everybody; choose one above 1023 with --port"
    return f"{host} is no address of this machine; try 127.0.0.1, or 0.0.0.0 for all that it has"


def hosts_of(listener: socket.socket, host: str, names: Sequence[str]) -> frozenset[str]:
    """Return the names that a server goes by: those given, and the host it listens on unless that is any."""
    address = listener.getsockname()[0]
    return frozenset(names if ipaddress.ip_address(address).is_unspecified else (*names, host, address))


def url_of(listener: socket.socket, names: Sequence[str]) -> str:
    """Return where a listening socket is reached: by the first name if there is one, else by an address."""
    address, port = listener.getsockname()[:2]
    if ipaddress.ip_address(address).is_unspecified:
        address = "::1" if ":" in address else "127.0.0.1"
    host = names[0] if names else address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Runs an app; says when it listens, and ends for good when it is told to.

    Parameters
    ----------
    app : ASGI application
    on_listening : callable
        Called once the app is ready.
    protocol : type
        What reads requests.
    """

    def __init__(
        self, app: ASGIApp, on_listening: Callable[[], None], protocol: type[PatientProtocol] = PatientProtocol
    ) -> None:
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="on",
            workers=1,
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=END_SECONDS,
        )
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, then say so."""
        await super().startup(sockets)
        self._on_listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let answers finish for a moment, then end what is left."""
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._hang_up)
        await super().shutdown(sockets)

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; told twice, at once. The signal is not raised again, so that the caller can close what it opened."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def serve(app: ASGIApp, listener: socket.socket, on_listening: Callable[[], None]) -> None:
    """Answer what comes to a socket that `listen` returned, until Ctrl-C or a request to terminate; then return."""
    Server(app, on_listening).run([listener])
