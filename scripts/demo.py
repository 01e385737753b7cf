"""The demo: draw the sample (or take your pictures), index them, answer five queries, and show the sheet.

python scripts/demo.py --folder demo [--pictures FOLDER]
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import lookalike as la
from lookalike.collection.hits import Hits
from lookalike.collection.sheet import draw_sheet
from lookalike.query import Term
from lookalike.sample import draw_world, read_manifest

Question = tuple[Term, str]


def main() -> None:
    """Run the demo in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    parser.add_argument("--pictures", type=Path, help="a folder of your own pictures instead of the sample")
    parser.add_argument("--sheet", type=Path, help="where the answers go as a picture; otherwise into the folder")
    options = parser.parse_args()

    pictures = options.pictures or draw(options.folder / "pictures")
    with la.open(options.folder / ("collection" if options.pictures is None else "yours")) as photos:
        index(photos, pictures)
        queries = own_queries(photos) if options.pictures else sample_queries(pictures)
        answers = [show(photos.search(query, k=12), meaning) for query, meaning in queries]
        sheet = options.sheet or options.folder / "answers.png"
        draw_sheet(answers, [meaning for _, meaning in queries]).save(sheet)
    tell_what_next(sheet, photos.folder, pictures)


def draw(folder: Path) -> Path:
    """Draw the sample, if it is not there yet."""
    started = time.monotonic()
    manifest = draw_world(folder)
    print(f"Sample: {len(manifest.pictures)} pictures in {folder} ({time.monotonic() - started:.0f} s)")
    return folder


def index(photos: la.Collection, pictures: Path) -> None:
    """Add the pictures and say what came of it."""
    started = time.monotonic()
    report = photos.add(pictures)
    seconds = time.monotonic() - started
    rate = f", {report.added / seconds:.0f} pictures a second" if report.added else ""
    print(f"Indexed: {report.added} added, {report.unchanged} unchanged ({seconds:.1f} s{rate})")
    for reason, count in Counter(reason for _, reason in report.skipped).most_common(5):
        print(f"  skipped {count}: {reason}")


def sample_queries(folder: Path) -> list[Question]:
    """Return five varied queries that the drawn world can answer."""
    drawn = {Path(picture.path).stem: picture for picture in read_manifest(folder).pictures}
    tower = drawn["lighthouse-0004"]
    box = next(thing.box for thing in tower.instances if thing.kind == "lighthouse")
    return [
        (la.image(folder / drawn["windmill-0004"].path), "what looks like this windmill"),
        (la.image(folder / tower.path, box=box), "like this part of a picture"),
        (la.colour("#c0392b"), "much of this red"),
        (la.words("lighthouse", only="text") & la.where(year=(1998, 2015)), "words in names, and a filter"),
        (la.image(folder / drawn["butterfly-0003"].path, like="shape") & la.colour("#2e6da4"), "such shapes, and blue"),
    ]


def own_queries(photos: la.Collection) -> list[Question]:
    """Return five queries that any folder of pictures can answer."""
    newest = photos.search(la.where(kind="picture"), k=1)
    if not newest:
        raise SystemExit("There is no readable picture in that folder; name another with PICTURES=FOLDER.")
    first = newest[0].id
    return [
        (la.image(first), "what looks like your newest picture"),
        (la.image(first, like="colour"), "the same colours"),
        (la.image(first, like="shape"), "the same shapes"),
        (la.colour("#2e6da4"), "much of this blue"),
        (la.where(kind="picture"), "all there is, the newest first"),
    ]


def show(hits: Hits, meaning: str) -> Hits:
    """Print an answer in words."""
    print(f"\n{meaning}: {hits.query}\n  {len(hits)} hits in {hits.seconds * 1000:.0f} ms. {hits.note}")
    for hit in hits[:5]:
        copies = f"  +{len(hit.copies)} near-copies" if hit.copies else ""
        why = "; ".join(evidence.sentence() for evidence in hit.evidence)
        print(f"  {hit.rank:2} #{hit.id:<5} {hit.path.name if hit.path else '':28} {hit.score:.2f}  {why}{copies}")
    return hits


def tell_what_next(sheet: Path, collection: Path, pictures: Path) -> None:
    """End with what to type on one's own pictures."""
    print(f"""
The answers as a picture: {sheet}
As a page in your browser: make serve

On your own pictures:
  make demo PICTURES=~/Pictures
or, with `. demo/venv/bin/activate`:
  lookalike add ~/Pictures
  lookalike search ./query.jpg --sheet answer.png
  lookalike search 'red boat year:1970..1979'
  lookalike --collection {collection} search 'colour:teal -#1'
  lookalike evaluate {pictures if pictures.name == "pictures" else "FOLDER"}""")


if __name__ == "__main__":
    main()
