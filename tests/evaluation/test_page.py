"""The page of an evaluation: whole, bounded, and safe whatever files are called."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lookalike.evaluation import Evaluation, evaluate, read_data_set, write_page
from lookalike.evaluation.page import page as page_of
from lookalike.metrics import reliability
from lookalike.types import Describer

Paint = Callable[..., Path]


class Reader(HTMLParser):
    """Notes tags, their attributes, and text; and that what is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def evaluated(source: Path, *describers: Describer) -> Evaluation:
    return evaluate(read_data_set(source), {describer.name: describer for describer in describers}, n_workers=1)


def written(evaluation: Evaluation, folder: Path) -> Reader:
    write_page(evaluation, folder / "page.html", n_workers=1)
    reader = Reader((folder / "page.html").read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


@pytest.fixture
def page(classes: Path, tmp_path: Path, mean: Describer, constant: Describer) -> Reader:
    return written(evaluated(classes, constant, mean), tmp_path)


def test_it_needs_nothing_else(page: Reader) -> None:
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert all((image["src"] or "").startswith("data:image/webp;base64,") for image in page.all("img"))
    assert [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")] == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    ]


def test_it_names_spaces_measures_and_the_lead_of_the_best(page: Reader) -> None:
    anchors = {link["href"] for link in page.all("a")}
    assert anchors == {"#space-mean", "#space-constant"}
    assert {f"#{section.get('id')}" for section in page.all("section")} >= anchors
    assert "recall@precision=0.9" in page.text
    assert "1.000 to 1.000" in page.text
    assert "0.338" in page.text, "what the one that sees nothing is behind: 1 less the mean of 1 and 0.325"


def test_every_hit_of_the_extreme_queries_is_marked_right_or_wrong(page: Reader) -> None:
    marks = [item["class"] for item in page.all("li")]
    assert len(marks) == 2 * 10 * 5, "spaces, queries at both ends, others"
    assert marks.count("right") == 2 * 10 * 2
    assert set(marks) == {"right", "wrong"}
    assert all(image["alt"] for image in page.all("img"))


def test_reliability_is_drawn_where_something_is_claimed(classes: Path, mean: Describer) -> None:
    evaluation = evaluated(classes, mean)
    space = evaluation.spaces["mean"]
    assert space.honesty is not None
    claims = reliability(np.array([0.55, 0.95, 0.95]), np.array([False, True, True]))
    honesty = replace(space.honesty, precision=2 / 3, claimed=0.82, bins=claims)
    drawn = Reader(page_of(replace(evaluation, spaces={"mean": replace(space, honesty=honesty)}), {}))
    assert [svg["aria-label"] for svg in drawn.all("svg") if svg.get("role") == "img"] == ["Reliability diagram"]
    assert "claimed 0.55, true 0.00, 1 hitsclaimed 0.95, true 1.00, 2 hits" in drawn.text
    assert "Of what is shown 67% is right, where scores claim 82%." in drawn.text
    nothing = replace(honesty, precision=math.nan, bins=reliability(np.zeros(0), np.zeros(0, dtype=np.bool_)))
    empty = Reader(page_of(replace(evaluation, spaces={"mean": replace(space, honesty=nothing)}), {}))
    assert not [svg for svg in empty.all("svg") if svg.get("role") == "img"]
    assert "Of what is shown" not in empty.text


def test_pictures_are_small_and_bounded(tmp_path: Path, mean: Describer, paint: Paint) -> None:
    for number in range(40):
        paint(tmp_path / "many" / ("red", "green")[number % 2] / f"{number}.png", ("red", "blue")[number % 2], number)
    page = written(evaluated(tmp_path / "many", mean), tmp_path)
    assert len(page.all("img")) == 10 * 9
    assert max(len(image["src"] or "") for image in page.all("img")) < 5000


def test_names_of_files_cannot_plant_anything(tmp_path: Path, mean: Describer, paint: Paint) -> None:
    name = '"><img src=x onerror=alert(1)>'
    for number in range(2):
        paint(tmp_path / "in" / name / f"{number}{name}.png", "red", number)
    (tmp_path / "in" / "a&b<i>.jpg").write_bytes(b"\xff\xd8\xff broken")
    page = written(evaluated(tmp_path / "in", mean), tmp_path)
    assert {image.get("onerror") for image in page.all("img")} == {None}
    assert name in page.text
    assert "a&b<i>.jpg" in page.text
    assert page.all("i") == []


def test_names_that_are_not_text_and_pictures_that_are_gone_are_shown_by_name(
    tmp_path: Path, mean: Describer, paint: Paint
) -> None:
    folder = tmp_path / "in" / "caf\udce9"
    for number in range(2):
        paint(tmp_path / f"{number}.png", "red", number)
        folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{number}.png").rename(folder / f"{number}.png")
    evaluation = evaluated(tmp_path / "in", mean)
    (folder / "1.png").unlink()
    page = written(evaluation, tmp_path)
    assert "caf?/1.png" in page.text
    assert {image["alt"] for image in page.all("img")} == {"caf?/0.png"}


def test_captions_are_written_where_pictures_stand(tmp_path: Path, named: Describer, paint: Paint) -> None:
    for number, colour in enumerate(("red", "green")):
        paint(tmp_path / f"{colour}.png", colour, number)
    (tmp_path / "c.csv").write_text("path,caption\nred.png,a <b>red</b> red picture\ngreen.png,plain green\n")
    page = written(evaluated(tmp_path / "c.csv", named), tmp_path)
    assert len(page.all("blockquote")) == 4
    assert "a <b>red</b> red picture" in page.text


def test_domains_are_a_table_and_what_was_skipped_is_told(tmp_path: Path, mean: Describer, paint: Paint) -> None:
    for number in range(2):
        paint(tmp_path / "in" / "old" / "barn" / f"{number}.png", "red", number)
        paint(tmp_path / "in" / "new" / "barn" / f"{number}.png", "red", number + 2)
    (tmp_path / "in" / "broken.jpg").write_bytes(b"nothing")
    page = written(evaluated(tmp_path / "in", mean), tmp_path)
    assert re.search(r"Domains\s+Mean average precision\s*mean\s+new1\.000\s+old1\.000", page.text)
    assert "1 skipped" in page.text
