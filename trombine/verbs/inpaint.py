"""`inpaint`: what is under a mask, painted anew.

How one picture is repaired is in inpainting/; here is what is asked for and refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from trombine.batch.inputs import Companions, expand
from trombine.batch.making import Making
from trombine.batch.requests import PicturesRequest
from trombine.devices import CPU, DEVICES, resolve
from trombine.events import Event
from trombine.refusal import InputError
from trombine.requests import Choice, Integer

POLARITIES: Final = ("auto", "white", "black", "transparent")


@dataclass(frozen=True, kw_only=True)
class InpaintRequest(PicturesRequest):
    """Repair what is under a mask: faces, and whatever else is damaged or in the way.

    Outside the hole every sample stays as it is. Faces are repaired upright, by what the reader
    guesses of their parts and landmarks, or by what you give. Without a mask, the picture's own
    transparency is the hole.
    """

    output: Path | None = None
    """The file to write, or for several pictures the folder; unless given, photo.inpaint.png beside
    photo.png."""
    mask: Path | None = None
    """A picture of the same size that says where the hole is, or a folder of such pictures with the
    pictures' names."""
    mask_is: Annotated[str, Choice(POLARITIES)] = "auto"
    """What of a mask is the hole: white, black or transparent; auto guesses, and says so."""
    mask_part: str = ""
    """Parts of faces to paint anew, as in eyes,mouth."""
    mask_colour: str = ""
    """A colour that was painted over what is to be repaired, as in magenta, or #ff00ff."""
    scratches: bool = False
    """Look for scratches, dust, creases and torn corners, and repair them."""
    grow: Annotated[int, Integer(0, 1000)] = 0
    """By how many pixels the hole is made larger."""
    parts: Path | None = None
    """A map of the face's parts to paint by, as read --write-parts makes it, or a folder of
    such maps."""
    points: Path | None = None
    """The face's landmarks to paint by, as read --write-points makes them, or a folder of such
    files."""
    write_parts: bool = False
    """Write NAME.parts.png beside each output: the parts that it was painted by."""
    write_points: bool = False
    """Write NAME.points.json beside each output: the landmarks that it was painted by."""
    write_mask: bool = False
    """Write NAME.mask.png beside each output: where the hole was, white, to be edited and given
    back."""
    model: str | Path = "inpaint"
    """inpaint; inpaint-diffusion, which gives another answer for each seed; a .safetensors file
    that repairs, or somebody else's such as LaMa's (extra foreign), here or on the hub,
    hub:OWNER/NAME/FILE (extra hub); or with the extra diffusers an inpainting pipeline: its folder,
    or hub:OWNER/NAME."""
    tries: Annotated[int, Integer(1, 16)] = 1
    """How many different answers a sheet shows, where the model can give them: the first is
    written, and --seed names another."""
    seed: Annotated[int, Integer(0, 2**32 - 17)] = 0
    """The number that an answer, and its grain, depend on."""
    sheet: bool = False
    """Write NAME.sheet.png beside each output: the input and the result, whole and in detail."""
    device: Annotated[str, Choice(DEVICES)] = CPU
    """auto, cpu, cuda or mps: where nets are computed. A graphics card is faster, and its bytes are
    not always those of the processor."""


def run(request: InpaintRequest) -> Iterator[Event]:
    """Repair every picture whose output is not there."""
    from trombine.inpainting.making import HOLE, PARTS, POINTS, RESULT, SHEET, model_for, target_for

    options, device = options_of(request), resolve(request.device)
    model_for(request.model, device)
    sources = expand(request.pictures, recursive=request.recursive)
    masks = Companions.of(sources, request.mask, "mask")
    parts = _companions(sources, request.parts, "parts", ".parts.png")
    points = _companions(sources, request.points, "points", ".points.json")
    wanted = {
        PARTS: request.write_parts,
        POINTS: request.write_points,
        HOLE: request.write_mask,
        SHEET: request.sheet or request.tries > 1,
        RESULT: True,
    }
    yield from making().run(
        request,
        lambda source: target_for(
            options,
            source,
            request.model,
            {
                "mask": masks.by_source.get(source),
                "parts": parts.get(source),
                "points": points.get(source),
            },
        ),
        shows=[shows for shows, is_wanted in wanted.items() if is_wanted],
        companions=masks,
        device=device,
    )


def of_image(image: object, request: InpaintRequest, mask: object = None) -> object:
    """A picture that a program holds, repaired, as the same kind; of a path a Pillow image.

    The mask may be held as a picture is, too.
    """
    from trombine.inpainting.in_memory import repaired_value

    options = options_of(request, has_mask=mask is not None)
    return repaired_value(
        image,
        options,
        request.mask if mask is None else mask,
        request.model,
        parts=request.parts,
        points=request.points,
        device=resolve(request.device),
    )


def making() -> Making:
    """How files are repaired, and made again."""
    from trombine.inpainting.making import INPAINT

    return INPAINT


def options_of(request: InpaintRequest, *, has_mask: bool = False) -> dict[str, Any]:
    """The options of a record, but for files; at most one of them says where the hole is."""
    from trombine.inpainting.masks import colour_of, labels_of

    choices = {
        "mask": has_mask or request.mask is not None,
        "part": request.mask_part,
        "colour": request.mask_colour,
        "scratches": request.scratches,
    }
    named = [name for name, value in choices.items() if value]
    if len(named) > 1:
        spelled = "--mask, --mask-part, --mask-colour and --scratches"
        raise InputError(f"{spelled} each say where the hole is", "give one of them")
    hole = named[0] if named else "transparency"
    if request.mask_is != "auto" and hole != "mask":
        raise InputError("--mask-is says what of a mask is the hole", "give --mask too")
    if request.mask_part:
        labels_of(request.mask_part)
    if request.mask_colour:
        colour_of(request.mask_colour)
    return {
        "hole": hole,
        "named": request.mask_part or request.mask_colour,
        "mask_is": request.mask_is,
        "grow": request.grow,
        "seed": request.seed,
        "tries": request.tries,
    }


def _companions(
    sources: list[Path], path: Path | None, option: str, ending: str
) -> dict[Path, Path]:
    """For each picture the file of that option: the file that is named, or of a folder the one that
    has the picture's name and this ending."""
    if path is None or not path.is_dir():
        return dict(Companions.of(sources, path, option).by_source)
    files = {source: path / f"{source.stem}{ending}" for source in sources}
    files = {source: file for source, file in files.items() if file.exists()}
    if sources and not files:
        text = f"has no {option} of any of these pictures"
        remedy = f"name a folder that has, such as one that has {sources[0].stem}{ending}"
        raise InputError(text, remedy, path=path)
    return files
