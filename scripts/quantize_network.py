"""Make the network of eight bits that is shipped, from the folder that `lookalike train` exported.

    python scripts/quantize_network.py TRAINED/network --pictures INDEX.csv --cache DIR --into FOLDER

Ranges are read from pictures that were trained on. Measure both with `benchmarks/describing.py` and `lookalike
evaluate` before you ship one.
"""

import argparse
import json
import shutil
from pathlib import Path

from lookalike.learning.card import write_card
from lookalike.learning.corpus import read_corpus
from lookalike.learning.quantization import calibration_pixels, quantize
from lookalike.learning.recipe import recipe_from_json
from lookalike.models import read_model, write_manifest
from lookalike.models.manifest import read_manifest


def main() -> None:
    """Copy the folder, quantize its network, and write down what it is now."""
    parser = argparse.ArgumentParser(description="Quantize a trained network.")
    parser.add_argument("network", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, metavar="INDEX.csv")
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    model, manifest = read_model(options.network), read_manifest(options.network)
    recipe = recipe_from_json(json.loads((options.network / "recipe.json").read_text()))
    pixels = calibration_pixels(read_corpus(options.pictures, recipe, options.cache), model.preprocessing)
    shutil.copytree(options.network, options.into, dirs_exist_ok=True)
    agreement = quantize(options.network / model.network, options.into / model.network, pixels)
    n_bytes = (options.into / model.network).stat().st_size
    facts = json.loads((options.into / "facts.json").read_text()) | {"n_bytes": n_bytes, "agreement": agreement}
    (options.into / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    write_card(options.into)
    write_manifest(options.into, output=manifest.output, licence=manifest.licence, source=manifest.source)
    print(f"{options.into}: {n_bytes / 1e6:.1f} MB, vectors agree with those in float32 by {agreement:.4f}")


if __name__ == "__main__":
    main()
