"""TensorBoard's events of a run: its log as scalars, its samples as pictures, its settings.

They are a copy for those who like TensorBoard (the extra `tensorboard`); the run itself is its
log. A resumed run writes a new file, which tells TensorBoard to forget what was cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, final

from trombine.core.errors import shown
from trombine.core.texts import flat
from trombine.runs.folder import RunFolder
from trombine.runs.page import Pixels

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

MISSING: Final = (
    "no TensorBoard events are written: pip install 'trombine[tensorboard]' adds what that takes"
)


def open_board(folder: RunFolder, pictures: int | None = None) -> Board | None:
    """The board of a run, resumed after so many pictures unless it is new.

    None where TensorBoard is not installed; MISSING is the line to say then.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    purge = None if pictures is None else pictures + 1
    folder.board.mkdir(parents=True, exist_ok=True)
    return Board(SummaryWriter(str(folder.board), purge_step=purge))


@final
class Board:
    """Events of one process; each is on its way to the disk when its method returns."""

    def __init__(self, writer: SummaryWriter) -> None:
        self._writer = writer

    def entry(self, entry: Mapping[str, Any]) -> None:
        """A line of the log: the numbers of training and of measures, and what went wrong."""
        pictures, kind = entry.get("pictures", 0), entry.get("kind")
        first = "measure/" if kind == "measure" else ""
        for name, value in dict(entry.get("values") or {}).items():
            if isinstance(value, int | float):
                self._writer.add_scalar(f"{first}{name}", value, pictures)
        if kind in ("alarm", "phase"):
            fields = (f"{n}: {v}" for n, v in entry.items() if n not in ("kind", "pictures"))
            self._writer.add_text(str(kind), shown(", ".join(fields)), pictures)
        self._writer.flush()

    def sample(self, pictures: int, pixels: Pixels) -> None:
        """What the nets made of the fixed things."""
        self._writer.add_image("samples", pixels, pictures, dataformats="HWC")
        self._writer.flush()

    def settings(self, recipe: Mapping[str, Any], measures: Mapping[str, float]) -> None:
        """recipe.json's settings beside what was reached, for the tab that compares runs."""
        from torch.utils.tensorboard.summary import hparams

        settings = {name: _plain(value) for name, value in flat(recipe)}
        reached = {f"measure/{name}": value for name, value in measures.items()}
        writer = self._writer._get_file_writer()
        for part in hparams(settings, reached):
            writer.add_summary(part)
        self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def _plain(value: object) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float) else shown(str(value))
