"""What the inpainting net and plain methods make of damaged pictures: measured, and to look at."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from PIL import Image

from trombine.conventions import to_picture, to_pixels
from trombine.data.masks import mask
from trombine.demo.amounts import Demo
from trombine.demo.damage import degraded
from trombine.demo.numbers import numbers_table
from trombine.demo.upscaling import photograph
from trombine.images import as_seen, image_of
from trombine.inpainting.faces import Steering
from trombine.inpainting.repairing import repaired
from trombine.inpainting.scratches import scratches
from trombine.measures import Figure, Protocol, figure, log_evaluation, psnr, ssim
from trombine.methods import methods
from trombine.pages import Html, Page, grid, picture
from trombine.reader import parts_map, read_faces
from trombine.weights import loaded
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]
Hole = Bool[np.ndarray, "h w"]

MEASURES = ("PSNR in the hole", "PSNR", "SSIM")
METHODS = ("mean colour", "biharmonic", "inpaint")
GREY = np.array([178, 174, 168], np.uint8)  # how a hole is shown
HOLES = "irregular:10-20,inside"  # as data/masks/spec.py says
EXAMPLES = 2  # painted faces to look at
HANDLED: Final = "scratches:0.8+dust:0.6+creases:0.6"  # as a print that is old


def add_repair(demo: Demo, page: Page) -> None:
    """Faces with strokes missing, repaired by several methods; then the net's work, steered too."""
    protocol = repair_protocol(demo)
    size, seeds = demo.measured_size, protocol.seeds
    truth = torch.stack([to_picture(paint(face(seed), size, "photo").pixels) for seed in seeds])
    hole = torch.stack([torch.from_numpy(mask(HOLES, seed, size)) for seed in seeds])[:, None]
    repairs = {
        name: method(truth, hole=hole.float())
        for name, method in methods("repair", *METHODS).items()
    }
    jpeg = torch.stack([to_picture(as_jpeg(to_pixels(one))) for one in truth])
    repairs["truth as JPEG 95"] = torch.where(hole, jpeg, truth)
    figures = [
        result
        for name, guess in repairs.items()
        for result in _measured(protocol, name, truth, guess, hole.float())
    ]
    log_evaluation(protocol, None, figures)
    page.section(
        "Repair",
        "Strokes and blobs, a tenth to a fifth of the picture, were taken out of each face. What"
        " was under them is guessed: as the mean colour, as the smoothest surface that fits"
        " (biharmonic), and by trombine inpaint, whose reader guesses hidden parts and"
        " landmarks first. The last row is a ceiling: the truth itself, as a JPEG of quality 95."
        "\n\nBelow, features are hidden altogether. The net paints what fits, not what was there;"
        " told the true parts and landmarks, it follows them. Last, a photograph as from an old"
        " print: trombine inpaint --scratches finds what is damaged and repairs that alone.",
        numbers_table(protocol, figures),
        grid([cell for row in _looked_at(demo) for cell in row], columns=5),
    )


def repair_protocol(demo: Demo) -> Protocol:
    """What the numbers of this section are measured on."""
    first = demo.first_seed + 400
    return Protocol(
        name="Repairing faces",
        pictures="world:photo",
        seeds=range(first, first + demo.measured),
        size=demo.measured_size,
        degradations=(f"masks of the family {HOLES}, of the same seeds",),
        measures=MEASURES,
    )


def as_jpeg(pixels: Pixels) -> Pixels:
    """The picture after a JPEG of quality 95."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(buffer))


def _measured(
    protocol: Protocol,
    name: str,
    truth: Float32[torch.Tensor, "n 3 h w"],
    guess: Float32[torch.Tensor, "n 3 h w"],
    hole: Float32[torch.Tensor, "n 1 h w"],
) -> list[Figure]:
    values = (psnr(truth, guess, hole), psnr(truth, guess), ssim(truth, guess))
    pairs = zip(MEASURES, values, strict=True)
    return [figure(protocol, name, measure, value) for measure, value in pairs]


# ---------------------------------------------------------------------------------------------
# To look at


def _looked_at(demo: Demo) -> list[list[Html]]:
    """Painted faces and a real one, with features hidden."""
    rows = []
    for number in range(EXAMPLES):
        seed = demo.first_seed + 430 + number
        painted = paint(face(seed), demo.measured_size, "photo")
        steering = Steering(parts=painted.parts, points=[painted.points])
        names = "eyes,nose" if number % 2 else "eyes,mouth"
        hole = mask(f"parts:{names}", seed, painted.parts.shape[0], parts=painted.parts)
        rows.append(_row(painted.pixels, hole, steering, "a painted face"))
    real = to_pixels(photograph(demo.portrait))
    faces = read_faces(to_picture(real), loaded("reader", task="read"), largest=True)
    parts = parts_map(faces, *real.shape[:2], picture=to_picture(real))
    steering = Steering(parts=parts, points=[found.points for found in faces])
    hole = mask("parts:mouth,nose", demo.first_seed, real.shape[0], parts=parts)
    rows.append(_row(real, hole, steering, "a photograph"))
    rows.append(_print(demo))
    return rows


def _print(demo: Demo) -> list[Html]:
    """A photograph spoiled, what was found, filled smoothly, mended, and as it was."""
    truth = to_pixels(photograph(demo.portrait))
    spoiled = degraded(truth, HANDLED, demo.first_seed)
    hole = scratches(to_picture(spoiled)).numpy()
    mended = as_seen(repaired(image_of(spoiled), hole, loaded("inpaint", task="repair")).image)
    return [
        picture(spoiled, "Spoiled: a print", caption="Scratched, dusty, creased"),
        picture(_without(spoiled, hole), "Found: a print", caption="What --scratches finds"),
        picture(_smooth(spoiled, hole), "Filled smoothly: a print", caption="Biharmonic"),
        picture(mended, "Mended: a print", caption="trombine inpaint --scratches"),
        picture(truth, "As it was: a print", caption="As it was"),
    ]


def _row(truth: Pixels, hole: Hole, steering: Steering, about: str) -> list[Html]:
    """Damaged, biharmonic, repaired, repaired as the truth says, and the truth."""
    net = loaded("inpaint", task="repair")
    image = image_of(truth)
    return [
        picture(_without(truth, hole), f"Damaged: {about}", caption="With features hidden"),
        picture(_smooth(truth, hole), f"Filled smoothly: {about}", caption="Biharmonic"),
        picture(
            as_seen(repaired(image, hole, net).image),
            f"Repaired: {about}",
            caption="trombine inpaint",
        ),
        picture(
            as_seen(repaired(image, hole, net, steering=steering).image),
            f"Repaired as asked: {about}",
            caption="The same, told what was there",
        ),
        picture(truth, f"The truth: {about}", caption="What was there"),
    ]


def _without(pixels: Pixels, hole: Hole) -> Pixels:
    return np.where(hole[..., None], GREY, pixels)


def _smooth(pixels: Pixels, hole: Hole) -> Pixels:
    (biharmonic,) = methods("repair", "biharmonic").values()
    holes = torch.from_numpy(hole)[None, None].float()
    return to_pixels(biharmonic(to_picture(pixels)[None], hole=holes)[0])
