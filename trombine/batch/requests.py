"""What every verb that makes files of pictures is asked alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from trombine.refusal import InputError
from trombine.requests import Choice, Integer, Request, quoted


@dataclass(frozen=True, kw_only=True)
class FilesRequest(Request):
    """Pictures in, files out."""

    pictures: tuple[Path, ...]
    """The pictures, or folders of them."""
    output: Path | None = None
    """The file to write, or for several pictures the folder; beside each picture unless given."""
    recursive: bool = False
    """Take pictures in subfolders too; the results keep the subfolders."""
    suffix: str = ""
    """What to add to each name: _large makes photo_large.png of photo.png."""
    overwrite: bool = False
    """Make outputs again that are there already."""

    def __post_init__(self) -> None:
        """Refuse a suffix that leads elsewhere."""
        super().__post_init__()
        if any(letter in self.suffix for letter in "/\\\0"):
            raise InputError(f"--suffix is a part of a name, not {quoted(self.suffix)}")


QUALITY: Final = "quality"  # the option of a record, where it is not the usual one
USUAL: Final = 95
METADATA: Final = "metadata"  # the option of a record, where the picture has some
KEPT, DROPPED = "kept", "dropped"
LOSSY: Final = ("JPEG", "AVIF")  # of the formats that are written
FORMATS: Final = ("png", "jpg", "jpeg", "webp", "tif", "tiff", "avif", "gif", "bmp", "mp4", "webm")


@dataclass(frozen=True, kw_only=True)
class PicturesRequest(FilesRequest):
    """Pictures in, pictures out."""

    format: Annotated[str, Choice(("", *FORMATS))] = ""
    """The format to write, in place of the input's; for films gif, webp, mp4 or webm."""
    quality: Annotated[int, Integer(1, 100)] = USUAL
    """The quality of JPEG and AVIF files, 1 to 100."""
    strip: bool = False
    """Leave out date, camera, place and whatever else a photograph says of itself."""

    def __post_init__(self) -> None:
        """Refuse a format that the output's name is not of."""
        from trombine.io.image import FORMATS

        if isinstance(self.format, str):
            object.__setattr__(self, "format", self.format.lower())
        super().__post_init__()
        ending = self.output.suffix.lower() if self.output else ""
        if self.format and ending in FORMATS and FORMATS[ending] != FORMATS[f".{self.format}"]:
            raise InputError(
                f"ends otherwise than --format {self.format}", "give one", path=self.output
            )
