"""How well the shipped reader reads faces: every figure that trombine read promises.

    python bench/reader.py [--first-seed N] [--count M] [--model NAME] [--witness NAME] [--json]

Held-out painted faces of 128 px, read as they are framed; pictures that show no face; damage of
several kinds; and the 102 test portraits of ../shared/data, whose rows are left out, with a line,
where it is missing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import skimage.data
import torch
from reader_pictures import (
    NO_FACES,
    SIDE,
    Faces,
    children,
    faces,
    no_faces,
    partners,
    profiles,
    spoiled,
)
from reader_quality import (
    Read,
    agreement,
    errors,
    ious,
    mirrored_apart,
    read,
    wrong_together,
)
from table import (
    Row,
    at_least,
    at_most,
    cpu_seconds,
    interleaved,
    options,
    ratio_of_medians,
    report,
)
from upscale_pictures import SHARED, portraits

from trombine.core.conventions import GROUPS, to_picture
from trombine.faces import crop_windows, fields_of, parts_map, read_faces, read_twice, round_face
from trombine.faces.frames import samples_of
from trombine.faces.reading import enlarge
from trombine.faces.scan import resized
from trombine.losses.reading import UNDRAWN
from trombine.metrics import PROTOCOL_SEEDS
from trombine.metrics.reading import auc, explained, near_edges, overlaps, point_errors
from trombine.models import Model, load
from trombine.world import STYLES, VECTOR_NAMES, face, paint
from trombine.world.fractals import fractal, paint_fractal
from trombine.world.leaves import leaves

IOU: Final = {"photo": 0.93, "drawn": 0.91}
POINTS: Final = {"photo": 1.8, "drawn": 2.5}  # percent of the distance between the pupils
LARGE: Final = 512  # pixels of large pictures
LARGE_COUNT: Final = 40  # of them, in each style
LARGE_IOU: Final = 0.94
EDGE_IOU: Final = 0.75
PROFILE_IOU: Final = 0.85
PROFILE_POINTS: Final = 3.0
FACELESS: Final = ("coffee", "chelsea", "rocket", "brick", "grass", "gravel", "clock", "coins")
MOST_FALSE: Final = 2
MAIN: Final = (
    *("masculine", "age", "tone", "hair_light", "hair_length", "beard", "smile", "mouth_open"),
    *("yaw", "pitch", "roll", "light_turn", "light_height"),
)
MAIN_GOAL: Final = 0.8
SWITCHES: Final = ("glasses", "hat")  # above .5 they are there
SMALL: Final = (32, 48)  # pixels, of pictures of small faces
CUTS: Final = (0.1, 0.2, 0.3)  # of a face, by the picture's border
FOUND_CUT: Final = 0.9
COUNT: Final = 200
LAYERS: Final = 7  # whose time a window may take
LARGEST: Final = 3_000_000  # bytes
Rows = Iterator[Row]


def face_rows(model: Model, found: Sequence[Faces], reads: Sequence[Read]) -> Rows:
    """Parts and landmarks, for each style."""
    for one, told in zip(found, reads, strict=True):
        groups = ious(told, one)
        mean = float(np.mean(list(groups.values())))
        yield Row(f"{one.style}: IoU of the groups, in the window", mean, "mean")
        for name, value in groups.items():
            yield Row(f"{one.style}: IoU of {name}", value, "")
        off = 100 * float(errors(told, one).mean())
        yield at_most(
            f"{one.style}: landmarks",
            off,
            "% of the pupils",
            POINTS[_kind(one.style)],
        )


def _kind(style: str) -> str:
    return "photo" if style == "photo" else "drawn"


def written_rows(model: Model, seeds: range) -> Rows:
    """Parts as `read --write-parts` writes them, of pictures with as many pixels as a reader's
    window, and of larger ones; all pixels, and those near an edge of the truth."""
    for size, style in [(size, style) for size in (SIDE, LARGE) for style in STYLES]:
        sums, missed = torch.zeros(2, 2, len(GROUPS)), 0
        for seed in seeds[: LARGE_COUNT if size == LARGE else None]:
            painted = paint(face(seed), size, style)
            picture = samples_of(painted.pixels)
            found = read_faces(picture, model, largest=True)
            missed += not found
            told = torch.from_numpy(parts_map(found, size, size, picture=picture))
            truth = torch.from_numpy(painted.parts)
            edges = near_edges(truth[None])[0]
            for kind, here in enumerate((torch.ones_like(edges), edges)):
                sums[kind] += torch.stack(overlaps(told[here], truth[here]))
        everywhere, near = (sums[:, 0] / sums[:, 1].clamp(min=1)).mean(1).tolist()
        row = f"{style}, {size} px: IoU of the groups", everywhere, "mean"
        if size == SIDE:
            yield at_least(*row, IOU[_kind(style)])
            continue
        yield at_least(*row, LARGE_IOU) if style == "photo" else Row(*row)
        row = f"{style}, {size} px: IoU near edges", near, "mean"
        yield at_least(*row, EDGE_IOU) if style == "photo" else Row(*row)
        yield at_most(f"{style}, {size} px: not found", missed, "faces", 0)


def profile_rows(model: Model, seeds: range) -> Rows:
    """Parts and landmarks of heads that turn 20 to 60 degrees, and the turn itself.

    What is seen of a landmark's error is in percent of the distance between the pupils as it would
    be from the front: from the side it shrinks.
    """
    turned = profiles(seeds)
    told = read(model, turned.pictures)
    groups = list(ious(told, turned).values())
    yield at_least("profiles: IoU of the groups", float(np.mean(groups)), "mean", PROFILE_IOU)
    true = turned.vectors[:, VECTOR_NAMES.index("yaw")]
    off = point_errors(told.points, turned.points) * true.cos().float()[:, None]
    seen = 100 * float(off[turned.visible].mean())
    yield at_most("profiles: landmarks", seen, "% of the pupils", PROFILE_POINTS)
    _, moment = fields_of(model)
    mine = moment.unscaled(told.moment[:, : len(moment.names)])[:, moment.names.index("yaw")]
    yield Row("profiles: yaw", float(explained(mine[:, None], true[:, None].float())[0]), "R2")


def children_rows(model: Model, seeds: range) -> Rows:
    """Parts and landmarks of children, and how many years their ages are off."""
    young = children(seeds)
    told = read(model, young.pictures)
    groups = list(ious(told, young).values())
    yield Row("children: IoU of the groups", float(np.mean(groups)), "mean")
    off = 100 * float(errors(told, young).mean())
    yield at_most("children: landmarks", off, "% of the pupils", POINTS["photo"])
    traits, _ = fields_of(model)
    mine = traits.unscaled(told.traits)[:, traits.names.index("age")]
    true = young.vectors[:, VECTOR_NAMES.index("age")]
    yield Row("children: age", float((mine - true).abs().mean()), "years off")


def false_rows(model: Model, first: int, count: int) -> Rows:
    """Faces that are found where there is none."""
    each = (count - len(FACELESS)) // 2
    painted = [leaves(first + number, 256) for number in range(each)]
    painted += [paint_fractal(fractal(first + number), 256) for number in range(each)]
    shipped = [getattr(skimage.data, name)() for name in FACELESS]
    found = 0
    for pixels in [*painted, *shipped]:
        colours = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)
        found += len(read_faces(to_picture(np.ascontiguousarray(colours[..., :3])), model))
    about = f"false faces in {2 * each + len(shipped):,} pictures without one"
    yield at_most(about, found, "", MOST_FALSE)


def no_face_rows(model: Model, reads: Sequence[Read], seeds: range) -> Rows:
    """Faces told from what is none."""
    shown = torch.cat([one.face for one in reads])
    for kind in NO_FACES:
        told = read(model, no_faces(kind, seeds)).face
        yield at_least(f"faces against {kind}", auc(shown, told), "AUC", 0.99)


def field_rows(model: Model, found: Sequence[Faces], reads: Sequence[Read]) -> Rows:
    """Numbers of the face, for each style that draws them, and the style."""
    traits, moment = fields_of(model)
    for one, told in zip(found, reads, strict=True):
        for kind, values in ((traits, told.traits), (moment, told.moment)):
            places = [VECTOR_NAMES.index(name) for name in kind.names]
            true = kind.scaled(one.vectors[:, places].float())
            mine = values[:, : len(kind.names)]
            for name, r2, a, b in zip(
                kind.names, explained(mine, true), mine.T, true.T, strict=True
            ):
                if name in UNDRAWN.get(one.style, ()):
                    continue
                right = name in SWITCHES
                value = float(((a > 0) == (b > 0)).float().mean()) if right else float(r2)
                goal = one.style == "photo" and name in (*MAIN, *SWITCHES)
                row = f"{one.style}: {name}", value, "right" if right else "R2"
                yield at_least(*row, MAIN_GOAL) if goal else Row(*row)
        style = told.moment[:, len(moment.names) :].argmax(1) == STYLES.index(one.style)
        row = f"{one.style}: style", float(style.float().mean()), "right"
        yield at_least(*row, MAIN_GOAL)


def likeness_rows(model: Model, photo: Faces, told: Read) -> Rows:
    """Whether the same person in another moment is nearer than others, by cosine."""
    other = read(model, partners(photo.seeds)).features
    unit = torch.nn.functional.normalize
    alike = unit(told.features.double()) @ unit(other.double()).T
    others = alike[~torch.eye(len(other), dtype=torch.bool)].reshape(len(other), -1)
    nearer = float((alike.diagonal()[:, None] > others).double().mean())
    yield Row("the same person nearer than another", nearer, "of pairs")


def spoiled_rows(model: Model, photo: Faces) -> Rows:
    """Curves: parts and landmarks against damage."""
    for name, amount, pictures in spoiled(photo.pictures):
        told = read(model, pictures)
        mean = float(np.mean(list(ious(told, photo).values())))
        yield Row(f"{name} {amount:g}: IoU of the groups", mean, "mean")
        off = 100 * float(errors(told, photo).mean())
        yield Row(f"{name} {amount:g}: landmarks", off, "% of the pupils")


def small_rows(model: Model, seeds: range) -> Rows:
    """Small faces on leaves, found and read as they are, and enlarged first."""
    for side in SMALL:
        truth = [paint(face(seed), side, "photo") for seed in seeds]
        for name, enlarged in (("as they are", None), ("enlarged", enlarge)):
            maps, points, true = [], [], []
            for seed, made in zip(seeds, truth, strict=True):
                scene = leaves(seed, 2 * side)
                here = slice(side // 2, side // 2 + side)
                scene[here, here] = made.pixels
                found = read_faces(to_picture(scene), model, largest=True, enlarge=enlarged)
                if found:
                    maps.append(parts_map(found, *scene.shape[:2])[here, here])
                    points.append(found[0].points - side // 2)
                    true.append(made)
            yield Row(f"{side} px, {name}: found", len(true) / len(truth), "of all")
            if not true:
                continue
            labels = torch.from_numpy(np.stack([one.parts for one in true]))
            both, either = overlaps(torch.from_numpy(np.stack(maps)), labels)
            mean = float((both / either.clamp(min=1)).mean())
            yield Row(f"{side} px, {name}: IoU of the groups", mean, "mean")
            places = torch.from_numpy(np.stack([one.points for one in true]))
            visible = torch.from_numpy(np.stack([one.visible for one in true]))
            off = point_errors(torch.from_numpy(np.stack(points)), places)[visible]
            yield Row(f"{side} px, {name}: landmarks", 100 * float(off.mean()), "% of the pupils")


def witness_rows(
    model: Model, witness: Model, found: Sequence[Faces], reads: Sequence[Read]
) -> Rows:
    """The witness's errors beside the reader's, and whether they fall on the same pixels."""
    for one, mine in zip(found, reads, strict=True):
        told = read(witness, one.pictures)
        left = [1 - float(np.mean(list(ious(r, one).values()))) for r in (told, mine)]
        yield at_most(f"{one.style}: witness's lack of IoU", left[0] / left[1], "times", 1.1)
        off = [float(errors(r, one).mean()) for r in (told, mine)]
        yield at_most(f"{one.style}: witness's landmarks", off[0] / off[1], "times", 1.1)
        together = wrong_together(told, mine, one)
        yield Row(f"{one.style}: wrong on the same pixels", together, "correlation")


def portrait_rows(model: Model, witness: Model | None) -> Rows:
    """Real faces, of which nothing is known: found, and read alike by whoever reads."""
    if not (SHARED / "portraits").exists():
        print("no portraits: ../shared/data/portraits is missing", file=sys.stderr)
        return
    windows, truths = [], portraits().truths
    for picture in truths.values():
        picture = picture.expand(3, -1, -1).contiguous()
        found = read_faces(picture, model, largest=True)
        if found:
            low, high = found[0].points.min(0), found[0].points.max(0)
            x, y = ((low + high) / 2).tolist()
            windows.append(crop_windows(picture, [round_face(x, y, float((high - low).max()))])[0])
    yield at_least("portraits: found", len(windows) / len(truths), "of 102", 0.99)
    if not windows:
        return
    for share in CUTS:
        cut = float(np.mean(found_cut(model, truths.values(), share)))
        yield at_least(f"portraits, {share} of the face cut off: found", cut, "of all", FOUND_CUT)
    shown = torch.stack(windows)
    apart = float(mirrored_apart(model, shown).mean())
    yield at_most("portraits: landmarks of the mirrored", apart, "% of the pupils", 2)
    if witness:
        points, parts = agreement(read(model, shown), read(witness, shown))
        yield at_most("portraits: reader and witness, landmarks", points, "% of the pupils", 3)
        yield at_least("portraits: reader and witness, parts", parts, "IoU", 0.85)


def found_cut(model: Model, pictures: Iterable[torch.Tensor], share: float) -> list[bool]:
    """Of portraits at twice their size, one for each side by which the picture's border cuts so
    much of the landmarks' box off: whether a face is found, its landmarks in place within a tenth
    of its size."""
    found = list[bool]()
    for picture in pictures:
        whole = resized(picture.expand(3, -1, -1), 2)
        for known in read_faces(whole, model, largest=True):
            low, high = known.points.min(0), known.points.max(0)
            by = share * (high - low)
            left, top = (low + by).astype(int)
            right, bottom = (high - by).astype(int)
            cuts = [
                (whole[:, :, left:], (left, 0)),
                (whole[:, :, :right], (0, 0)),
                (whole[:, top:], (0, top)),
                (whole[:, :bottom], (0, 0)),
            ]
            for cut, corner in cuts:
                off = [
                    np.abs(one.points + np.array(corner) - known.points).mean()
                    for one in read_faces(cut.contiguous(), model)
                ]
                found.append(min(off, default=np.inf) < 0.1 * (high - low).max())
    return found


def cost_rows(model: Model) -> Rows:
    """How long a window takes on one core, and how large the file is."""
    torch.set_num_threads(1)
    picture = torch.rand(1, 3, SIDE, SIDE)
    layer, features = torch.nn.Conv2d(64, 64, 3, padding=1), torch.rand(1, 64, SIDE, SIDE)
    measures = {
        "window": partial(cpu_seconds, partial(read_twice, model, picture)),
        "layer": partial(cpu_seconds, partial(layer, features)),
    }
    with torch.inference_mode():
        window, layer_alone = interleaved(measures, 20, warm=5).values()
    about = f"a window of {SIDE} px"
    yield Row(about, 1000 * float(np.median(window)), "ms")
    ratio = ratio_of_medians(window, layer_alone)
    yield at_most(f"{about}, beside a layer of 64 features on it", ratio, "times as long", LAYERS)
    yield at_most("the file", model.path.stat().st_size, "bytes", LARGEST)


def main() -> int:
    """Measure, print, say whether every goal is met."""
    asked = options(
        __doc__,
        first_seed=PROTOCOL_SEEDS.start,
        count=COUNT,
        model="reader",
        witness="witness",  # none leaves its rows out
    )
    model = load(asked.model, task="read")
    witness = None if asked.witness == "none" else load(asked.witness, task="read")
    seeds = range(asked.first_seed, asked.first_seed + asked.count)
    found = [faces(seeds, style) for style in STYLES]
    reads = [read(model, one.pictures) for one in found]
    rows = [
        *face_rows(model, found, reads),
        *written_rows(model, seeds),
        *profile_rows(model, seeds),
        *children_rows(model, seeds),
        *no_face_rows(model, reads, seeds),
        *false_rows(model, asked.first_seed, 10 * asked.count),
        *field_rows(model, found, reads),
        *likeness_rows(model, found[0], reads[0]),
        *spoiled_rows(model, found[0]),
        *small_rows(model, seeds),
        *(witness_rows(model, witness, found, reads) if witness else ()),
        *portrait_rows(model, witness),
        *cost_rows(model),
    ]
    return report(rows, json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
