"""A change of what describes pictures, seen in the page: it is brought to its end, compared, and cleaned up."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lookalike.collection import Collection
from lookalike.settings import Settings
from tests.browser.conftest import OpenPage
from tests.browser.serving import served
from tests.browser.watching import go

N = 12


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory, draw: Callable[..., Path]) -> Iterator[str]:
    """Where a collection is served whose pictures another version has described since."""
    here = tmp_path_factory.mktemp("changed")
    for seed in range(N):
        draw(here / "drawn" / f"{seed}.png", seed, side=30)
    with Collection(here / "collection", settings=Settings(workers=1, model="classics")) as collection:
        collection.add(here / "drawn")
    connection = sqlite3.connect(here / "collection" / "catalog.db")
    with connection:
        connection.execute("UPDATE spaces SET version = 'older' WHERE name = 'picture'")
    connection.close()
    (here / "collection" / "catalog.crc").unlink()
    with served(here / "collection", LOOKALIKE_MODEL="classics") as address:
        yield address


@pytest.fixture
def page(open_page: OpenPage, changed: str) -> Page:
    return open_page(changed, viewport={"width": 1440, "height": 900})


def test_the_server_brings_a_change_to_its_end_and_two_answers_are_compared(page: Page) -> None:
    go(page, "/care")
    expect(page.get_by_text("A new generation of picture serves now.")).to_be_visible()
    generations = page.locator(".generations")
    expect(generations.get_by_text("kept to go back to")).to_be_visible()
    expect(generations.get_by_text("not installed here any more")).to_be_visible()
    generations.get_by_role("link", name="Compare").click()
    expect(page).to_have_url(re.compile(r"/search\?q=.*&compare=1$"))
    page.get_by_role("link", name="Show all ranked").click()
    expect(page.get_by_text(f"{N - 1} pictures in both; a frame")).to_be_visible()
    expect(page.locator("section ol")).to_have_count(2)
    expect(page.locator("section ol").first.get_by_role("link")).to_have_count(N - 1)


def test_on_a_phone_one_answer_is_shown_at_a_time(open_page: OpenPage, changed: str) -> None:
    page = open_page(changed, viewport={"width": 390, "height": 844})
    go(page, "/search?q=%231&all=1&compare=1")
    sides = page.locator(".sides section")
    expect(sides).to_have_count(2)
    expect(sides.nth(0)).to_be_visible()
    expect(sides.nth(1)).to_be_hidden()
    page.get_by_role("group", name="Which answer").get_by_role("button").nth(1).click()
    expect(sides.nth(0)).to_be_hidden()
    expect(sides.nth(1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_generation_is_deleted_after_a_question(page: Page) -> None:
    go(page, "/care")
    generations = page.locator(".generations")
    expect(generations.get_by_role("listitem")).to_have_count(2)
    generations.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(generations.get_by_role("listitem")).to_have_count(1)
    expect(generations.get_by_text("kept to go back to")).to_have_count(0)
