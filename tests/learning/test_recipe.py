"""What a recipe may say."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import BadRecipe
from lookalike.learning.recipe import Phase, Recipe, read_recipe, recipe_from_json

RECIPES = Path(__file__).parents[2] / "recipes"
SOURCE = '[sources.a]\nhead = "x"\nshare = 1\n'


def parts_of(recipe: Recipe | None) -> Iterator[Recipe]:
    """Yield a recipe and what is trained before it, the last first."""
    while recipe:
        yield recipe
        recipe = recipe.before


def _with_all(recipe: Recipe) -> Recipe:
    sources = {name: replace(source, leave_out=()) for name, source in recipe.sources.items()}
    return replace(recipe, sources=sources, before=None)


@pytest.mark.parametrize("name", ["general", "general-without"])
def test_the_recipes_of_the_project_are_read(name: str) -> None:
    recipe = read_recipe(RECIPES / f"{name}.toml")
    parts = list(parts_of(recipe))
    assert [part.n_steps for part in parts] == [2400, 3125, 6250, 8333]
    assert recipe.n_steps_before == 3125 + 6250 + 8333
    for part in parts:
        assert sum(source.share for source in part.sources.values()) == pytest.approx(1)


def test_the_recipe_without_some_classes_differs_in_nothing_else() -> None:
    whole, without = (read_recipe(RECIPES / f"{name}.toml") for name in ("general", "general-without"))
    for one, other in zip(parts_of(without), parts_of(whole), strict=True):
        n_left_out = {name: len(source.leave_out) for name, source in one.sources.items()}
        assert (n_left_out["caltech101"], n_left_out["grocery"], n_left_out["pacs"]) == (21, 20, 1)
        assert _with_all(one) == _with_all(other)


def test_the_recipe_of_the_how_to_is_read(tmp_path: Path) -> None:
    page = (RECIPES.parent / "docs" / "howto-train.md").read_text()
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "recipe.toml").write_text(text)
    assert read_recipe(tmp_path / "recipe.toml").sources.keys() == {"shop", "people"}


def test_a_recipe_survives_the_way_through_json(recipe: Recipe) -> None:
    again = recipe_from_json(json.loads(json.dumps(recipe.to_json())))
    assert again.to_json() == recipe.to_json()
    assert again.sources["forms"].about == ""  # decides nothing, so it is not part of it


def test_what_comes_before_differs_in_what_it_says_and_has_no_twins(tmp_path: Path) -> None:
    text = f"""seed = 3
batch = 8
{SOURCE}flip = false
[twins]
share = 0.25
contrast = 1
drawn = {{ a = 0.5 }}
[before]
batch = 16
sources.a.share = 2
"""
    (tmp_path / "recipe.toml").write_text(text)
    recipe = read_recipe(tmp_path / "recipe.toml")
    assert (recipe.n_twins, recipe.before is not None) == (2, True)
    assert recipe.before
    assert (recipe.before.batch, recipe.before.seed, recipe.before.twins) == (16, 3, None)
    assert (recipe.before.sources["a"].share, recipe.before.sources["a"].flip) == (2, False)
    assert recipe_from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_before_what_comes_before_something_may_come(tmp_path: Path) -> None:
    text = f"""seed = 3
batch = 8
{SOURCE}
[before]
batch = 16
[before.twins]
share = 0.25
contrast = 1
[before.before]
seed = 4
sources.a.share = 2
"""
    (tmp_path / "recipe.toml").write_text(text)
    last, second, first = parts_of(recipe := read_recipe(tmp_path / "recipe.toml"))
    assert [(part.seed, part.batch, part.n_twins) for part in (last, second, first)] == [
        (3, 8, 0),
        (3, 16, 4),
        (4, 16, 0),
    ]
    assert [part.sources["a"].share for part in (last, second, first)] == [1, 1, 2]
    assert all("about" not in part["sources"]["a"] for part in (recipe.to_json(), recipe.to_json()["before"]["before"]))
    assert recipe_from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_phases_follow_each_other(recipe: Recipe) -> None:
    assert [recipe.side_at(step) for step in (0, 129, 130, 259)] == [32, 32, 40, 40]


def test_a_recipe_stands_on_another(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(f"seed = 3\nbatch = 8\n{SOURCE}flip = false\n")
    (tmp_path / "above.toml").write_text('base = "base.toml"\nbatch = 16\n[sources.a]\nleave_out = ["b"]\n')
    above = read_recipe(tmp_path / "above.toml")
    assert (above.seed, above.batch) == (3, 16)
    assert above.sources["a"].flip is False
    assert above.sources["a"].leave_out == ("b",)


def test_a_base_has_no_base(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(f'base = "base.toml"\n{SOURCE}')
    with pytest.raises(BadRecipe, match="has a base itself"):
        read_recipe(tmp_path / "base.toml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x =", "Invalid value"),
        ("", "sources"),
        ("sources = 3", "source is a table, got 3"),
        ('[sources.a]\nhead = "x"', "share"),
        ('[sources.a]\nhead = "x"\nshare = "1"', "share of source cannot be '1'"),
        ('[sources.a]\nhead = "x"\nshare = 0', "share is above 0"),
        ('[sources.a]\nhead = "x"\nshare = nan', "share is above 0"),
        ('[sources.a]\nhead = ""\nshare = 1', "head is a name"),
        (f"seed = {2**63}\n{SOURCE}", "seed has 63 bits"),
        (f"{SOURCE}flip = 1", "flip of source cannot be 1"),
        (f"{SOURCE}hue = 1", "source has no 'hue'"),
        (f"{SOURCE}smallest_crop = 0", "smallest_crop"),
        (f"{SOURCE}colour = 1", "colour"),
        (f"{SOURCE}grey = 2", "grey"),
        (f"{SOURCE}[twins]\nshare = 0.6\ncontrast = 1", "share of twins"),
        (f"{SOURCE}[twins]\nshare = 0.2\ncontrast = -1", "contrast is not below 0"),
        (f"{SOURCE}[twins]\nshare = 0.2\ncontrast = 1\ntemperature = 0", "temperature is above 0"),
        (f"{SOURCE}[twins]\nshare = 0.2\ncontrast = 1\ndrawn = {{ a = 2 }}", "the styles of a are shares of 1"),
        (f'{SOURCE}[twins]\nshare = 0.2\ncontrast = 1\ndrawn = {{ a = "x" }}', "no recipe"),
        (f"{SOURCE}[twins]\nshare = 0.2\ncontrast = 1\ncut_out = {{ b = 1 }}", "sources of the recipe, got b"),
        (f"batch = 4\n{SOURCE}[twins]\nshare = 0.2\ncontrast = 1", "one twin or more"),
        (f"before = 3\n{SOURCE}", "before is a table"),
        (f"{SOURCE}[before.before.before]\nbatch = 1", "at least one batch"),
        (f"{SOURCE}[{'.'.join(['before'] * 2000)}]\nseed = 3", "recursion"),
        (f"{SOURCE}[before.shape]\nn_dims = 8", "the same shape"),
        (f"{SOURCE}leave_out = [1]", "leave_out of source cannot be"),
        (f'phases = "x"\n{SOURCE}', "phase is a table"),
        (f"phases = [{{ until = 0.5, side = 64 }}]\n{SOURCE}", "phases ascend to 1"),
        (f"phases = [{{ until = 1.0, side = 16 }}]\n{SOURCE}", "at least 32 pixels"),
        (f"n_samples = 2.5\n{SOURCE}", "n_samples of recipe cannot be 2.5"),
        (f"batch = 1\n{SOURCE}", "at least one batch"),
        (f"learning_rate = inf\n{SOURCE}", "learning_rate"),
        (f"validation = 0\n{SOURCE}", "validation"),
        (f'base = "../other.toml"\n{SOURCE}', "base is the name of a file beside it"),
        (f'base = "missing.toml"\n{SOURCE}', "missing.toml"),
        (f"{SOURCE}[shape]\nwidths = [1, 2]", "four numbers each"),
        (f"{SOURCE}[shape]\nwidths = [1, 2, 3, 0]", "above 0"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(BadRecipe) as error:
        read_recipe(tmp_path / "recipe.toml")
    assert reason in str(error.value)
    assert str(error.value).endswith("see recipes/general.toml for one.")


def test_a_recipe_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="is no recipe"):
        read_recipe(tmp_path / "recipe.toml")


def test_phases_need_an_end() -> None:
    with pytest.raises(ValueError, match="ascend"):
        Recipe(sources=read_recipe(RECIPES / "general.toml").sources, phases=(Phase(1.0, 64), Phase(0.5, 64)))
