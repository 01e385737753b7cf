"""The JSON of requests and answers, for checking the former and for the OpenAPI document of both.

Answers are written by the same `to_json` that the command line prints; these classes describe them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Ids = Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], Field(max_length=100_000)]
K = Annotated[int, Field(ge=1, le=1000)]
Name = Annotated[str, Field(max_length=1000)]
Line = Annotated[str, Field(max_length=16_384)]
Colours = Annotated[str, Field(description="of the four quarters, three hexadecimal digits each; empty if unknown")]


class Order(BaseModel):
    """What a client sends; a key that is not known, or a value of another type, is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class Space(BaseModel):
    """One way to compare pictures, and whether its scores are judged or only rank."""

    name: str
    judged: bool


class Server(BaseModel):
    """What a client must know before it asks."""

    version: str
    collection: str
    pictures: int
    spaces: list[Space]
    roots: Annotated[list[str], Field(description="folders below these may be added")]
    max_upload_bytes: int
    needs_password: bool
    has_engine: Annotated[bool, Field(description="whether a search engine is set, to which can be pushed")]


class Evidence(BaseModel):
    """Why a hit is there, for one term."""

    term: str
    space: str
    similarity: float | None = None
    chance: float | None = None
    box: Annotated[list[float], Field(min_length=4, max_length=4)] | None = None
    text: str | None = None


class Hit(BaseModel):
    """One answer."""

    rank: int
    id: int
    path: str | None
    score: float
    width: int
    height: int
    offline: bool
    sha256: str
    colours: Colours
    evidence: list[Evidence]
    copies: "list[Hit]"


class Hits(BaseModel):
    """The answer to a query, the same as the command line's."""

    query: str
    hits: list[Hit]
    judged: bool
    cutoff: float
    below: int
    found: Annotated[int | None, Field(description="null where all pictures are ranked and none is judged")]
    note: str
    seconds: float


class QueryOrder(Order):
    """A query in one of its two forms: the line, or the tree."""

    line: Line | None = None
    query: dict[str, Any] | None = None


class Query(BaseModel):
    """A query in both its forms."""

    line: str
    query: dict[str, Any]


class Count(BaseModel):
    """How many pictures one term would find alone; null where it ranks them all."""

    term: str
    found: int | None


class Counts(BaseModel):
    """What each term would find alone."""

    terms: list[Count]


class Suggestion(BaseModel):
    """How a word may go on."""

    group: str
    text: str
    line: str
    n: int | None


class Suggestions(BaseModel):
    """How a word may go on, grouped."""

    entries: list[Suggestion]


class Value(BaseModel):
    """A value to filter by, how many pictures have it, and the term that asks for it."""

    value: str
    n: int
    line: str


class Facets(BaseModel):
    """Values to filter by."""

    years: list[Value]
    formats: list[Value]
    cameras: list[Value]
    places: list[Value]
    folders: list[Value]
    albums: list[Value]


class Gallery(BaseModel):
    """Many pictures as columns."""

    ids: list[int]
    aspects: Annotated[list[float], Field(description="width by height")]
    keys: Annotated[str, Field(description="the first 8 digits of each SHA-256, joined")]
    colours: Annotated[str, Field(description="12 digits for each picture, joined")]
    next: str | None
    total: int


class Item(BaseModel):
    """What is known about one picture."""

    id: int
    sha256: str
    colours: Colours
    kind: str
    format: str
    width: int
    height: int
    n_bytes: int
    taken_at: str | None
    camera: str | None
    lens: str | None
    latitude: float | None
    longitude: float | None
    place: str | None
    title: str | None
    description: str | None
    keywords: list[str]
    albums: list[str]
    paths: list[str]
    added_at: str
    is_missing: bool


class Items(BaseModel):
    """One page of pictures, by id."""

    items: list[Item]
    next: int | None


class RemoveOrder(Order):
    """Pictures to remove, and whether to keep them from coming back with the next look at their folder."""

    ids: Ids
    remember: bool = True


class Removed(BaseModel):
    """How many pictures were removed."""

    removed: int


class Upload(BaseModel):
    """A picture to ask with: `upload:HANDLE` stands for it in queries, for an hour."""

    upload: str
    width: int
    height: int
    colours: Colours


class Cover(BaseModel):
    """A picture on the cover of an album."""

    id: int
    sha256: str
    colours: Colours
    width: int
    height: int


class Album(BaseModel):
    """A named, ordered choice of pictures."""

    id: int
    name: str
    n_items: int
    made_at: str
    cover: list[Cover]


class Albums(BaseModel):
    """All albums, by name."""

    albums: list[Album]


class Choice(Order):
    """Pictures by id, and those that a query answers now."""

    items: Ids = []
    query: Line | None = None
    k: K = 20


class AlbumOrder(Choice):
    """An album to make."""

    name: Name


class Made(BaseModel):
    """An album that was made, and how many pictures it holds."""

    id: int
    name: str
    added: int


class Added(BaseModel):
    """How many pictures are new in an album."""

    added: int


class ItemsOrder(Order):
    """Pictures to take out of an album."""

    items: Ids


class NameOrder(Order):
    """A new name for an album."""

    name: Name


class LabelOrder(Order):
    """Words to choose from for each picture: pictures by id, what a query answers now, or without both all."""

    labels: Annotated[list[Name], Field(min_length=2, max_length=1000)]
    templates: Annotated[list[Name], Field(min_length=1, max_length=100)] | None = None
    items: Ids | None = None
    query: Line | None = None
    k: K = 20


class KnownWords(BaseModel):
    """Words to search by, sorted."""

    words: list[str]


class Labels(BaseModel):
    """The best label of each picture, as columns."""

    labels: list[str]
    ids: list[int]
    best: Annotated[list[int], Field(description="places in labels")]
    scores: Annotated[list[float], Field(description="the label's share among all, in [0, 1]; no probability")]
    margins: Annotated[list[float], Field(description="lead before the second label, in cosine similarity")]


class ExportOrder(Order):
    """What to export: pictures by id, what a query answers now, or without both everything."""

    format: Literal["csv", "jsonl"]
    items: Ids | None = None
    query: Line | None = None
    k: K = 20
    strip_gps: bool = False


class Root(BaseModel):
    """A folder that was added."""

    path: str
    is_whole: bool
    is_online: bool
    files: int


class SpaceStats(BaseModel):
    """What one space holds."""

    name: str
    version: str
    vectors: int
    dims: int
    n_bytes: int


class Stats(BaseModel):
    """The collection in numbers."""

    collection: str
    pictures: int
    files: int
    missing: int
    albums: int
    problems: dict[str, int]
    roots: list[Root]
    formats: dict[str, int]
    years: dict[str, int]
    cameras: dict[str, int]
    spaces: list[SpaceStats]
    thumbnail_bytes: int
    catalog_bytes: int
    last_added: str | None


class Reason(BaseModel):
    """Why files are not indexed, how many, and the first of them."""

    reason: str
    n: int
    paths: list[str]


class Reasons(BaseModel):
    """Why files are not indexed."""

    reasons: list[Reason]


class Measurement(BaseModel):
    """What a network takes on this computer, and how well it finds; null where it was not measured."""

    milliseconds_per_picture: float
    milliseconds_per_text: float | None
    peak_bytes: int
    n_threads: int
    mean_average_precision: float | None
    low: float | None
    high: float | None
    pictures: str | None


class Model(BaseModel):
    """An installed network."""

    name: str
    path: str
    dims: Annotated[int | None, Field(description="null where only a run tells, which a list is no reason for")]
    bytes: int
    text: bool
    licence: str | None
    source: str | None
    sha256: str
    measured: Measurement | None


class Skipped(BaseModel):
    """A folder that holds no sound network."""

    path: str
    reason: str


class Models(BaseModel):
    """The installed networks."""

    folder: str
    models: list[Model]
    skipped: list[Skipped]


class Generation(BaseModel):
    """One generation of a space: one serves, one may be being built, others are kept to go back to."""

    space: str
    generation: int
    state: Literal["serving", "building", "retired"]
    model: Annotated[str | None, Field(description="a network, bundled or classics; null where there is no choice")]
    version: str
    is_installed: bool
    is_chosen: bool
    vectors: int
    pictures: int
    stand_ins: Annotated[int, Field(description="pictures described by their thumbnail")]
    codes: int
    dims: int
    n_bytes: int


class Generations(BaseModel):
    """All generations of all spaces, and what the space `picture` can be described by."""

    generations: list[Generation]
    choices: list[str]


class UseOrder(Order):
    """What shall describe pictures: an installed network, "bundled" or "classics"."""

    model: Annotated[str, Field(max_length=200)]


class DropOrder(Order):
    """A generation to delete, which does not serve."""

    space: Annotated[str, Field(max_length=200)]
    generation: Annotated[int, Field(ge=1, lt=2**31)]


class FolderOrder(Order):
    """A folder to look into; null asks for those that the operator allows."""

    path: Annotated[str, Field(max_length=4096)] | None


class Folder(BaseModel):
    """A folder's path and name."""

    path: str
    name: str


class Folders(BaseModel):
    """The folders in a folder."""

    path: str | None
    parent: str | None
    folders: list[Folder]


class JobOrder(Order):
    """Work to do.

    To add folders (none: look again at all), audit the indexes, build the graph of pictures, push to the search engine,
    renew, repair, draw and add a sample, or verify.
    """

    kind: Literal["add", "audit", "graph", "push", "renew", "repair", "sample", "verify"]
    paths: Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=100)] = []


class Job(BaseModel):
    """Long work and how far it is."""

    id: int
    kind: str
    paths: list[str]
    state: Literal["waiting", "running", "paused", "done", "failed", "stopped"]
    done: int
    total: int
    rate: float
    seconds_left: float | None
    started_at: str
    ended_at: str | None
    report: dict[str, Any] | None
    message: str


class Jobs(BaseModel):
    """Long work, the newest first."""

    jobs: list[Job]
