"""The repository, and the modules of bench/ for programs that import this one first."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(1, str(ROOT / "bench"))
