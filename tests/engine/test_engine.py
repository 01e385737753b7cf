"""Who an engine is, by which right it is used, and what is said when it cannot be."""

import base64
import subprocess
from pathlib import Path

import pytest

from lookalike.errors import EngineRefused, EngineUnavailable, LookalikeError
from lookalike.index.elastic import Engine, Patience
from lookalike.index.elastic.clients import Access, elasticsearch_call
from tests.engine.nodes import free_ports
from tests.engine.proxy import Proxy

ONCE = Patience(n_attempts=1)


def test_an_engine_tells_who_it_is_and_how_it_is(engine: Engine) -> None:
    info = engine.info()
    assert (info.distribution, info.version) in {("OpenSearch", "3.3.2"), ("Elasticsearch", "7.10.2")}
    assert (info.n_nodes, info.n_data_nodes) == (1, 1)
    assert info.status in ("green", "yellow")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("localhost:9200", "named like https://HOST:9200, got localhost:9200"),
        ("", "got nothing"),
        ("https://host/path", "named like"),
        ("https://ada:secret@host:9200", "at host holds a user or password"),
        ("http://host:9200,ftp://host", "got ftp://host"),
    ],
)
def test_a_url_that_cannot_be_one_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(LookalikeError, match=sentence) as error:
        Engine(url)
    assert "secret" not in str(error.value)


def test_a_user_and_a_key_together_are_refused() -> None:
    with pytest.raises(LookalikeError, match="both a user, ada, and an API key"):
        Engine("https://host:9200", user="ada", api_key="abc")


def test_an_engine_that_is_not_there_is_said_to_be_unavailable() -> None:
    (port,) = free_ports(1, range(29000, 29100))
    with pytest.raises(EngineUnavailable, match=f"127.0.0.1:{port} cannot be used .*after 2 attempts"):
        Engine(f"http://127.0.0.1:{port}", patience=Patience(2, 0.01, 0.01)).info()


def test_of_several_nodes_one_that_answers_is_enough(url: str) -> None:
    (port,) = free_ports(1, range(29000, 29100))
    engine = Engine(f"http://127.0.0.1:{port}, {url}", patience=Patience(4, 0.01, 0.01))
    for _ in range(5):
        assert engine.info().n_nodes == 1


def test_user_and_password_or_an_api_key_are_sent(url: str) -> None:
    basic = "Basic " + base64.b64encode(b"ada:love lace").decode()
    with Proxy(url, authorization=basic) as proxy:
        assert Engine(proxy.url, user="ada", password="love lace").info()
        with pytest.raises(EngineRefused, match="give a user and password, or an API key"):
            Engine(proxy.url).info()
    with Proxy(url, authorization="ApiKey Zm9vOmJhcg==") as proxy:
        assert Engine(proxy.url, api_key="Zm9vOmJhcg==").info()
        with pytest.raises(EngineRefused, match="401 who are you"):
            Engine(proxy.url, api_key="other").info()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody vouches for, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def test_tls_takes_a_certificate_that_somebody_vouches_for(url: str, certificate: tuple[Path, Path]) -> None:
    with Proxy(url, certificate=certificate) as proxy:
        assert Engine(proxy.url, ca=certificate[0]).info()
        with pytest.raises(EngineUnavailable, match=r"no secure connection: .*certificate.*after 1 attempts"):
            Engine(proxy.url).info()
        with pytest.raises(LookalikeError, match="no certificates that can be read"):
            Engine(proxy.url, ca=Path(__file__)).info()


def test_the_client_of_elasticsearch_8_says_what_older_engines_need(url: str) -> None:
    call = elasticsearch_call(Access((url,)))
    with pytest.raises(LookalikeError, match=r"lookalike\[opensearch\]"):
        call("GET", "/", {}, None, "application/json")
