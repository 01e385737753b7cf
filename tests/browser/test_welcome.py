"""The page of a collection that holds nothing yet."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.serving import served
from tests.browser.watching import go


@pytest.mark.parametrize("width", [390, 1440])
def test_a_sample_is_one_click_away(open_page: OpenPage, tmp_path: Path, width: int) -> None:
    with served(tmp_path / "collection") as address:
        page = open_page(address, viewport={"width": width, "height": 800})
        go(page, "/")
        expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
        page.get_by_role("button", name="Try it with drawn pictures").click()
        expect(page.get_by_role("heading", name="The first pictures are on their way")).to_be_visible()
        work = page.get_by_role("region", name="Running work")
        expect(work).to_contain_text(re.compile(r"Drawing sample pictures.*\d+ of 720"))
        work.get_by_role("button", name="Pause").click()
        expect(work).to_contain_text("paused")
        page.close()  # before the server ends, of which it would complain
    assert (tmp_path / "sample pictures").is_dir()
