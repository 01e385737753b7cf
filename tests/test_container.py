"""The container's files: what they say, and the same steps run without a container engine."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PASSWORD = "only for this test"


class Instruction(NamedTuple):
    """One instruction of a Dockerfile: in which stage, which, its options, and the rest of its line."""

    stage: int
    name: str
    options: dict[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        return json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)


def read_dockerfile(text: str) -> list[Instruction]:
    """Return the instructions; a backslash at the end joins lines, and # begins a comment."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    stage, found = -1, []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        name, rest = line.split(maxsplit=1)
        options = {}
        while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            options[match[1]], rest = match[2], rest[match.end() :]
        stage += name == "FROM"
        found.append(Instruction(stage, name, options, rest))
    return found


DOCKERFILE = read_dockerfile((ROOT / "Dockerfile").read_text())
LAST = max(instruction.stage for instruction in DOCKERFILE)


def named(name: str, stage: int | None = None) -> list[Instruction]:
    return [one for one in DOCKERFILE if one.name == name and stage in (None, one.stage)]


def only(name: str, stage: int) -> Instruction:
    [instruction] = named(name, stage)
    return instruction


def health_command() -> list[str]:
    kind, command = only("HEALTHCHECK", LAST).rest.split(maxsplit=1)
    assert kind == "CMD"
    words: list[str] = json.loads(command)
    return words


# --- What the files say ------------------------------------------------------------------------------------------


def test_every_base_image_is_pinned_to_a_version() -> None:
    images = [instruction.words[0] for instruction in named("FROM")]
    assert len(images) == 3
    for image in images:
        assert re.fullmatch(r"(node|python):\d+\.\d+\.\d+-(bookworm-slim|slim-bookworm)", image), image
    assert images[1] == images[2]  # what one stage installs, the other must run


def test_what_runs_is_not_the_superuser_and_owns_only_its_data() -> None:
    assert only("USER", LAST).rest == "lookalike"
    made = only("RUN", LAST).rest
    assert "useradd --uid 1000 " in made
    assert made.endswith("install --directory --owner=lookalike --group=lookalike /data /models /pictures")
    names = [instruction.name for instruction in DOCKERFILE if instruction.stage == LAST]
    assert names.index("USER") > names.index("COPY")


def test_nothing_comes_from_an_address_and_no_secret_is_baked_in() -> None:
    assert named("ADD") == []
    assert named("ARG") == []
    for instruction in DOCKERFILE:
        assert not re.search(r"https?://(?!127\.0\.0\.1)|curl|wget|git clone", instruction.rest), instruction
    for instruction in named("ENV"):
        assert not re.search(r"PASSWORD|TOKEN|SECRET|KEY", instruction.rest, re.IGNORECASE)


def test_everything_that_is_installed_is_checked_against_hashes() -> None:
    installs = [one.rest for one in named("RUN") if re.search(r"pip install|npm", one.rest)]
    assert len(installs) == 4
    for install in installs:
        assert re.search(r"--require-hashes|--no-deps|npm ci|npm run", install), install
    locked = (ROOT / "requirements" / "core.txt").read_text()
    pinned = re.findall(r"^[A-Za-z0-9._-]+(?:\[[a-z,_-]+\])?==.*?(?=^[A-Za-z0-9]|\Z)", locked, re.MULTILINE | re.DOTALL)
    assert len(pinned) > 20
    assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []


def is_sent(path: str) -> bool:
    """Tell whether a path reaches the engine: the last line of .dockerignore that fits it decides."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        fits = any(fnmatch.fnmatchcase(part, pattern) for part in (path, path.split("/")[0], Path(path).name))
        if line and not line.startswith("#") and (fits or path.startswith(f"{pattern}/")):
            kept = line.startswith("!")
    return kept


def test_every_file_that_is_copied_is_there_and_is_sent() -> None:
    sources = [word for one in named("COPY") if "from" not in one.options for word in one.words[:-1]]
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists(), source
        assert is_sent(source.rstrip("/")), source
    for private in (".git/config", ".venv/bin/python", "demo/pictures", "web/node_modules/x", "src/a/__pycache__", "x"):
        assert not is_sent(private), private


def test_what_is_copied_from_a_stage_was_made_there() -> None:
    stages = {instruction.words[2] for instruction in named("FROM") if len(instruction.words) > 1}
    assert {one.options["from"] for one in named("COPY") if "from" in one.options} == stages == {"page", "program"}
    built = re.search(r'outDir: "\.\./(.*)"', (ROOT / "web" / "vite.config.ts").read_text())
    assert built is not None
    assert f"/build/{built[1]}/" in {one.words[0] for one in named("COPY") if one.options.get("from") == "page"}
    assert {"build"} <= set(json.loads((ROOT / "web" / "package.json").read_text())["scripts"])


def test_data_lies_in_volumes_and_the_port_is_the_servers() -> None:
    assert only("VOLUME", LAST).words == ["/data", "/models"]
    variables = dict(word.split("=", 1) for word in only("ENV", LAST).words)
    assert variables["LOOKALIKE_COLLECTION"] == "/data/collection"
    assert variables["LOOKALIKE_MODELS"] == "/models"
    port = only("EXPOSE", LAST).rest
    assert only("CMD", LAST).words == ["serve", "/pictures", "--host", "0.0.0.0", "--port", port, "--no-open"]
    assert f":{port}/healthz" in health_command()[-1]


def test_the_health_command_is_python() -> None:
    command = health_command()
    assert command[:2] == ["python", "-c"]
    compile(command[2], "healthcheck", "exec")


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    """The one service of the example for compose."""
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert list(services) == ["lookalike"]
    found: dict[str, Any] = services["lookalike"]
    return found


def test_the_example_gives_the_container_as_little_as_it_needs(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "1000:1000"
    assert not service.get("privileged") and "network_mode" not in service
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
    assert service["ports"] == ["127.0.0.1:8177:8177"]


def test_the_example_mounts_pictures_read_only_and_keeps_the_rest(service: dict[str, Any]) -> None:
    pictures, *kept = service["volumes"]
    assert pictures.endswith("}:/pictures:ro")
    assert kept == ["data:/data", "models:/models"]
    assert set(yaml.safe_load((ROOT / "compose.yaml").read_text())["volumes"]) == {"data", "models"}


def test_without_a_password_the_example_says_what_to_set(service: dict[str, Any]) -> None:
    value = service["environment"]["LOOKALIKE_PASSWORD"]
    assert re.fullmatch(r"\$\{LOOKALIKE_PASSWORD:\?set LOOKALIKE_PASSWORD [a-z ]+\}", value)
    assert "LOOKALIKE_TOKEN" not in service["environment"]  # an empty one is an error


# --- The same steps ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the second stage builds, from what it copies, with a page, which git ignores."""
    build = tmp_path_factory.mktemp("build")
    for copy in named("COPY", 1):
        *sources, target = copy.words
        for source in sources:
            if "from" in copy.options:
                draw_page(build / target)
            elif source.endswith("/"):
                shutil.copytree(ROOT / source, build / target, ignore=shutil.ignore_patterns("__pycache__", "page"))
            else:
                (build / target).mkdir(exist_ok=True)
                shutil.copy(ROOT / source, build / target)
    (build / ".gitignore").write_text("/src/lookalike/api/page/\n")
    [command] = [run.rest for run in named("RUN", 1) if "pip wheel" in run.rest]
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    subprocess.run(command, cwd=build, shell=True, check=True, env=environment)
    [wheel] = (build / "wheels").glob("*.whl")
    return wheel


def draw_page(folder: Path) -> None:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>the page of the wheel</title>")
    (folder / "assets" / "page.js").write_text("")


def test_the_wheel_holds_the_page_although_git_ignores_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"lookalike/api/page/index.html", "lookalike/api/page/assets/page.js"} <= names
    assert "lookalike/api/app.py" in names
    assert not any(name.startswith(("tests/", "web/")) for name in names)


@contextmanager
def served(wheel: Path, place: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run the image's command with the wheel's program, but with other folders and any free port."""
    site = wheel.parent / "site"
    if not site.exists():
        install = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", f"--target={site}", str(wheel)]
        subprocess.run(install, check=True)
    (place / "pictures").mkdir(exist_ok=True)
    words = [str(place / "pictures") if word == "/pictures" else word for word in only("CMD", LAST).words]
    words[words.index("--port") + 1] = "0"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")} | variables
    environment |= {"PYTHONPATH": str(site), "LOOKALIKE_COLLECTION": str(place / "data" / "collection")}
    command = [sys.executable, "-m", *only("ENTRYPOINT", LAST).words, *words]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def is_healthy(address: str) -> bool:
    """Tell what the health command says, asking another port."""
    _, option, script = health_command()
    script = script.replace("127.0.0.1:8177", address.removeprefix("http://"))
    return subprocess.run([sys.executable, option, script], capture_output=True).returncode == 0


def test_the_container_starts_healthy_with_a_password_and_not_without(wheel: Path, tmp_path: Path) -> None:
    with served(wheel, tmp_path) as process:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "LOOKALIKE_PASSWORD" in errors
    with served(wheel, tmp_path, LOOKALIKE_PASSWORD=PASSWORD) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert is_healthy(address)
        with urllib.request.urlopen(address) as page:
            assert b"the page of the wheel" in page.read()
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{address}/v1/server")
        refused.value.close()
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0
    assert not is_healthy(address)
