"""Looking after a collection from the page: folders, albums, lists to take away, and what is to be left out."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import N_MORE, OpenPage, Place
from tests.browser.serving import served
from tests.browser.watching import go


@pytest.fixture
def two_selected(page: Page) -> Locator:
    """The bar of a selection of two pictures, made by keys."""
    go(page, "/search?q=folder:copies")
    cells = page.get_by_role("grid").get_by_role("gridcell")
    expect(cells.nth(1)).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(cells.first.get_by_role("link")).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    bar = page.get_by_role("group", name="Selection")
    expect(bar).to_contain_text("2 selected")
    return bar


def test_a_folder_is_added_and_its_pictures_are_found(page: Page, place: Place) -> None:
    go(page, "/care")
    page.get_by_role("button", name="Add a folder").click()
    chooser = page.get_by_role("dialog", name="Add a folder")
    chooser.get_by_role("button", name=place.more.name).click()
    expect(chooser.get_by_text("No folders in this one.")).to_be_visible()
    chooser.get_by_role("button", name="Add this folder").click()
    expect(chooser).to_have_count(0)
    progress = page.get_by_role("article", name=f"Reading pictures in {place.more.name}").get_by_role("progressbar")
    expect(progress).to_be_visible()
    expect(progress).to_have_attribute("aria-valuetext", re.compile(r"\d+ of \d+ files"))
    expect(progress).to_have_count(0, timeout=60_000)
    work = page.get_by_role("region", name="Work")
    expect(work.get_by_role("heading", name=f"Reading pictures in {place.more.name}")).to_be_visible()
    folders = page.get_by_role("region", name="Folders").get_by_role("listitem")
    expect(folders.filter(has_text=place.more.name)).to_contain_text(f"{N_MORE + 1} files")
    go(page, "/search?q=harvest")
    expect(page.get_by_role("main").get_by_text(re.compile(f"^{N_MORE} pictures"))).to_be_visible()


def test_what_could_not_be_read_is_listed_by_reason(page: Page) -> None:
    go(page, "/care")
    problems = page.get_by_role("region", name="Problems")
    expect(problems).to_contain_text(re.compile("could not be read and (is|are) not searched"))
    expect(problems.get_by_role("strong").first).to_have_text(re.compile(r"\d files?"))
    expect(problems.get_by_role("listitem").filter(has_text="broken.jpg").first).to_be_visible()


def test_searches_are_measured_and_the_graph_is_built(page: Page) -> None:
    go(page, "/care")
    work = page.get_by_role("region", name="Work")
    work.get_by_role("button", name="Measure searches").click()
    work.get_by_role("button", name="Build the graph").click()
    expect(work.get_by_role("heading", name="Building the graph of pictures")).to_be_visible()
    ended = work.get_by_role("article").filter(has_text="The graph holds")
    expect(ended).to_contain_text(re.compile(r"\d+ vectors, and answers where there are many\."))
    work.get_by_text("Earlier work").click()
    measured = work.get_by_role("article").filter(has_text="Measured against exact search.")
    expect(measured).to_contain_text("picture: Every vector is looked at, so nothing is missed")
    expect(work.get_by_role("button", name="Push to the search engine")).to_have_count(0)


def test_a_search_engine_that_is_set_can_be_pushed_to(
    place: Place, address: str, tmp_path: Path, open_page: OpenPage
) -> None:
    shutil.copytree(place.collection, tmp_path / "collection")
    with served(tmp_path / "collection", LOOKALIKE_ENGINE=address) as other:
        page = open_page(other, viewport={"width": 390, "height": 844})
        go(page, "/care")
        work = page.get_by_role("region", name="Work")
        work.get_by_role("button", name="Push to the search engine").click()
        expect(work.get_by_role("heading", name="Bringing the search engine up to date")).to_be_visible()
        # It tries again for some twenty seconds, or says what speaks to an engine and is not installed.
        expect(work.get_by_text(address)).to_be_visible(timeout=120_000)
        page.close()


def test_an_album_is_made_by_keys_renamed_and_reached_by_its_link(page: Page, two_selected: Locator) -> None:
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Add 2 pictures to an album")
    expect(dialog.get_by_role("textbox", name="Album")).to_be_focused()
    page.keyboard.type("Copies made by hand")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    go(page, "/albums")
    page.get_by_role("link", name="Copies made by hand").click()
    expect(page.get_by_role("heading", name="Copies made by hand")).to_be_visible()
    expect(page.get_by_role("grid").get_by_role("gridcell")).to_have_count(2)
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("نسخ <b>made</b> by hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="نسخ <b>made</b> by hand")).to_be_visible()
    page.goto(page.url)
    expect(page.get_by_role("heading", name="نسخ <b>made</b> by hand")).to_be_visible()
    expect(page.get_by_role("grid").get_by_role("gridcell")).to_have_count(2)


def test_an_album_that_is_deleted_leaves_its_pictures(page: Page, two_selected: Locator) -> None:
    page.keyboard.press("a")
    expect(page.get_by_role("textbox", name="Album")).to_be_focused()
    page.keyboard.type("Not for long")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Made Not for long").first).to_be_visible()
    go(page, "/albums")
    page.get_by_role("link", name="Not for long").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete Not for long?").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/albums$"))
    expect(page.get_by_role("link", name="Not for long")).to_have_count(0)
    go(page, "/search?q=folder:copies")
    expect(page.get_by_role("grid").get_by_role("gridcell").nth(1)).to_be_visible()


def test_a_selection_is_taken_away_as_a_table(page: Page, two_selected: Locator) -> None:
    two_selected.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("dialog", name="Export 2 pictures").get_by_role("button", name="Export").click()
    assert download.value.suggested_filename == "pictures.csv"
    with download.value.path().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert all("copies/" in row["paths"] for row in rows)


def test_removing_asks_first(page: Page) -> None:
    go(page, "/search?q=umbrella")
    hits = page.get_by_role("grid").get_by_role("gridcell").get_by_role("link", name=re.compile("umbrella-0001"))
    expect(hits).to_have_count(1)
    hits.click()
    picture = page.get_by_role("dialog", name="umbrella-0001.jpg")
    question = page.get_by_role("dialog", name="Remove this picture from the collection?")
    picture.get_by_role("button", name="Remove from the collection").click()
    expect(question).to_contain_text("The file stays where it is")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    expect(picture).to_be_visible()
    picture.get_by_role("button", name="Remove from the collection").click()
    question.get_by_role("button", name="Remove").click()
    expect(picture).to_have_count(0)
    expect(page.get_by_text("Removed 1 picture from the collection").first).to_be_visible()
    expect(hits).to_have_count(0)
