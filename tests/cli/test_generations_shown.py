"""Generations on the command line: told, compared, used, dropped; and their codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lookalike.collection import Collection
from lookalike.collection.generations import Generation

Run = Callable[..., Any]


@pytest.fixture
def changed(own: Path, rows) -> Path:
    """A collection whose pictures another version has described since."""
    with Collection(own) as pictures:
        rows(pictures, "UPDATE spaces SET version = 'older' WHERE name = 'picture'")
    (own / "catalog.crc").unlink()
    return own


def serving(place: Path) -> Generation:
    with Collection(place) as pictures:
        [found] = [each for each in pictures.generations() if (each.space, each.state) == ("picture", "serving")]
    return found


def test_a_change_is_told_after_an_import_and_brought_to_its_end_by_renew(
    changed: Path, folder: Path, run: Run
) -> None:
    added = run("--collection", changed, "add", folder)
    assert "The space picture is being described anew, 0 of 12 pictures so far; `lookalike renew` goes on" in added.err
    numbers = run("--collection", changed, "stats", "--json").json
    assert [(each["space"], each["state"], each["vectors"]) for each in numbers["generations"]] == [
        ("picture", "building", 0)
    ]
    report = run("--collection", changed, "renew", "--json").json
    assert (report["described"], report["switched"], report["lost"]) == (12, ["picture"], [])
    lines = run("--collection", changed, "stats").out
    assert "retired" in lines
    assert run("--collection", changed, "renew").out == "described 0 pictures, made 0 codes\n"


def test_two_generations_are_shown_side_by_side(changed: Path, run: Run) -> None:
    refused = run("--collection", changed, "search", "#1", "--compare")
    assert (refused.code, refused.out) == (1, "")
    assert "there is no other generation of picture; `lookalike models use NAME` begins one" in refused.err
    run("--collection", changed, "renew")
    old, new = run("--collection", changed, "search", "#1", "--compare", "--all", "--json").json["answers"][::-1]
    assert (old["generation"], new["generation"]) == (1, 2)
    assert [hit["id"] for hit in old["hits"]] == [hit["id"] for hit in new["hits"]]
    alone = run("--collection", changed, "search", "#1", "--all", "--generation", 1, "--json").json
    assert [hit["id"] for hit in alone["hits"]] == [hit["id"] for hit in old["hits"]]
    shown = run("--collection", changed, "search", "#1", "--compare", "--all")
    assert f"{serving(changed).model} (serving)" in shown.out
    assert "11 hits in both; * marks what only one has." in shown.err
    assert shown.err.count("Ranked, not judged") == 1
    assert run("--collection", changed, "search", "#1", "--compare", "--paths").code == 2


def test_a_generation_is_dropped_by_its_number_but_not_what_serves(changed: Path, run: Run) -> None:
    run("--collection", changed, "renew")
    assert (
        "generation 2 of picture serves; let another serve first"
        in run("--collection", changed, "models", "drop", 2).err
    )
    assert run("--collection", changed, "models", "drop", 1).out == "dropped generation 1 of picture\n"
    assert run("--collection", changed, "stats", "--json").json["generations"] == []


def test_what_serves_already_can_be_chosen(own: Path, run: Run) -> None:
    name = serving(own).model
    assert run("--collection", own, "models", "use", name).out == f"generation 1 of picture, by {name}, serves now\n"
    assert serving(own).is_chosen
    refused = run("--collection", own, "models", "use", "nothing")
    assert (refused.code, refused.out) == (1, "")
    assert "the network nothing is not installed, known are none; `lookalike models add FOLDER`" in refused.err


def test_codes_are_shown_and_a_handful_is_not_trained_on(own: Path, run: Run) -> None:
    spaces = run("--collection", own, "codes", "show", "--json").json["spaces"]
    assert [(each["space"], each["codes"], each["vectors"], each["n_bits"]) for each in spaces] == [
        (name, 12, 12, 256) for name in ("colour", "picture", "shape", "texture")
    ]
    assert "12 of 12" in run("--collection", own, "codes", "show", "--space", "shape").out
    assert "holds 12 vectors and training takes 256" in run("--collection", own, "codes", "train").err
