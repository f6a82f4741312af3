"""Whether this code still makes the bytes that an earlier commit made.

Both trees run the same commands, each in processes and with a cache of its own: pictures are
painted, packs written, small nets trained and gone on with, pictures enlarged and read. Then this
tree replays the earlier one's pictures and goes on with its half-trained runs. Every file must have
the same bytes, but for those that bench/same.json lists with the reason why they differ.

    python bench/same.py                     against the commit that bench/same.json names
    python bench/same.py --against COMMIT    against another
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from skimage import data
from table import ROOT, Row, at_least, at_most, report

INTENDED: Final = ROOT / "bench" / "same.json"
STYLES: Final = ("photo", "anime", "cartoon", "sketch")
# Commands by what they show. {half} and {all} are the pictures that a training sees.
PAINT: Final = {
    **{f"world {style}": f"data world --count 6 --size 96 --style {style}" for style in STYLES},
    "world pack": "data world --count 6 --size 48 --style photo+anime --pack",
    "leaves": "data leaves --count 6 --size 96",
    "leaves pack": "data leaves --count 6 --size 48 --pack",
    "fractals": "data fractals --count 3 --size 96",
    "fractals pack": "data fractals --count 3 --size 48 --pack",
    "masks": "data masks --count 12 --size 64",
}
USE: Final = {
    "prepare": "data prepare photographs --size 48 --crop centre",
    "prepare, faces": "data prepare 'world photo' --size 48 --crop face",
    "upscale x2": "upscale photographs -x 2 --sheet",
    "upscale x4": "upscale photographs -x 4",
    "upscale drawings": "upscale 'world anime' -x 2",
    "upscale wild": "upscale photographs -x 4 --model upscale-wild",
    "upscale fast": "upscale photographs --size 333x333 --model upscale-fast",
    "read": "read photographs --write-parts --write-points --json",
}
TRAIN: Final = {
    "enlarger": "upscale-fast-x2 --data leaves#48 --size 32 --depth 2 --width 4",
    "sharpener": "sharpener-x2 --data leaves#48 --size 32 --depth 2 --levels 2 --width 4"
    " --alone 24 --critic_alone 12 --ramp 40 --r1 1 --penalty_every 3 --pool .5",
    "gan": "dcgan --data leaves#48 --size 16 --width 4 --latent 8 --pool .5",
    "flow": "flow --data leaves#48 --size 16 --width 4 --levels 2 --steps 3",
    "pose": "pose --data world:photo#48 --size 32 --width 4",
    "reader": "reader --data world:photo#48 --other leaves#48 --real leaves#48 --size 32 --width 8",
}
SETTINGS: Final = (
    "--batch 4 --log-every 8 --sample-every 24 --measure-every 24 --save-every 12 --faces 4"
    " --judged 8 --ema 20 --warmup 0 --threads 1 --precision float32 --no-board"
)
HALF, ALL = 48, 96
# Of a run: pages, films and clocks hold times and sizes of nothing that is promised.
OF_A_RUN: Final = ("checkpoints/*.safetensors", "best*.safetensors", "log.jsonl", "samples/*")
NETS: Final = """
import hashlib
from trombine.nets import NETS, build
for name in sorted(NETS):
    digest = hashlib.sha256()
    for key, tensor in sorted(build(name, {}, seed=3).state_dict().items()):
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    print(name, digest.hexdigest())
"""

Digests = dict[str, str]  # by "what/file"


def main() -> int:
    """Make everything twice and compare; 0 if only what was intended differs."""
    intended = json.loads(INTENDED.read_text())
    parser = argparse.ArgumentParser(description="Compare bytes with those of a commit.")
    parser.add_argument("--against", metavar="COMMIT", default=intended["against"])
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, earlier(arguments.against) as before:
        old = Tree(before, Path(folder, "old"))
        new = Tree(ROOT, Path(folder, "new"))
        wanted, results = old.all(), new.all()
        for other in (go_on(old, new), replay(old, new)):
            wanted |= other[0]
            results |= other[1]
    return report(list(rows(wanted, results, intended["differs"])), json=arguments.json)


@contextmanager
def earlier(commit: str) -> Iterator[Path]:
    """A checkout of a commit of this repository."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "tree")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(place), commit], check=True)
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


@dataclass(frozen=True)
class Tree:
    """One state of the code, and the folder in which its commands run."""

    root: Path
    folder: Path

    def run(self, command: str, *, folder: Path | None = None) -> None:
        """Run one command of trombine; its errors are this program's."""
        self.python("-m", "trombine", *shlex.split(command), folder=folder)

    def python(self, *words: str, folder: Path | None = None) -> str:
        """Run Python on this state of the code; return what it prints."""
        place = folder or self.folder
        place.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "TROMBINE_CACHE": str(self.folder.parent / f"{self.folder.name}-cache"),
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [sys.executable, *words], cwd=place, env=environment, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{self.folder.name}: {shlex.join(words)}: {done.stderr[-2000:]}")
        return done.stdout

    def all(self) -> Digests:
        """Everything that one state of the code makes by itself."""
        photographs(self.folder / "photographs")
        for name, command in (PAINT | USE).items():
            self.run(f"{command} -o {shlex.quote(name)}")
        for name in TRAIN:
            self.train(name, HALF)
            shutil.copytree(self.folder / name, self.folder / "half" / name)
            self.train(name, ALL)
        digests = {key: digest for name in PAINT | USE for key, digest in self.files(name)}
        digests |= {key: digest for name in TRAIN for key, digest in self.files(name, OF_A_RUN)}
        nets = self.python("-c", NETS).splitlines()
        digests |= {f"nets/{name}": digest for name, digest in map(str.split, nets)}
        zoo = sorted((self.root / "trombine" / "zoo").glob("*.safetensors"))
        return digests | {f"weights/{path.name}": digest_of(path) for path in zoo}

    def train(self, name: str, pictures: int) -> None:
        """Begin a small training, or go on with it to more pictures."""
        change = "--change" if pictures == ALL else ""
        asked = f"train {TRAIN[name]} {SETTINGS} --pictures {pictures} {change}"
        self.run(f"{asked} -o {shlex.quote(name)}")

    def files(self, name: str, patterns: tuple[str, ...] = ("**/*",)) -> Iterator[tuple[str, str]]:
        """The files of a folder, or the file, by name, with their digests."""
        place = self.folder / name
        for path in sorted({one for pattern in patterns for one in place.glob(pattern)}):
            if path.is_file():
                for part, digest in digests_of(path):
                    yield f"{name}/{path.relative_to(place).as_posix()}{part}", digest


def go_on(old: Tree, new: Tree) -> tuple[Digests, Digests]:
    """What comes of the earlier code's half-trained runs, by itself and by this code."""
    taken = Tree(new.root, new.folder.parent / "taken over")
    shutil.copytree(old.folder / "half", taken.folder)
    for name in TRAIN:
        taken.train(name, ALL)
    both = [
        {f"resumed {key}": digest for name in TRAIN for key, digest in tree.files(name, OF_A_RUN)}
        for tree in (old, taken)
    ]
    return both[0], both[1]


def replay(old: Tree, new: Tree) -> tuple[Digests, Digests]:
    """The earlier code's pictures, and what this code makes again from their records."""
    wanted: Digests = {}
    results: Digests = {}
    for name in (*(one for one in PAINT if "pack" not in one), *USE):
        inputs = "world anime" if name == "upscale drawings" else "photographs"
        place = old.folder / name
        pictures = [path for path in sorted(place.glob("*")) if path.suffix in (".png", ".tif")]
        if not pictures:
            continue
        again = Tree(new.root, new.folder.parent / "replayed")
        words = " ".join(shlex.quote(str(path)) for path in pictures)
        source = shlex.quote(str(old.folder / inputs))
        again.run(f"replay {words} --inputs {source} -o {shlex.quote(name)}")
        for path in pictures:
            wanted[f"replayed {name}/{path.name}"] = digest_of(path)
        results |= {f"replayed {key}": digest for key, digest in again.files(name)}
    return wanted, results


def photographs(folder: Path) -> None:
    """Pictures as people have them, of scikit-image's: colour, grey, alpha, 16 bit, JPEG."""
    folder.mkdir(parents=True)
    astronaut = data.astronaut()[:256, 96:352]
    small = Image.fromarray(astronaut).resize((128, 128), Image.Resampling.BICUBIC)
    small.save(folder / "face.png")
    small.save(folder / "face-jpeg.jpg", quality=85)
    Image.fromarray(data.camera()[::4, ::4]).save(folder / "grey.png")
    alpha = np.dstack([data.coffee()[::4, ::4], np.full((100, 150), 128, np.uint8)])
    Image.fromarray(alpha, "RGBA").save(folder / "alpha.png")
    deep = data.camera()[::4, ::4].astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "deep.tif")


def digests_of(path: Path) -> Iterator[tuple[str, str]]:
    """Of a file; of a model's the tensors, and apart from them the card, which is words."""
    if path.suffix != ".safetensors":
        yield "", digest_of(path)
        return
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:end])
    card = head.pop("__metadata__", {})
    tensors = json.dumps(head, sort_keys=True).encode() + data[end:]
    yield "", sha256(tensors).hexdigest()
    yield " card", sha256(json.dumps(card, sort_keys=True).encode()).hexdigest()


def digest_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def rows(wanted: Digests, results: Digests, differs: Mapping[str, str]) -> Iterator[Row]:
    """A row for each kind of file; names of what differs go to the error stream."""
    kinds = sorted({key.partition("/")[0] for key in wanted | results})
    for kind in kinds:
        keys = [key for key in wanted | results if key.partition("/")[0] == kind]
        other = [key for key in keys if wanted.get(key) != results.get(key)]
        meant = [key for key in other if any(fnmatch(key, pattern) for pattern in differs)]
        for key in other:
            why = "as intended" if key in meant else "NOT INTENDED"
            print(f"{key}: differs, {why}", file=sys.stderr)
        about = f" ({len(meant)} others differ as intended)" if meant else ""
        yield at_most(f"{kind}: files that differ{about}", len(other) - len(meant), "files", 0)
    yield at_least("files compared", len(wanted | results), "files", 1)


if __name__ == "__main__":
    sys.exit(main())
