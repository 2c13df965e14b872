from pathlib import Path

import numpy as np
from latency import PASSAGES_PER_FILE, fill, made, pool_of

from assistant.index import Store

POOL = [("The rent is 900 euros a month.", "Lease", np.eye(4, dtype=np.float32)[at]) for at in range(3)]


def test_passages_are_made_unlike_one_another_and_stand_in_files(tmp_path: Path) -> None:
    store = Store(tmp_path / "library.sqlite")
    fill(store, made(POOL, 25, seed=1))
    assert store.count_chunks() == 25
    assert len({path for _, path in store.paths_of_chunks()}) == -(-25 // PASSAGES_PER_FILE)
    assert store.embedded_share() == 1.0
    store.close()
    found = pool_of(tmp_path / "library.sqlite", 4)
    assert len({text for text, _, _ in found}) == 25
    assert np.allclose([np.linalg.norm(vector) for _, _, vector in found], 1.0, atol=1e-2)
