"""Row 28: the same picture gives the same vectors, whatever stands beside it in its batch."""

import numpy as np
import pytest

from lookalike.collection import Collection


@pytest.mark.parametrize("n_pictures", [40, pytest.param(1000, marks=pytest.mark.soak)])
def test_the_same_picture_twice_is_the_same_vector(tmp_path, folder, draw, fast, rows, figure, share, n_pictures):
    n = share(n_pictures)
    for seed in range(n):
        draw(folder / f"{seed:04}.png", seed, squares=(6 + seed % 5, 8 + seed % 7))
    stored = []
    for name, portions in (("once", [slice(None)]), ("by parts", [slice(0, 1), slice(1, n // 3), slice(n // 3, None)])):
        with Collection(tmp_path / name, settings=fast) as collection:
            for portion in portions:
                collection.add(*sorted(folder.iterdir())[portion])
            stored.append(collection.folder)
            order = rows(collection, "SELECT path FROM files ORDER BY item_id")
            assert order == sorted(order)
    worst = 1.0
    for file in sorted(path.relative_to(stored[0]) for path in stored[0].rglob("*.f16")):
        once, again = (np.fromfile(place / file, np.float16).reshape(n, -1).astype(np.float64) for place in stored)
        lengths = np.linalg.norm(once, axis=1) * np.linalg.norm(again, axis=1)
        worst = min(worst, (np.vecdot(once, again) / lengths).min())
    assert worst >= 0.99999
    figure("28", "the same picture twice: cosine >= 0.99999", f"{n} pictures in 4 spaces: cosine >= {worst:.8f}")
