"""Every command, in this process: what it answers, and how it ends."""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import lookalike
from lookalike.cli import app
from lookalike.collection import Collection
from lookalike.describers import load_describers
from lookalike.evaluation import evaluate, read_data_set

Run = Callable[..., Any]

QUERIES = [
    ["#1"],
    ["#1@shape", "-k", "3"],
    ["thing", "3"],
    ["colour:red", "-folder:green"],
    ["folder:blue", "--start", "1"],
    ["2:#3 | colour:orange", "--all"],
    ["#2", "-#5", "--cutoff", "0.2"],
    ["nothing is called so"],
]


@pytest.mark.parametrize("words", QUERIES, ids=" ".join)
def test_json_of_a_search_is_the_answer_of_python(words: list[str], shared: Path, run: Run) -> None:
    options: dict[str, Any] = {}
    query = list(words)
    for flag, name, kind in (("-k", "k", int), ("--start", "start", int), ("--cutoff", "cutoff", float)):
        if flag in query:
            place = query.index(flag)
            options[name] = kind(query[place + 1])
            del query[place : place + 2]
    if "--all" in query:
        query.remove("--all")
        options["cutoff"] = 0.0
    with Collection(shared) as pictures:
        expected = pictures.search(" ".join(query), **options).to_json()
    answer = run("--collection", shared, "search", *words, "--json")
    assert answer.code == 0
    assert answer.json | {"seconds": 0} == json.loads(json.dumps(expected)) | {"seconds": 0}


def commands(group: Any = None, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, those in groups too."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name)


def test_every_command_answers_in_json(own: Path, folder: Path, tmp_path: Path, run: Run) -> None:
    network = tmp_path / "no-network"
    arguments: dict[str, list[object]] = {
        "add": [folder],
        "search": ["#1"],
        "remove": [12],
        "albums make": ["reds", 1, "#5", "--query", "folder:red"],
        "albums add": ["reds", 2],
        "albums remove": ["reds", 2],
        "albums rename": ["reds", "red ones"],
        "albums show": ["red ones"],
        "albums list": [],
        "albums delete": ["red ones"],
        "export": [tmp_path / "all.jsonl"],
        "stats": [],
        "verify": [],
        "renew": [],
        "repair": [],
        "backup": [tmp_path / "copy"],
        "doctor": [],
        "settings": [],
        "models list": [],
        "models measure": [],
        "models verify": [],
        "models use": ["classics"],
        "audit": [],
        "codes show": [],
        "index build": [],
        "index drop": [],
        "words": ["do"],
        "sample": [tmp_path / "sample", "-n", 9],
        "evaluate": [folder, "--space", "colour"],
    }
    answers = {name: run("--collection", own, *name.split(), *rest, "--json") for name, rest in arguments.items()}
    assert {name: (answer.code, answer.err) for name, answer in answers.items()} == dict.fromkeys(arguments, (0, ""))
    assert all(answer.json for answer in answers.values())
    for name in ("models add", "models pull"):
        assert run(*name.split(), f"local-dir:{network}" if name == "models pull" else network, "--json").code == 1
    # `models drop` and `codes train` need more than twelve pictures that one version described.
    # `label` needs a network that reads words and has tests of its own.
    # `train` needs PyTorch and has tests of its own.
    # `push` needs a search engine and has tests of its own.
    # `serve` goes on until it is stopped, and has tests of its own.
    assert {" ".join(words) for words in commands()} == {
        *arguments,
        "codes train",
        "label",
        "models add",
        "models drop",
        "models pull",
        "push",
        "serve",
        "train",
    }


def test_add_reports_what_scripts_rely_on(folder: Path, run: Run) -> None:
    report = run("add", folder, "--json").json
    assert report["added"] == 12
    assert {"unchanged": 0, "moved": 0, "removed": 0}.items() <= report.items()
    [skipped] = report["skipped"]
    assert skipped["path"] == str(folder / "broken.jpg")
    assert "not a picture" in skipped["reason"]


def test_add_without_paths_looks_again_at_all_that_was_added(own: Path, run: Run) -> None:
    assert run("--collection", own, "add", "--json").json["unchanged"] == 12


def test_verify_and_evaluate_answer_what_scripts_rely_on(shared: Path, folder: Path, run: Run) -> None:
    assert run("--collection", shared, "verify", "--json").json == {"ok": True, "problems": []}
    answer = run("evaluate", folder, "--space", "colour", "--space", "shape", "--json").json
    assert answer["queries"] == 12
    assert set(answer["spaces"]) == {"colour", "shape"}
    assert {"map", "low", "high"} <= set(answer["spaces"]["colour"])


def test_one_folder_is_evaluated_with_the_queries_of_another_and_a_page_is_written(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    options = ["--queries", folder / "red", "--space", "colour", "-k", 2, "--precision", 0.5]
    answer = run("evaluate", folder, *options, "--page", tmp_path / "page.html", "--json")
    assert (answer.code, answer.json["queries"]) == (0, 3)
    assert {"precision@2", "recall@precision=0.5"} <= set(answer.json["spaces"]["colour"]["measures"])
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_does_not_take_the_figures_with_it(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "page.html").mkdir()
    answer = run("evaluate", folder, "--space", "colour", "--page", tmp_path / "page.html", "--json")
    assert (answer.code, answer.json["queries"]) == (1, 12)
    assert "Is a directory" in answer.err


def test_an_evaluation_keeps_to_the_limits_of_the_settings(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_MAX_PIXELS", "100")
    assert "has 0 readable pictures to be found" in run("evaluate", folder, "--space", "colour").err


def test_command_line_and_python_evaluate_alike(folder: Path, tmp_path: Path, run: Run) -> None:
    rows = [f"{path.relative_to(folder)},{path.parent.name}" for path in sorted(folder.glob("*/*.png"))]
    (tmp_path / "truth.csv").write_text("\n".join(["path,labels", *rows]))
    answer = run("evaluate", tmp_path / "truth.csv", "--root", folder, "--space", "colour", "--json").json
    data = read_data_set(tmp_path / "truth.csv", root=folder)
    assert answer == evaluate(data, {"colour": load_describers()["colour"]}).to_json()


def test_options_of_every_command_stand_before_or_behind_the_verb(shared: Path, run: Run) -> None:
    before = run("--collection", shared, "--json", "stats")
    behind = run("stats", "--json", "--collection", shared)
    assert before.json == behind.json


def test_help_lists_every_command(run: Run) -> None:
    for words in commands():
        *group, name = words
        assert f" {name} " in run(*group, "--help").out
        usage = run(*words, "-h").out.strip().splitlines()[0]
        assert usage.startswith(f"Usage: lookalike {' '.join(words)}")
        assert not re.search(r"\[\[|\.[}\]]", usage)


def test_the_examples_of_a_search_are_queries(run: Run) -> None:
    from lookalike.cli.pictures import EXAMPLES
    from lookalike.query import parse

    examples = EXAMPLES.splitlines()[1:]
    assert all(example in run("search", "--help").out for example in examples)
    for example in examples:
        verb, query = shlex.split(example.split("  ")[0])[1:3]
        assert verb == "search"
        assert parse(query, paths=True)


def test_version_is_printed(run: Run) -> None:
    assert run("--version").out == f"lookalike {lookalike.__version__}\n"


def test_a_search_that_finds_nothing_ends_well_and_says_so(shared: Path, run: Run) -> None:
    answer = run("--collection", shared, "search", 'text:"nothing of the sort"')
    assert (answer.code, answer.out) == (0, "")
    assert "Nothing found" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ["search", "(red"],
        ["search", "#99"],
        ["albums", "show", "unknown"],
        ["remove", "99"],
        ["export", "x.unknown"],
        ["evaluate", "no-such-folder"],
        ["evaluate", "no-such-file.csv"],
        ["models", "verify", "unknown"],
    ],
    ids=" ".join,
)
def test_an_error_is_one_line_and_ends_with_1(words: list[str], shared: Path, run: Run) -> None:
    answer = run("--collection", shared, *words)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("Error: ")
    assert answer.err.count("\n") == 1


def test_without_a_collection_the_error_says_how_to_make_one(run: Run) -> None:
    answer = run("search", "red")
    assert answer.code == 1
    assert "`lookalike add PATH` makes one" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ["serch", "red"],
        ["search"],
        ["search", "red", "-k", "0"],
        ["search", "red", "-k", "-5"],
        ["search", "-k-5", "red"],
        ["search", "red", "--cutoff", "-0.5"],
        ["search", "red", "--json", "--paths"],
        ["--json", "search", "red", "--paths"],
        ["push", "--check", "--name", "other"],
        ["push", "--check", "--shards", "2"],
        ["search", "red", "--unknown"],
        ["search", "red", "--sheet", "a.txt"],
        ["search", "red", "--all", "--cutoff", "0.3"],
        ["remove", "a.jpg"],
        ["evaluate", ".", "--page", "page.pdf"],
        ["evaluate", ".", "--page", "no-such-folder/page.html"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(words: list[str], run: Run) -> None:
    answer = run(*words)
    assert (answer.code, answer.out) == (2, "")
    assert "Usage" in answer.err


@pytest.mark.parametrize("option", ["-k", "--start"])
def test_a_number_below_nothing_is_read_as_one(option: str, run: Run) -> None:
    assert "greater than or equal to" in run("search", "red", option, "-5").err


def test_an_unexpected_refusal_of_the_disk_is_a_sentence_too(tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_text("")
    answer = run("--collection", tmp_path / "file" / "collection", "add", tmp_path)
    assert answer.code == 1
    assert answer.err.startswith("Error: ")


def test_damage_ends_verify_and_doctor_with_1(own: Path, run: Run) -> None:
    segment = next((own / "spaces" / "colour" / "vectors").glob("*.f16"))
    content = bytearray(segment.read_bytes())
    content[10] ^= 0xFF
    segment.write_bytes(content)
    verification = run("--collection", own, "verify", "--json")
    assert verification.code == 1
    assert not verification.json["ok"]
    assert run("--collection", own, "repair", "--json").json["described"] == 12
    assert run("--collection", own, "verify").code == 0
    catalog = own / "catalog.db"
    catalog.write_bytes(catalog.read_bytes()[:-1] + b"x")
    damaged = run("--collection", own, "verify", "--json")
    assert (damaged.code, damaged.json["ok"]) == (1, False)
    doctor = run("--collection", own, "doctor", "--json")
    assert (doctor.code, doctor.json["ok"]) == (1, False)


def test_the_doctor_warns_of_versions_below_the_least_safe_one(
    shared: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pi_heif

    from lookalike.cli import doctor

    monkeypatch.setattr(pi_heif, "libheif_version", lambda: "1.17.0")
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: ["pillow>=99.1", "numpy>=2.1", "x>=1; extra == 'y'"])
    answer = run("--collection", shared, "doctor", "--json")
    texts = {check["text"]: check["state"] for check in answer.json["checks"]}
    assert answer.code == 1
    assert any(text.startswith("HEIC is read by libheif 1.17.0") and texts[text] == "warning" for text in texts)
    assert any(text.startswith("pillow is ") and "99.1" in text and texts[text] == "problem" for text in texts)
    assert any("the decoding process works, with" in text and texts[text] == "ok" for text in texts)


def test_a_query_may_exclude_with_a_minus_although_options_begin_with_one(shared: Path, run: Run) -> None:
    answer = run("--collection", shared, "search", "thing", "-folder:red", "-kitten", "--json").json
    assert len(answer["hits"]) == 9
    assert answer["query"] == "thing -folder:red -kitten"
    literal = run("--collection", shared, "search", "--json", "--", "-folder:red", "thing").json
    assert [hit["id"] for hit in literal["hits"]] == [hit["id"] for hit in answer["hits"]]


def test_a_picture_file_in_a_query_stands_for_the_picture(shared: Path, folder: Path, run: Run) -> None:
    file = folder / "red" / "red thing 0.png"
    asked = run("--collection", shared, "search", file, "-folder:blue", "--all", "--json").json["hits"]
    assert asked[0]["path"] == str(file)
    assert not [hit for hit in asked if "/blue/" in hit["path"]]


def test_paths_are_printed_alone_for_pipes(shared: Path, folder: Path, run: Run) -> None:
    answer = run("--collection", shared, "search", "folder:green", "--paths", "-q")
    assert sorted(answer.out.splitlines()) == sorted(map(str, (folder / "green").iterdir()))
    assert answer.err == ""


def test_a_table_of_hits_has_scores_ids_and_reasons(shared: Path, run: Run) -> None:
    answer = run("--collection", shared, "search", "folder:green", "-k", "2")
    heading, first, _ = answer.out.splitlines()
    assert heading.split() == ["score", "id", "picture", "because"]
    assert "1.00" in first
    assert "folder:green: matches" in first
    assert "2 hits in" in answer.err


def test_near_copies_are_shown_when_all_is_asked_for(tmp_path: Path, folder: Path, run: Run) -> None:
    from PIL import Image

    place = tmp_path / "copies"
    original = shutil.copy(next((folder / "red").iterdir()), _made(place) / "a.png")
    Image.open(original).save(place / "b.jpg", quality=90)
    run("add", place)
    assert "(and 1 like it)" in run("search", "folder:copies").out
    assert "like it: " in run("search", "folder:copies", "-v").out


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpeg"])
def test_a_contact_sheet_is_written(name: str, shared: Path, tmp_path: Path, run: Run) -> None:
    from PIL import Image

    run("--collection", shared, "search", "#1", "--sheet", tmp_path / name)
    with Image.open(tmp_path / name) as sheet:
        assert min(sheet.size) > 100


def test_quiet_leaves_answers_alone(folder: Path, run: Run) -> None:
    added = run("add", folder, "--quiet")
    assert (added.out, added.err) == ("", "")
    found = run("-q", "search", "folder:red")
    assert len(found.out.splitlines()) == 4
    assert found.err == ""


def test_skipped_files_are_grouped_by_reason(tmp_path: Path, run: Run) -> None:
    for number in range(5):
        (_made(tmp_path / "broken") if not number else tmp_path / "broken").joinpath(f"{number}.png").write_text("no")
    first = run("add", tmp_path / "broken").out
    assert "5 skipped" in first
    assert "skipped 5 files: not a picture" in first
    assert "and 2 more" in first
    assert "4.png" in run("add", tmp_path / "broken", "--verbose").out


def test_file_names_cannot_write_to_the_terminal(tmp_path: Path, folder: Path, run: Run) -> None:
    name = os.fsencode(_made(tmp_path / "odd")) + b"/\xff\x1b[31m[bold]evil\n.png"
    shutil.copy(next((folder / "red").iterdir()), os.fsdecode(name))
    run("add", tmp_path / "odd")
    shown = run("search", "folder:odd").out
    assert r"\udcff\x1b[31m[bold]evil\n.png" in shown
    assert "\x1b" not in shown


def test_names_that_are_not_utf8_survive_json_and_pipes(tmp_path: Path, folder: Path, run: Run) -> None:
    name = os.fsencode(_made(tmp_path / "odd")) + b"/caf\xe9.png"
    shutil.copy(next((folder / "red").iterdir()), os.fsdecode(name))
    assert run("add", tmp_path / "odd").code == 0
    [hit] = run("search", "folder:odd", "--json").json["hits"]
    assert os.fsencode(hit["path"]) == name
    assert os.fsencode(run("search", "folder:odd", "--paths").out) == name + b"\n"
    assert run("search", os.fsdecode(name), "--json").json["hits"][0]["id"] == hit["id"]


def test_removed_pictures_stay_away_unless_they_are_to_be_forgotten(own: Path, run: Run) -> None:
    assert run("--collection", own, "remove", "#1", "2", "--json").json == {"removed": 2, "remembered": True}
    assert run("--collection", own, "add", "--json").json["added"] == 0
    run("--collection", own, "remove", "3", "--forget")
    assert run("--collection", own, "add", "--json").json["added"] == 1


def test_albums_keep_their_order_and_can_be_searched(own: Path, run: Run) -> None:
    ask = ("--collection", own, "albums")
    assert run(*ask, "make", "best", "7", "#3", "--query", "folder:red", "--json").json["added"] == 5
    ids = [item["id"] for item in run(*ask, "show", "best", "--json").json["items"]]
    assert ids[:2] == [7, 3]
    hits = run("--collection", own, "search", "album:best", "--json").json["hits"]
    assert {hit["id"] for hit in hits} == set(ids)
    run(*ask, "remove", "best", *ids[1:])
    assert "1  " in run(*ask, "list").out
    assert run(*ask, "make", "best").code == 1


def test_a_flag_beats_the_environment_which_beats_the_settings_file(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike import settings

    def known(*flags: object) -> Any:
        settings.load_settings.cache_clear()
        found = run(*flags, "settings", "--json").json["settings"]
        return [(found[name]["value"], found[name]["source"]) for name in ("collection", "workers", "max_pixels")]

    monkeypatch.delenv("LOOKALIKE_COLLECTION")
    assert [source for _, source in known()] == ["default", "default", "default"]
    (tmp_path / "settings.toml").write_text('collection = "/from/file"\nworkers = 3\nmax_pixels = 5\n')
    monkeypatch.setenv("LOOKALIKE_WORKERS", "4")
    assert known() == [("/from/file", "file"), (4, "environment"), (5, "file")]
    monkeypatch.setenv("LOOKALIKE_COLLECTION", "/from/environment")
    assert known()[0] == ("/from/environment", "environment")
    assert known("--collection", "/from/flag")[0] == ("/from/flag", "flag")


def test_a_limit_is_a_number_that_json_has(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_MAX_SECONDS", "inf")
    assert run("settings").code == 1


def test_a_path_that_is_not_there_is_said_after_the_others_were_added(shared: Path, run: Run, tmp_path: Path) -> None:
    answer = run("--collection", str(tmp_path / "c"), "add", str(tmp_path / "typo"), str(tmp_path))
    assert answer.code == 1
    assert "typo is not there" in answer.err


def test_a_mistyped_path_makes_no_collection(run: Run, tmp_path: Path) -> None:
    answer = run("add", tmp_path / "typo")
    assert (answer.code, answer.out) == (1, "")
    assert "typo is not there, so no collection was made" in answer.err
    assert "`lookalike add PATH` makes one" in run("add").err
    assert not (tmp_path / "default").exists()


def test_a_folder_that_is_gone_is_told_to_a_collection_that_knows_it(tmp_path: Path, folder: Path, run: Run) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "place"))
    run("add", place)
    shutil.rmtree(place / "red")
    answer = run("add", place / "red")
    assert (answer.code, answer.out) == (1, "3 removed\n")


def test_a_collection_is_looked_for_at_home(shared: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(shared.parent))
    assert run("--collection=~/shared", "stats", "--json").json["pictures"] == 12


def test_the_file_of_a_picture_may_be_excluded(shared: Path, run: Run) -> None:
    from lookalike.cli.pictures import line_of

    assert line_of(["NOT " + __file__]) == "NOT " + __file__
    picture = next(path for path in shared.rglob("*") if path.suffix == ".webp")
    assert line_of([f"NOT {picture}"]) == f"NOT {line_of([str(picture)])}" != f"NOT {picture}"
    assert line_of(["x" * 300 + ".jpg"]) == "x" * 300 + ".jpg"


def test_a_setting_that_cannot_be_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_WORKERS", "many")
    answer = run("stats")
    assert answer.code == 1
    assert "LOOKALIKE_WORKERS" in answer.err
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LOOKALIKE_WORKERS")
        patch.setenv("LOOKALIKE_COLLECTION", "")
        assert "the setting collection is '', but names no place; correct LOOKALIKE_COLLECTION" in run("stats").err
    doctor = run("doctor", "--json")
    assert doctor.code == 1
    assert [check["name"] for check in doctor.json["checks"] if check["state"] == "problem"] == ["settings"]
