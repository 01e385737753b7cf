"""Takes the pictures of the page that the documentation shows, from a drawn sample: `make docs`.

python scripts/screenshots.py [--into docs] [--chromium PATH]
"""

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import lookalike as la
from lookalike.sample import draw_world, read_manifest

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SETTLING_MS = 2500
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def main() -> None:
    """Draw, index, serve, and look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--into", type=Path, default=Path(__file__).parent.parent / "docs")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        draw_world(place / "pictures", n_pictures=360, seed=7)
        with la.open(place / "holiday") as photos:
            photos.add(place / "pictures")
            photos.make_album("Lighthouses", query="lighthouse")
            photos.make_album("By the sea", query="boat | lighthouse")
            drawn = {Path(picture.path).stem: picture.path for picture in read_manifest(place / "pictures").pictures}
            [windmill] = photos.items(f'"{Path(drawn["windmill-0004"]).name}"')
        command = [sys.executable, "-m", "lookalike", "--collection", str(place / "holiday"), "serve", "--no-open"]
        with (
            subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as server,
            sync_playwright() as playwright,
        ):
            try:
                address = address_of(server)
                browser = playwright.chromium.launch(executable_path=options.chromium, args=ARGUMENTS)
                query = f"/search?q=%23{windmill.id}"
                shoot(browser, address + "/", DESKTOP, "light", options.into / "page-home.webp")
                shoot(browser, address + query, DESKTOP, "dark", options.into / "page-search.webp")
                shoot(browser, address + query, PHONE, "light", options.into / "page-phone.webp")
                browser.close()
            finally:
                server.terminate()


def address_of(server: subprocess.Popen[str]) -> str:
    """Return where the server is reached, once it says so."""
    assert server.stdout is not None
    for line in server.stdout:
        if found := re.search(r"http://[\w.:\[\]]+\d", line):
            return found[0]
    raise SystemExit("the server did not start")


def shoot(browser: Browser, url: str, size: dict[str, int], scheme: str, destination: Path) -> None:
    """Open an address, wait until its pictures are there, and write what is seen as WebP."""
    context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=1)
    page = context.new_page()
    page.goto(url)
    settle(page)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.save(destination, quality=80, method=6)
    context.close()


def settle(page: Page) -> None:
    """Wait until the pictures near the window are there."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(SETTLING_MS)  # a stream of events stays open, so the network is never idle


if __name__ == "__main__":
    main()
