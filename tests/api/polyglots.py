"""Files that are a picture to one program and a page, a script or an archive to another."""

import io
import struct
import zipfile
import zlib
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

SCRIPT = "document.title='a script ran';alert('a script ran')"
"""What shows in a browser that the file was taken for more than a picture."""

PAGE = f"<!doctype html><html><body><script>{SCRIPT}</script></body></html>".encode()
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script></svg>'.encode()
XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>%s</script></html>' % SCRIPT.encode()


def polyglots() -> dict[str, bytes]:
    """Return the files by their names; those that are proper pictures can be indexed, the rest must be refused."""
    return {
        "script.gif": _gif_script(),
        "comment.gif": _gif_comment(),
        "tail.gif": _saved("GIF", 1) + PAGE,
        "tail.png": _saved("PNG", 2) + PAGE,
        "text.png": _saved("PNG", 3, pnginfo=_texts()),
        "chunk.png": _png_chunk(),
        "comment.jpg": _saved("JPEG", 4, comment=PAGE),
        "exif.jpg": _saved("JPEG", 5, exif=_exif()),
        "archive.jpg": _saved("JPEG", 6) + _archive(),
        "archive.webp": _saved("WEBP", 7) + _archive(),
        "xmp.webp": _saved("WEBP", 8, xmp=XHTML),
        "script.bmp": _bmp_script(),
        "tail.avif": _saved("AVIF", 9) + PAGE,
        "tail.tif": _saved("TIFF", 10) + PAGE,
        "page.jpg": PAGE,
        "drawing.svg": SVG,
        "drawing.png": SVG,
        "page.png": XHTML,
        "page.webp": PAGE.decode().encode("utf-16"),
        "false.gif": f"GIF89a=1;{SCRIPT}".encode(),
        "before.png": PAGE + _saved("PNG", 11),
        "document.jpg": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF",
    }


def _drawn(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8).repeat(2, axis=1))


def _saved(form: str, seed: int, **options: Any) -> bytes:
    file = io.BytesIO()
    _drawn(seed).save(file, form, **options)
    return file.getvalue()


def _texts() -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", PAGE.decode())
    texts.add_itxt("Description", PAGE.decode())
    return texts


def _png_chunk() -> bytes:
    """Return a PNG whose first chunk after the header is a page, within what browsers sniff."""
    picture = _saved("PNG", 12)
    body = b"teSt" + PAGE
    chunk = struct.pack(">I", len(PAGE)) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:33] + chunk + picture[33:]


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = PAGE.decode()
    exif[0x0110] = f'"><script>{SCRIPT}</script>'
    return exif


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.html", PAGE)
        archive.writestr("META-INF/MANIFEST.MF", "Main-Class: Ran\n")
    return file.getvalue()


def _gif_script() -> bytes:
    """Return a GIF that is a script as well: its width opens a comment, which ends after the picture."""
    picture = _saved("GIF", 13)
    return b"GIF89a/*" + picture[8:] + f"*/=1;{SCRIPT}".encode()


def _gif_comment() -> bytes:
    """Return a GIF with a page in its comment, before the picture."""
    picture = _saved("GIF", 14)
    at = 13 + 3 * (2 << (picture[10] & 7))
    parts = b"".join(bytes([len(PAGE[i : i + 255])]) + PAGE[i : i + 255] for i in range(0, len(PAGE), 255))
    return picture[:at] + b"!\xfe" + parts + b"\0" + picture[at:]


def _bmp_script() -> bytes:
    """Return a BMP that is a script as well: the length of the file, which nobody reads, opens a comment."""
    picture = _saved("BMP", 15)
    return b"BM/*\0\0" + picture[6:] + f"*/=1;{SCRIPT}".encode()
