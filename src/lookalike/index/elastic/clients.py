"""The two clients, each behind the one call that we need; imported when an engine is first spoken to.

`opensearch-py` speaks to OpenSearch 1 to 3 and to Elasticsearch 7.10; `elasticsearch` to Elasticsearch 8 and later.
"""

import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.errors import EngineRefused, LookalikeError

Call = Callable[[str, str, Mapping[str, str], Any, str], Any]
"""Sends (method, path, parameters, body, content type), and returns the JSON value of the answer."""


class NoAnswer(Exception):
    """An engine gave no answer, or one that says to ask again: its text is the reason.

    Attributes
    ----------
    may_help : bool
        Whether the same request may succeed when it is sent again.
    """

    def __init__(self, reason: str, *, may_help: bool = True) -> None:
        super().__init__(reason)
        self.may_help = may_help


@dataclass(frozen=True)
class Access:
    """Where an engine is, and by which right we use it.

    Attributes
    ----------
    urls : tuple of str
        One node or several of one cluster, each ``http://HOST:PORT`` or ``https://HOST:PORT``.
    user, password : str or None
    api_key : str or None
        Instead of user and password, in the form in which the engine gave it out.
    ca : Path or None
        A file of certificates that vouch for the engine's; None takes those of this computer.
    seconds : float
        How long to wait for a connection, and for each next part of an answer.
    """

    urls: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    api_key: str | None = None
    ca: Path | None = None
    seconds: float = 30.0


def opensearch_call(access: Access) -> Call:
    """Return what sends requests by `opensearch-py`; raises `ImportError` where it is not installed."""
    from opensearchpy import OpenSearch, exceptions

    _quiet("opensearch")
    options: dict[str, Any] = {"max_retries": 0, "retry_on_timeout": True, "timeout": access.seconds}
    if access.user is not None:
        options["http_auth"] = (access.user, access.password or "")
    if access.api_key is not None:
        options["headers"] = {"authorization": f"ApiKey {access.api_key}"}
    if any(url.startswith("https") for url in access.urls):
        options["ssl_context"] = _tls(access.ca)
    client = OpenSearch(list(access.urls), **options)

    def call(method: str, path: str, parameters: Mapping[str, str], body: Any, content_type: str) -> Any:
        headers = {"content-type": content_type}
        try:
            return client.transport.perform_request(method, path, params=dict(parameters), body=body, headers=headers)
        except exceptions.ConnectionTimeout as error:
            raise NoAnswer(f"no answer within {access.seconds:g} seconds") from error
        except exceptions.SSLError as error:
            raise NoAnswer(f"no secure connection: {_inner(error)}", may_help=False) from error
        except exceptions.ConnectionError as error:
            raise NoAnswer(f"no connection: {_inner(error)}") from error
        except exceptions.TransportError as error:
            raise _answered(int(error.status_code), error.info) from error
        except (exceptions.SerializationError, RecursionError) as error:
            raise NoAnswer("an answer that is no JSON", may_help=False) from error
        except AttributeError as error:  # the client looks into the body of an error as if it were an object
            raise NoAnswer("an error in words that no search engine has") from error

    return call


def elasticsearch_call(access: Access) -> Call:
    """Return what sends requests by `elasticsearch`; raises `ImportError` where it is not installed."""
    from elastic_transport import ConnectionTimeout, SerializationError, TlsError, TransportError
    from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

    _quiet("elastic_transport")
    options: dict[str, Any] = {"max_retries": 0, "retry_on_timeout": True, "request_timeout": access.seconds}
    if access.user is not None:
        options["basic_auth"] = (access.user, access.password or "")
    if access.api_key is not None:
        options["api_key"] = access.api_key
    if any(url.startswith("https") for url in access.urls):
        options["ssl_context"] = _tls(access.ca)
    client = Elasticsearch(list(access.urls), **options)

    def call(method: str, path: str, parameters: Mapping[str, str], body: Any, content_type: str) -> Any:
        headers = {"accept": "application/json", "content-type": content_type}
        try:
            return client.perform_request(method, path, params=parameters, body=body, headers=headers).body
        except UnsupportedProductError as error:
            raise LookalikeError(
                f"{access.urls[0]} is not Elasticsearch 8 or later; for OpenSearch and Elasticsearch 7.10, "
                "`pip install lookalike[opensearch]`"
            ) from error
        except ApiError as error:
            raise _answered(error.meta.status, error.body) from error
        except ConnectionTimeout as error:
            raise NoAnswer(f"no answer within {access.seconds:g} seconds") from error
        except TlsError as error:
            raise NoAnswer(f"no secure connection: {error.message}", may_help=False) from error
        except (SerializationError, RecursionError) as error:  # which may have had a status that says to ask again
            raise NoAnswer("an answer that is no JSON") from error
        except TransportError as error:
            raise NoAnswer(f"no connection: {error.message}") from error

    return call


def _quiet(logger: str) -> None:
    """Let warnings of a client reach those who set up logging alone: what matters is raised."""
    logging.getLogger(logger).addHandler(logging.NullHandler())


def _tls(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise LookalikeError(
            f"{ca} holds no certificates that can be read ({error}); name the file of the authority that signed the "
            "engine's certificate"
        ) from error


def _inner(error: Any) -> str:
    return str(error.info if error.info else error.error)


def _answered(status: int, body: Any) -> Exception:
    """Return what an answer with an error status is: one to wait for, or a refusal."""
    reason = f"{status} {reason_of(body)}".strip()
    return NoAnswer(reason) if is_passing(status) else EngineRefused(reason, status)


def is_passing(status: int) -> bool:
    """Return whether a request that was answered by a status may succeed when it is sent again."""
    return status == 429 or status >= 500


def reason_of(body: Any) -> str:
    """Return why an engine refused, from the error in its answer."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return " ".join(str(error or "").split())[:500]
    causes = error.get("root_cause")
    first = causes[0] if isinstance(causes, Sequence) and causes else None
    inner = error.get("caused_by")
    reason = str((first if isinstance(first, Mapping) else error).get("reason") or error.get("type") or error)
    because = inner.get("reason") if isinstance(inner, Mapping) else None
    return f"{reason}: {because}"[:500] if because not in (None, reason) else reason[:500]
