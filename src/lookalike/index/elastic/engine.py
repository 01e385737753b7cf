"""One search engine: who it is, how it is, and requests that are sent again where that may help."""

import json
import random
import reprlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from lookalike.errors import EngineRefused, EngineUnavailable, LookalikeError
from lookalike.index.elastic.clients import Access, Call, NoAnswer, elasticsearch_call, opensearch_call

OLDEST_ELASTICSEARCH = (7, 10)
OLDEST_OF_ITS_OWN_CLIENT = (8, 0)
KNOWN_OPENSEARCH = range(1, 4)
"""Major versions of OpenSearch."""

NDJSON = "application/x-ndjson"
JSON = "application/json"

REMEDIES = {
    **dict.fromkeys((301, 302, 303, 307, 308), "give the URL of the engine itself, no address that sends on to it"),
    401: "give a user and password, or an API key",
    403: "give this user or API key the rights that it lacks",
    404: "`lookalike push` makes an index that is missing; if that does not help, check the URL",
    413: "raise http.max_content_length of the engine",
}
"""By the status of a refusal."""

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How often a request is sent before an engine counts as unavailable, and how long between.

    Attributes
    ----------
    n_attempts : int
        At least 1.
    first_seconds, most_seconds : float
        The wait before the second attempt, which doubles with each further one, and its limit. A random part of up to
        half is taken off, lest many clients come back at the same moment.
    """

    n_attempts: int = 8
    first_seconds: float = 0.25
    most_seconds: float = 10.0

    def wait(self, attempt: int) -> None:
        """Sleep before an attempt, counted from 1, that is not the first."""
        seconds = min(self.most_seconds, self.first_seconds * 2.0 ** (attempt - 2))
        time.sleep(seconds * random.uniform(0.5, 1.0))


@dataclass(frozen=True)
class EngineInfo:
    """Who an engine is, and how it is.

    Attributes
    ----------
    distribution : str
        "OpenSearch" or "Elasticsearch".
    version : str
    n_nodes, n_data_nodes : int
    status : str
        "green"; "yellow", where a copy is missing; "red", where data cannot be reached.
    """

    distribution: str
    version: str
    n_nodes: int
    n_data_nodes: int
    status: str


class Engine:
    """An Elasticsearch or OpenSearch cluster, spoken to when it is first needed.

    Parameters
    ----------
    url : str
        ``https://HOST:9200``; several nodes of one cluster are separated by commas.
    user, password, api_key, ca, seconds
        As in `Access`.
    patience : Patience or None

    Raises
    ------
    LookalikeError
        If the URL cannot be one, or both a user and an API key are given.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        api_key: str | None = None,
        ca: Path | None = None,
        seconds: float = 30.0,
        patience: Patience | None = None,
    ) -> None:
        urls = tuple(_checked(part.strip()) for part in url.split(","))
        if user is not None and api_key is not None:
            raise LookalikeError(f"both a user, {user}, and an API key are given for {urls[0]}; give one of them")
        self.url = ", ".join(urls)
        self.patience = patience or Patience()
        self._access = Access(urls, user, password, api_key, ca, seconds)
        self._known: tuple[Call, str, str] | None = None

    def __repr__(self) -> str:
        return f"Engine({self.url!r})"

    def info(self) -> EngineInfo:
        """Ask who the engine is and how it is.

        Raises
        ------
        EngineUnavailable
            If it gives no answer.
        EngineRefused
            If it refuses to tell.
        LookalikeError
            If it is of a version that is too old or not known, or its client is not installed.
        """
        _, distribution, version = self._connected()
        return self.ask(
            lambda health: EngineInfo(
                distribution, version, health["number_of_nodes"], health["number_of_data_nodes"], health["status"]
            ),
            "GET",
            "/_cluster/health",
        )

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Iterable[bytes] | None = None,
        **parameters: str,
    ) -> Any:
        """Send a request until it is answered, and return the JSON value of the answer; it must be idempotent.

        Parameters
        ----------
        body : mapping, iterable of bytes, or None
            JSON, or lines of JSON.

        Raises
        ------
        EngineUnavailable
            If no attempt was answered, or all were answered with 429 or from 500 on.
        EngineRefused
            If the answer is another error.
        """
        call = self._connected()[0]
        if body is None or isinstance(body, Mapping):
            return self._sent(call, method, path, parameters, body, JSON)
        return self._sent(call, method, path, parameters, b"\n".join([*body, b""]).decode(), NDJSON)

    def ask(
        self,
        read: Callable[[Any], T],
        method: str,
        path: str,
        body: Mapping[str, Any] | Iterable[bytes] | None = None,
        **parameters: str,
    ) -> T:
        """Send a request as `request` does, and return what `read` makes of the answer.

        Raises
        ------
        EngineUnavailable, EngineRefused
            As `request` does, and also unavailable if the answer is none to this request: where `read` misses
            something in it, or raises an error of types or values.
        """
        answer = self.request(method, path, body, **parameters)
        try:
            return read(answer)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise EngineUnavailable(
                f"{self.url} answers {method} {path} as no search engine does ({reprlib.repr(answer)[:300]}); see "
                "what listens there, and what stands between"
            ) from error

    def refusal(self, what: str, reason: str, status: int) -> EngineRefused:
        """Return the error that says that the engine does not do what was asked, why, and what helps."""
        remedy = REMEDIES.get(status, "correct the request, or see the engine's log")
        if "blocked by" in reason:
            remedy = "see whether its disks are full, and take the block away"
        return EngineRefused(f"the search engine at {self.url} refuses {what} ({reason}); {remedy}", status)

    def _connected(self) -> tuple[Call, str, str]:
        if self._known is None:
            self._known = self._connect()
        return self._known

    def _connect(self) -> tuple[Call, str, str]:
        """Find out who the engine is, and return the call of the client that speaks to it, its name and version."""
        try:
            call = opensearch_call(self._access)
        except ImportError:
            return self._connect_elasticsearch()
        distribution, version = self._introduced(call)
        if distribution == "Elasticsearch" and _numbers(version) >= OLDEST_OF_ITS_OWN_CLIENT:
            return self._connect_elasticsearch()
        return call, distribution, version

    def _connect_elasticsearch(self) -> tuple[Call, str, str]:
        try:
            call = elasticsearch_call(self._access)
        except ImportError as error:
            raise LookalikeError(
                f"what speaks to {self.url} is not installed; `pip install lookalike[opensearch]` is for OpenSearch "
                "and Elasticsearch 7.10, `pip install lookalike[elastic]` for Elasticsearch 8 and later"
            ) from error
        return call, *self._introduced(call)

    def _introduced(self, call: Call) -> tuple[str, str]:
        """Return the distribution and version of the engine; raises `LookalikeError` where we do not know it."""
        answer = self._sent(call, "GET", "/", {}, None, JSON)
        told = answer.get("version") if isinstance(answer, Mapping) else None
        if not isinstance(told, Mapping) or "number" not in told:
            raise LookalikeError(f"{self.url} is no search engine: it does not tell its version; check the URL")
        distribution = "OpenSearch" if told.get("distribution") == "opensearch" else "Elasticsearch"
        version = str(told["number"])
        is_known = (
            _numbers(version)[0] in KNOWN_OPENSEARCH
            if distribution == "OpenSearch"
            else _numbers(version) >= OLDEST_ELASTICSEARCH
        )
        if not is_known:
            raise LookalikeError(
                f"{self.url} is {distribution} {version}; use OpenSearch 1 to 3, or Elasticsearch 7.10 or later"
            )
        return distribution, version

    def _sent(
        self, call: Call, method: str, path: str, parameters: Mapping[str, str], body: Any, content_type: str
    ) -> Any:
        attempt = 1
        while True:
            try:
                return call(method, path, parameters, body, content_type)
            except NoAnswer as reason:
                if attempt == self.patience.n_attempts or not reason.may_help:
                    raise EngineUnavailable(
                        f"the search engine at {self.url} cannot be used ({reason}, after {attempt} attempts); "
                        "see whether it runs, and try again"
                    ) from reason
            except EngineRefused as refusal:
                raise self.refusal(f"{method} {path}", str(refusal), refusal.status) from refusal
            attempt += 1
            self.patience.wait(attempt)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise LookalikeError(
            f"a search engine is named like https://HOST:9200, got {url or 'nothing'}; correct the URL"
        )
    if parts.username or parts.password:
        raise LookalikeError(
            f"the URL of the search engine at {parts.hostname} holds a user or password, which logs would show; "
            "give them apart, as LOOKALIKE_ENGINE_USER and LOOKALIKE_ENGINE_PASSWORD"
        )
    return url.rstrip("/")


def _numbers(version: str) -> tuple[int, int]:
    major, minor, *_ = (*version.split("."), "0")
    return cast(tuple[int, int], tuple(int(part) if part.isdigit() else 0 for part in (major, minor)))


def check_whole(engine: Engine, index: str, answer: Mapping[str, Any]) -> None:
    """Raise `EngineUnavailable` where a part of an index did not answer."""
    shards = answer["_shards"]
    n_silent = max(shards["failed"], shards["total"] - shards["successful"])
    if n_silent:
        fact = f"{n_silent} of {shards['total']} parts of the index {index} at {engine.url} did not answer"
    elif answer.get("timed_out"):
        fact = f"the index {index} at {engine.url} did not answer wholly in the time that it gives itself"
    else:
        return
    raise EngineUnavailable(f"{fact}; see the health of the engine, and try again")


def line(value: Any) -> bytes:
    """Return a value as one line of JSON."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")
