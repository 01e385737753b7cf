"""The documents' Python runs, their commands exist, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

from lookalike.query import parse
from lookalike.sample import draw_world

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation")
    draw_world(folder / "demo" / "pictures", n_pictures=130, seed=7)
    return folder


def test_the_readmes_ten_lines_run_letter_by_letter(
    demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert "1 windmill-0001.jpg" in capsys.readouterr().out
    assert (demo / "answer.png").stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_target_that_the_documents_name_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE)}
    assert named <= targets


def test_every_query_of_the_documents_can_be_asked() -> None:
    queries = [query for page in PAGES for query in re.findall(r"lookalike search '([^']+)'", page.read_text())]
    assert len(queries) > 15
    for query in queries:
        assert parse(query, paths=True)
