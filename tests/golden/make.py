"""Make the golden results again, and say what has changed.

    python tests/golden/make.py             all of them
    python tests/golden/make.py restyle     those whose names hold one of the words

What is as before, within what the test allows, is not written again on the same processor.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}  # before torch and numba load
os.environ.setdefault("TROMBINE_CACHE", str(ROOT / ".pytest_cache" / "trombine"))
sys.path.insert(0, str(ROOT))  # this package, whichever is installed


def main() -> None:
    from cases import CASES, FITTED, Values
    from results import FILE, differences, kept, save, stored, surroundings

    before = {case: kept(case) for case in stored()["cases"]} if FILE.exists() else {}
    is_here = FILE.exists() and stored()["made with"] == surroundings()
    found: dict[str, Values] = {}
    changed = [f"{name}: is gone" for name in before if name not in CASES]
    for name, case in CASES.items():
        words = sys.argv[1:] if is_here else []
        if name in before and words and not any(word in name for word in words):
            found[name] = before[name]
            continue
        start = time.monotonic()
        with TemporaryDirectory() as folder:
            found[name] = case(Path(folder))
        said = (
            list(differences(before[name], found[name], name in FITTED))
            if name in before
            else ["is new"]
        )
        changed += [f"{name}: {text}" for text in said]
        if not said and is_here:  # else numbers of two processors would stand beside one another
            found[name] = before[name]
        print(f"{time.monotonic() - start:6.2f} s  {name}", flush=True)
    save(found)
    print(*changed, f"{len(changed)} values of {len(found)} cases have changed", sep="\n")


if __name__ == "__main__":
    main()
