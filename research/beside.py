"""Import it first: programs here use the modules of bench/."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "bench"))
