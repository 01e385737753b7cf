"""Texts that are meant to leave a folder, or a string of SQL."""

from itertools import product
from pathlib import Path
from urllib.parse import quote


def path_strings(root: Path, collection: Path) -> list[str]:
    """Return at least 200 texts that name what lies outside a root that may be added, each in another disguise."""
    place = root.parent
    outside = [
        f"{place}/secret.txt",
        f"{place}/beside/other.jpg",
        f"{collection}/secret.txt",
        f"{collection}/catalog.db",
        f"{root}/way out/other.jpg",
        f"{root}/leak.jpg",
        f"{root}/../secret.txt",
        f"{root}/Rome/../../beside",
        "/etc/passwd",
        "/proc/self/environ",
        "../secret.txt",
        "../../../../../../../../etc/passwd",
        "way out/.",
    ]
    return list(dict.fromkeys([*(disguise(way) for disguise, way in product(DISGUISES, outside)), *SINGLE]))


def _overlong(way: str) -> str:
    return way.replace(".", "%c0%ae").replace("/", "%c0%af")


DISGUISES = (
    lambda way: way,
    lambda way: quote(way, safe=""),
    lambda way: quote(quote(way, safe=""), safe=""),
    lambda way: way.replace(".", "%2e"),
    lambda way: way.replace("/", "%2f"),
    _overlong,
    lambda way: way.replace("/", "%u2215").replace(".", "%u002e"),
    lambda way: way.replace("/", "\\"),
    lambda way: way.replace("/", "//"),
    lambda way: way.replace("../", "....//"),
    lambda way: f"/./{way}",
    lambda way: f"file://{way}",
    lambda way: f"{way}\0.jpg",
    lambda way: f"{way}%00.png",
    lambda way: f"{way};x=.jpg",
    lambda way: f"image:{way}",
    lambda way: f'image:"{way}"',
    lambda way: way.replace("/", "∕").replace(".", "․"),
    lambda way: way.replace("/", "／").replace(".", "．"),
    lambda way: way.replace("..", ".\u200b."),
)

SINGLE = (
    "..",
    ".",
    "...",
    "~",
    "~root",
    "~/.ssh/id_rsa",
    "\\\\server\\share\\secret.txt",
    "\\\\?\\C:\\Windows\\win.ini",
    "\\\\.\\PhysicalDrive0",
    "C:\\Windows\\win.ini",
    "C:/Windows/win.ini",
    "C:secret.txt",
    "c:..\\..\\secret.txt",
    "secret.txt::$DATA",
    "secret.txt.",
    "secret.txt ",
    "CON",
    "NUL",
    "AUX.jpg",
    "COM1",
    "LPT1.png",
    "PRN",
    "/dev/zero",
    "/dev/stdin",
    "/proc/self/fd/0",
    "/proc/self/root/etc/passwd",
    "/proc/self/cwd",
    "$HOME",
    "${HOME}",
    "%HOME%",
    "%SYSTEMROOT%\\win.ini",
    "$(cat /etc/passwd)",
    "`cat /etc/passwd`",
    "|cat /etc/passwd",
    "http://127.0.0.1/secret.txt",
    "//evil.example/secret.txt",
    "secret.txt\r\nX-Secret: 1",
    "\u202egpj.terces",
    "..\u2044..\u2044secret.txt",
    "\ufeff../secret.txt",
    "\ud800/../secret.txt",
    "\udcff\udcfe",
    "../" * 1000 + "etc/passwd",
    "/" * 5000 + "etc/passwd",
    "a/" * 2000 + "../" * 2001 + "etc/passwd",
    "x" * 4096,
    "x" * 70_000,
)
"""Texts that stand for themselves."""


def injections() -> list[str]:
    """Return 500 texts that end a string of SQL or of a full-text query, and go on after it."""
    return list(dict.fromkeys(f"{start}{middle}{end}" for middle, start, end in product(MIDDLES, STARTS, ENDS)))[:500]


STARTS = ("'", '"', "x'", "x')", "1", "\\'", "%'", "]", "`")
ENDS = (" --", ";--", "/*", "", "#", " AND '1'='1")
MIDDLES = (
    " OR 1=1",
    " OR 'a'='a",
    "; DROP TABLE items",
    " UNION SELECT * FROM items",
    " UNION ALL SELECT NULL, sql FROM sqlite_schema",
    " AND (SELECT count(*) FROM files) > 0",
    " AND 1=(SELECT 1 FROM items WHERE substr(sha256,1,1)='a')",
    "; DELETE FROM files WHERE 1",
    "; UPDATE items SET title='x'",
    "; INSERT INTO albums(name) VALUES('x')",
    "; ATTACH DATABASE '/tmp/x.db' AS x",
    "; PRAGMA writable_schema=1",
    " || (SELECT group_concat(path) FROM files) || ",
    " AND randomblob(1000000000)",
    " AND load_extension('x')",
    " LIKE '%' ESCAPE '\\'",
    " MATCH 'a* OR b*'",
    " NEAR(red boat, 5)",
    " ORDER BY 99",
    "; VACUUM",
    " HAVING 1=1",
)
