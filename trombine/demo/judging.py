"""How results are judged: a small page of each kind, beside the demo's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from trombine.batch.result import drain
from trombine.demo.amounts import Demo
from trombine.pages import Page, element, table
from trombine.verbs import audit, compare, fidelity, judge, people, upscale
from trombine.world import face, paint

FIRST: Final = 2_000  # after the first seed
SIZE: Final = 64  # pixels of a face
_SHORT: Final = 0.25  # hair_length of those that the second set has
_PROTOCOL: Final = """\
about = "Faces made half as large"
version = 1
task = "upscale"
pictures = "world:photo"
seeds = {{ first = {first}, count = 8 }}
size = 64
damage = "shrink:2"
measures = ["PSNR-Y", "SSIM"]
"""


def add_judging(demo: Demo, page: Page) -> None:
    """Judge two painted sets in every way, and link the pages."""
    folder = demo.folder / "judge"
    shutil.rmtree(folder, ignore_errors=True)  # all of it is made here
    real, generated = _sets(demo, folder)
    rows = [
        (element("a", {"href": f"judge/{name}"}, title), about)
        for name, title, about in _pages(demo, folder, real, generated)
    ]
    page.section(
        "How results are judged",
        f"{demo.judged} painted faces stand for real ones, and {demo.judged} without long hair for"
        " those that a net invented; three of these are copies. Each page is one file, and each"
        " command works on folders of yours.",
        table(("page", "what it says"), rows, caption="Pages", words=True),
    )


def _sets(demo: Demo, folder: Path) -> tuple[Path, Path]:
    """Two folders of faces; the second has short hair alone, and three copies from the first."""
    real, generated = folder / "real", folder / "generated"
    seed = demo.first_seed + FIRST
    faces = []
    for number in range(demo.judged):
        faces.append(paint(face(seed + number), SIZE, "photo").pixels)
        _save(real / f"{number:03}.png", faces[-1])
    number, seed = 0, seed + demo.judged
    while number < demo.judged - 3:
        person = face(seed)
        seed += 1
        if person.hair_length < _SHORT:
            _save(generated / f"{number:03}.png", paint(person, SIZE, "photo").pixels)
            number += 1
    copies = [Image.fromarray(pixels) for pixels in faces[:3]]
    ImageOps.mirror(copies[0]).save(generated / "mirrored.png")
    copies[1].crop((5, 3, 61, 59)).resize((SIZE, SIZE)).save(generated / "cropped.png")
    copies[2].save(generated / "compressed.jpg", quality=50)
    return real, generated


def _save(path: Path, pixels: UInt8[np.ndarray, "h w 3"]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _pages(demo: Demo, folder: Path, real: Path, generated: Path) -> Iterator[tuple[str, str, str]]:
    """Each page's file, its title and what it says."""
    drain(
        fidelity.run(
            fidelity.JudgeFidelityRequest(
                generated=str(generated), real=str(real), output=folder / "fidelity.html"
            )
        )
    )
    yield "fidelity.html", "judge fidelity", "how both sets differ, and which faces are missing"
    drain(
        judge.run(
            judge.JudgeOriginalityRequest(
                generated=str(generated),
                references=str(real),
                false_alarms=0.02,
                output=folder / "originality.html",
            )
        )
    )
    yield "originality.html", "judge originality", "which pictures are copies, and of which"
    truth, results = _enlarged(folder, real)
    drain(
        judge.run(
            judge.JudgeRestorationRequest(
                truth=truth, results=results, output=folder / "restoration.html"
            )
        )
    )
    about = "how near enlarged faces are to the true ones"
    yield "restoration.html", "judge restoration", about
    protocol = folder / "halved.toml"
    protocol.write_text(_PROTOCOL.format(first=demo.first_seed + FIRST))
    drain(
        compare.run(
            compare.JudgeCompareRequest(
                protocol=str(protocol),
                methods=("upscale-fast", "bicubic"),
                output=folder / "compare.html",
            )
        )
    )
    about = "which method enlarges best, on the same pictures, and by how much"
    yield "compare.html", "judge compare", about
    drain(
        audit.run(
            audit.AuditRequest(
                folder=generated, workers=1, any_subject=True, output=folder / "audit.html"
            )
        )
    )
    yield "audit.html", "data audit", "what is wrong with a set of pictures"
    drain(
        people.run(
            people.PeopleMakeRequest(
                real=real, generated=(generated,), output=folder / "people", pictures=12, size=SIZE
            )
        )
    )
    about = "a test for people: which pictures are real? Its answers are a file"
    yield "people/index.html", "judge people", about


def _enlarged(folder: Path, real: Path) -> tuple[Path, Path]:
    """Eight faces, and the same made half as large and enlarged again."""
    truth, small = folder / "truth", folder / "small"
    for path in sorted(real.iterdir())[:8]:
        picture = Image.open(path)
        _save(truth / path.name, np.asarray(picture))
        half = picture.resize((SIZE // 2, SIZE // 2), Image.Resampling.BICUBIC)
        _save(small / path.name, np.asarray(half))
    results = folder / "enlarged"
    request = upscale.UpscaleRequest(
        pictures=(small,), factor=2, model="upscale-fast", output=results
    )
    drain(upscale.run(request))
    return truth, results
