"""The document from which the page's client is generated is that of the application."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_document_beside_the_page_is_what_the_application_says_of_itself() -> None:
    script = ROOT / "scripts" / "openapi.py"
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
