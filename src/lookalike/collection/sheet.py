"""A contact sheet: queries, their hits, scores and evidence as one picture."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, ImageOps

from lookalike.collection.hits import Hit, Hits
from lookalike.types import Image

WIDTH = 1440
MARGIN = 28
GAP = 8
QUERY_WIDTH = 252
HIT_HEIGHT = 148
CAPTION_HEIGHT = 38

PAPER = (250, 250, 248)
INK = (32, 33, 36)
QUIET = (112, 115, 120)
LINE = (224, 224, 220)
ACCENT = (38, 103, 199)

Point = tuple[int, int]


def draw_sheet(answers: Sequence[Hits], titles: Sequence[str] = ()) -> Pillow.Image:
    """Return the sheet of one or several answers, each a band: the query at the left, its hits in justified rows.

    Parameters
    ----------
    answers : sequence of Hits
    titles : sequence of str
        What each query means, in words; where there is none, only the query is written.
    """
    titled = zip(answers, [*titles, *[""] * len(answers)], strict=False)
    bands = [_band(answer, title) for answer, title in titled]
    height = sum(band.height for band in bands) + MARGIN * (len(bands) + 1)
    sheet = Pillow.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = MARGIN
    for number, band in enumerate(bands):
        if number:
            draw.line([(MARGIN, top - MARGIN // 2), (WIDTH - MARGIN, top - MARGIN // 2)], fill=LINE)
        sheet.paste(band, (MARGIN, top))
        top += band.height + MARGIN
    return sheet


def _band(answer: Hits, title: str) -> Pillow.Image:
    query = _query_block(answer, title)
    rows = list(_rows(answer, WIDTH - 2 * MARGIN - QUERY_WIDTH - 2 * GAP))
    height = max(query.height, sum(row.height + GAP for row in rows) - GAP if rows else 0)
    band = Pillow.new("RGB", (WIDTH - 2 * MARGIN, height), PAPER)
    band.paste(query, (0, 0))
    top = 0
    for row in rows:
        band.paste(row, (QUERY_WIDTH + 2 * GAP, top))
        top += row.height + GAP
    return band


def _query_block(answer: Hits, title: str) -> Pillow.Image:
    query = _without_folders(answer.query)
    lines = _wrapped(title or query, _font(17), QUERY_WIDTH)[:4]
    facts = [f"{len(answer)} hits, {answer.seconds * 1000:.0f} ms"]
    for text in (query if title else "", answer.note or ("Scores are calibrated." if answer.pictures else "")):
        facts += _wrapped(text, _font(13), QUERY_WIDTH)
    pictures = [ImageOps.contain(_opened(picture), (QUERY_WIDTH, 150)) for picture in answer.pictures[:2]]
    height = sum(picture.height + GAP for picture in pictures) + 23 * len(lines) + 6 + 18 * len(facts) + 6
    block = Pillow.new("RGB", (QUERY_WIDTH, max(height, HIT_HEIGHT)), PAPER)
    draw = ImageDraw.Draw(block)
    top = 0
    for picture in pictures:
        block.paste(picture, (0, top))
        top += picture.height + GAP
    top = _write(draw, (0, top), lines, _font(17), INK, 23)
    _write(draw, (0, top + 6), facts, _font(13), QUIET, 18)
    return block


def _without_folders(query: str) -> str:
    """Return a query with the names of files alone: the pictures stand above, their folders are no news.

    >>> _without_folders('image:"../a b/c d.jpg"@shape image:e/f.jpg')
    'image:"c d.jpg"@shape image:f.jpg'
    """
    return re.sub(r'image:(?:(")[^"]*/|[^\s\[@"]*/)', r"image:\1", query)


def _rows(answer: Hits, width: int) -> Iterable[Pillow.Image]:
    """Break the hits into rows that fill the width; the last row keeps its height."""
    row: list[tuple[Hit, Pillow.Image]] = []
    used = 0
    for hit in answer:
        picture = _thumbnail(hit)
        row.append((hit, picture))
        used += round(picture.width * HIT_HEIGHT / picture.height) + GAP
        if used - GAP >= width:
            yield _row(row, width, is_full=True, judged=answer.judged)
            row, used = [], 0
    if row:
        yield _row(row, width, is_full=False, judged=answer.judged)


def _row(row: Sequence[tuple[Hit, Pillow.Image]], width: int, *, is_full: bool, judged: bool) -> Pillow.Image:
    aspects = [picture.width / picture.height for _, picture in row]
    height = round((width - GAP * (len(row) - 1)) / sum(aspects)) if is_full else HIT_HEIGHT
    strip = Pillow.new("RGB", (width, height + CAPTION_HEIGHT), PAPER)
    draw = ImageDraw.Draw(strip)
    left = 0
    for (hit, picture), aspect in zip(row, aspects, strict=True):
        size = (max(1, min(width, round(height * aspect))), height)
        strip.paste(picture.resize(size, Pillow.Resampling.LANCZOS), (left, 0))
        if judged:
            _score_bar(draw, hit.score, (left, height + 3), size[0])
        _caption(draw, hit, (left, height), size[0], score=f"{hit.score:.2f}  " if judged else "")
        left += size[0] + GAP
    return strip


def _score_bar(draw: ImageDraw.ImageDraw, score: float, corner: Point, width: int) -> None:
    left, top = corner
    draw.rectangle([left, top, left + width - 1, top + 2], fill=LINE)
    draw.rectangle([left, top, left + max(1, round(score * (width - 1))), top + 2], fill=ACCENT)


def _caption(draw: ImageDraw.ImageDraw, hit: Hit, corner: Point, width: int, *, score: str) -> None:
    left, top = corner
    copies = f" +{len(hit.copies)}" if hit.copies else ""
    name = hit.path.name.encode(errors="replace").decode() if hit.path else f"#{hit.id}"
    _write(draw, (left, top + 8), [_cut(f"{score}{name}{copies}", _font(12), width)], _font(12), INK, 14)
    why = "; ".join(_brief(evidence.space, evidence.similarity) for evidence in hit.evidence)
    _write(draw, (left, top + 23), [_cut(why, _font(11), width)], _font(11), QUIET, 13)


def _brief(space: str, similarity: float | None) -> str:
    return space if similarity is None else f"{space} {similarity:.2f}"


def _thumbnail(hit: Hit) -> Pillow.Image:
    """Return the stored thumbnail, or a grey sheet of its shape where it is missing."""
    try:
        return _opened(hit.thumbnail)
    except OSError:
        return Pillow.new("RGB", (max(1, round(256 * hit.width / hit.height)), 256), LINE)


def _opened(picture: Image | Path) -> Pillow.Image:
    if isinstance(picture, Path):
        with Pillow.open(picture, formats=["WEBP"]) as thumbnail:
            return thumbnail.convert("RGB")
    return Pillow.fromarray(picture)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _write(
    draw: ImageDraw.ImageDraw,
    corner: Point,
    lines: Sequence[str],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour: tuple[int, int, int],
    line_height: int,
) -> int:
    """Write lines below each other; return where the next would begin."""
    left, top = corner
    for line in lines:
        draw.text((left, top), line, font=font, fill=colour)
        top += line_height
    return top


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_cut(word, font, width))
    return [line for line in lines if line]
