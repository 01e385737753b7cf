"""An evaluation as one page that needs nothing else: figures, diagrams, and the best and worst queries as pictures."""

import base64
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image as Pillow

from lookalike.collection.ingest import Progress, timed
from lookalike.evaluation.data_set import Caption, Labelled
from lookalike.evaluation.honesty import Honesty
from lookalike.evaluation.pictures import read_all
from lookalike.evaluation.spaces import Answer, Evaluation, SpaceEvaluation
from lookalike.media import Decoder, Limits
from lookalike.types import Image

N_SHOWN = 5
"""Queries at each end of each space, with their hits: what bounds the page, at about 90 pictures for each space."""

N_CLASSES = 60
"""Classes in the table: the hardest."""

THUMBNAIL = 160
"""Longer side of a picture in pixels."""

QUALITY = 60

COLUMNS = ("ndcg@10", "precision@1", "precision@10", "recall@10", "r-precision")
"""Measures beside mAP in the first table, those of them that were taken; the second table has all."""

Pictures = Mapping[Labelled, str]
"""Data URIs of the pictures that could be read."""


def write_page(
    evaluation: Evaluation,
    file: Path,
    *,
    n_workers: int = 2,
    limits: Limits | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Write an evaluation as one HTML file, without scripts and without anything to load.

    Parameters
    ----------
    evaluation : Evaluation
    file : Path
        Replaced if it is there.
    n_workers : int
        Processes that decode the pictures shown.
    limits : Limits or None
        What one file may cost; None takes the defaults.
    progress : callable or None
        Told of the pictures read.
    """
    shown = [answer for space in evaluation.spaces.values() for _, answers in _ends(space) for answer in answers]
    wanted = {one for answer in shown for one in (answer.query, *(hit for hit, _ in answer.hits))}
    pictures = sorted((one for one in wanted if isinstance(one, Labelled)), key=lambda one: one.file)
    tell = timed(progress)
    read: dict[Labelled, str] = {}
    with Decoder(n_workers=n_workers, size=THUMBNAIL, limits=limits or Limits()) as decoder:
        for n_done, (picture, image) in enumerate(read_all(pictures, decoder, n_workers), 1):
            if not isinstance(image, str):
                read[picture] = _data_uri(image)
            tell(n_done, len(pictures))
    file.write_text(page(evaluation, read), encoding="utf-8")


def page(evaluation: Evaluation, pictures: Pictures) -> str:
    """Return the page; a picture that is not given is shown by its name."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    body = "\n".join(
        [
            _head(evaluation),
            _spaces(evaluation),
            _measures(evaluation.spaces),
            _groups("Domains", {name: space.domains for name, space in evaluation.spaces.items()}),
            _classes(evaluation.spaces),
            *(_space(name, space, pictures) for name, space in evaluation.spaces.items()),
            _skipped(evaluation),
        ]
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{_text(evaluation.name)} – evaluation</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _ends(space: SpaceEvaluation) -> list[tuple[str, Sequence[Answer]]]:
    return [("Worst queries", space.worst[:N_SHOWN]), ("Best queries", space.best[:N_SHOWN])]


def _data_uri(image: Image) -> str:
    content = io.BytesIO()
    Pillow.fromarray(image).save(content, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


def _text(value: object) -> str:
    """Return text that is safe in the page, also as an attribute; stray bytes of file names as question marks."""
    return escape(str(value).encode(errors="replace").decode())


def _head(evaluation: Evaluation) -> str:
    links = "".join(f'<a href="#space-{_text(name)}">{_text(name)}</a>' for name in evaluation.spaces)
    return f"""<header>
<h1>{_text(evaluation.name).replace("/", "/<wbr>")}</h1>
<p>{evaluation.n_queries:,} queries, {evaluation.n_pictures:,} pictures to be found. \
Every query ranks all of them, itself left out; what shares a label with it is right.</p>
<nav aria-label="Spaces">{links}</nav>
</header>"""


def _spaces(evaluation: Evaluation) -> str:
    spaces = dict(sorted(evaluation.spaces.items(), key=lambda pair: -pair[1].measures["map"][0]))
    behind = {lead.other: lead for lead in evaluation.leads_of_best()}
    taken = [name for name in COLUMNS if name in next(iter(spaces.values())).measures]
    headings = ["Space", "", "mAP", "95 % interval", "behind the best", "mAP of its codes", *taken]
    rows = []
    for name, space in spaces.items():
        mean, low, high = space.measures["map"]
        lead = behind.get(name)
        rows.append(
            [
                f'<a href="#space-{_text(name)}">{_text(name)}</a>',
                _interval(mean, low, high),
                f"<b>{mean:.3f}</b>",
                f"{low:.3f} to {high:.3f}",
                f"{lead.difference:.3f} ({lead.low:.3f} to {lead.high:.3f})" if lead else "",
                f"{space.codes.measures['map'][0]:.3f} ({space.codes.n_bits} bits, {_text(space.codes.method)})",
                *(f"{space.measures[measure][0]:.3f}" for measure in taken),
            ]
        )
    note = "Intervals are 95 % bootstrap intervals over queries; those of the distance to the best are of differences."
    return f"<section>\n<h2>Spaces</h2>\n{_table(headings, rows)}\n<p class=quiet>{note}</p>\n</section>"


def _interval(mean: float, low: float, high: float) -> str:
    """Draw a mean and its interval on a line from 0 to 1."""
    return (
        '<svg class="interval" viewBox="0 0 160 12" aria-hidden="true">'
        '<line class="track" x1="0" x2="160" y1="6" y2="6"/>'
        f'<line class="reach" x1="{160 * low:.1f}" x2="{160 * high:.1f}" y1="6" y2="6"/>'
        f'<circle class="mean" cx="{160 * mean:.1f}" cy="6" r="2.5"/></svg>'
    )


def _measures(spaces: Mapping[str, SpaceEvaluation]) -> str:
    names = list(next(iter(spaces.values())).measures)
    rows = [
        [_text(name)] + [f'<span title="{low:.3f} to {high:.3f}">{mean:.3f}</span>' for mean, low, high in figures]
        for name in names
        for figures in [[space.measures[name] for space in spaces.values()]]
    ]
    return _folded("All measures", _table(["Measure", *map(_text, spaces)], rows))


def _classes(spaces: Mapping[str, SpaceEvaluation]) -> str:
    of_all = [space.classes for space in spaces.values()]
    hardest = sorted(of_all[0], key=lambda name: (sum(classes[name] for classes in of_all), name))[:N_CLASSES]
    title = "Classes, hardest first" if len(hardest) == len(of_all[0]) else f"The {N_CLASSES} hardest classes"
    return _folded(title, _group_table({space: spaces[space].classes for space in spaces}, hardest))


def _groups(title: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    names = list(next(iter(groups.values())))
    return f"<section>\n<h2>{title}</h2>\n{_group_table(groups, names)}\n</section>" if names else ""


def _group_table(groups: Mapping[str, Mapping[str, float]], names: Iterable[str]) -> str:
    rows = [[_text(name), *(f"{means[name]:.3f}" for means in groups.values())] for name in names]
    return _table(["Mean average precision", *map(_text, groups)], rows)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    lines = "\n".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    content = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>"
    return f'<div class="wide" tabindex="0"><table>\n{content}</table></div>'


def _folded(title: str, content: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n{content}\n</details>"


def _space(name: str, space: SpaceEvaluation, pictures: Pictures) -> str:
    ends = "\n".join(_end(title, answers, pictures) for title, answers in _ends(space))
    claims = _claims(space.honesty, space.judged) if space.honesty else ""
    return f'<section id="space-{_text(name)}">\n<h2>{_text(name)}</h2>\n{claims}\n{ends}\n</section>'


def _claims(honesty: Honesty, judged: bool) -> str:
    verdict = (
        "judges: what scores below 0.5 is not shown" if judged else "only ranks; this is what its scores would claim"
    )
    facts = [
        f"This space {verdict}.",
        f"With the answers taken out, {honesty.nothing_when_absent:.0%} of the queries are shown nothing.",
        f"With them in, {honesty.right_when_present:.0%} are shown a right one, "
        f"and {honesty.related_shown:.0%} of all related pictures are shown.",
    ]
    if not math.isnan(honesty.precision):
        facts.append(f"Of what is shown {honesty.precision:.0%} is right, where scores claim {honesty.claimed:.0%}.")
    diagram = _diagram(honesty) if honesty.bins.counts.any() else ""
    return f'<div class="claims">{diagram}<p>{" ".join(facts)}</p></div>'


def _diagram(honesty: Honesty) -> str:
    """Draw what is claimed against what is true; a larger dot stands for more claims."""
    bins = honesty.bins
    dots = "".join(
        f'<circle class="mean" cx="{24 + 150 * claimed:.1f}" cy="{160 - 150 * true:.1f}" '
        f'r="{3 + 6 * math.sqrt(n / bins.counts.max()):.1f}"><title>claimed {claimed:.2f}, true {true:.2f}, {n:,} hits'
        "</title></circle>"
        for claimed, true, n in zip(bins.claimed.tolist(), bins.true.tolist(), bins.counts.tolist(), strict=True)
        if n
    )
    return (
        '<svg class="reliability" viewBox="0 0 184 186" role="img" aria-label="Reliability diagram">'
        '<rect class="frame" x="24" y="10" width="150" height="150"/>'
        '<line class="track" x1="24" y1="160" x2="174" y2="10"/>'
        f'{dots}<text x="99" y="180" text-anchor="middle">claimed</text>'
        '<text x="14" y="85" text-anchor="middle" transform="rotate(-90 14 85)">true</text></svg>'
    )


def _end(title: str, answers: Sequence[Answer], pictures: Pictures) -> str:
    rows = "\n".join(_answer(answer, pictures) for answer in answers)
    return f"<h3>{title}</h3>\n{rows}"


def _answer(answer: Answer, pictures: Pictures) -> str:
    if isinstance(answer.query, Caption):
        asked, name = f"<blockquote>{_text(answer.query.text)}</blockquote>", ""
    else:
        asked, name = _picture(answer.query, pictures), _name(answer.query)
    hits = "".join(
        f'<li class="{"right" if is_right else "wrong"}" title="{_name(hit)}">{_picture(hit, pictures)}'
        f"<span>{'✓ right' if is_right else '✗ wrong'}</span></li>"
        for hit, is_right in answer.hits
    )
    return (
        f'<div class="answer"><figure>{asked}<figcaption><b>{answer.average_precision:.3f}</b> {name}</figcaption>'
        f"</figure><ol>{hits}</ol></div>"
    )


def _picture(picture: Labelled, pictures: Pictures) -> str:
    if picture not in pictures:
        return f'<span class="missing">{_name(picture)}</span>'
    return f'<img src="{pictures[picture]}" alt="{_name(picture)}">'


def _name(picture: Labelled) -> str:
    """Return the last folder and the name: what tells pictures apart, and which class they have."""
    return _text("/".join(picture.file.parts[-2:]))


def _skipped(evaluation: Evaluation) -> str:
    rows = [[_text(path), _text(reason)] for path, reason in evaluation.skipped]
    return _folded(f"{len(rows):,} skipped", _table(["File or caption", "Reason"], rows)) if rows else ""
