"""Runs the reliability rows at their full size and prints one table: row, figure to reach, reached, command.

`LOOKALIKE_SOAK_SHARE=0.1` runs a tenth of everything.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "soak.xml"
        options = ["-m", "soak", "--quiet", "--override-ini=junit_family=xunit1", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *(sys.argv[1:] or ["tests"])]
        code = subprocess.run(command, cwd=ROOT).returncode
        rows = sorted(table_rows(report)) if report.exists() else []
    share = os.environ.get("LOOKALIKE_SOAK_SHARE")
    table = Table(title=f"Reliability, {share} of the full size" if share else "Reliability")
    for name in ("row", "figure to reach", "reached", "command"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return code


def table_rows(report: Path) -> list[tuple[str, str, str, str]]:
    """Return the row, what to reach, what was reached and the command of every test that noted a figure or failed."""
    rows = []
    for case in ElementTree.parse(report).iter("testcase"):
        noted = {item.get("name"): item.get("value", "") for item in case.iter("property")}
        file = "/".join(case.get("classname", "").split(".")) + ".py"
        command = f"pytest -m soak {file}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            rows.append((noted.get("row", "?"), noted.get("to_reach", ""), f"FAILED: {case.get('name')}", command))
        elif skipped is not None:
            rows.append(("?", "", f"SKIPPED: {skipped.get('message')}", command))
        elif "row" in noted:
            rows.append((noted["row"], noted["to_reach"], noted["reached"], command))
    return rows


if __name__ == "__main__":
    sys.exit(main())
