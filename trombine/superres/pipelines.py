"""Which nets, one after the other, and which last step lead from a picture's size to the one asked.

A shipped file NAME-xN enlarges N times; all files of one NAME are a family. Of a family the nearest
net is taken: the smallest factor that is enough. What is then too large is shrunk. How nets run on
pictures is in pictures.py and running.py.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import torch
from jaxtyping import Float
from torch.nn import functional

from trombine.core import memory
from trombine.core.devices import CPU, device_of
from trombine.core.errors import InputError
from trombine.io.image import MAX_PIXELS, MAX_PIXELS_VARIABLE
from trombine.models import Model, loaded, shipped
from trombine.models.blending import between
from trombine.models.foreign import PICKLES
from trombine.models.hub import located
from trombine.models.running import prepare
from trombine.models.tasks import channels
from trombine.models.zoo import ENDING
from trombine.nets import Net
from trombine.superres import MOST_TIMES

BYTES_A_PIXEL: Final = 32  # of the result; 18 were measured (docs/log/enlarge.md)
_ON_THE_WAY: Final = 4  # what is shrunk at the end may be so many times larger for a while
CLEANS: Final = "restore"  # the task of nets that keep the size
USUAL: Final = "upscale"  # the family for photographs
CLEANING: Final = "upscale-wild"  # the family that removes damage, at the same size too
_KEEPS_SIZE: Final = "upscale-clean"  # in its place at the same size, where detail can be lost
# By family a net, and the same learned on to look sharp. Both enlarge four times; what is to be
# smaller is shrunk.
_SHARP_FACTOR: Final = 4
_SHARP: Final = {name: (f"{name}-x4", f"{name}-sharp-x4") for name in (USUAL, CLEANING)}
# The same for faces of what upscale-wild enlarges, by any factor.
_FACES: Final = ("upscale-wild-faces-x4", "upscale-wild-sharp-x4")
# How far from one net to the sharp one, without --sharpness and with all: by measures and looking.
# At the first edges are crisp and nothing is invented; beyond the last eyes get specks.
_LOOKS: Final = {USUAL: (0.0, 1.0), CLEANING: (0.4, 0.85)}
_FACES_LOOK: Final = (0.25, 0.6)
# Pipeline.trust by family; what other nets make is left as it is.
_TRUST: Final = {USUAL: 1.0, f"{USUAL}-drawings": 1.0, CLEANING: 0.0}
_NAME: Final = re.compile(r"(?P<family>.+)-x(?P<factor>[2-9]|[1-9]\d+)")
KEPT: Final = "input"  # in place of a net: the picture as it is, where its size stays
# Two names, and the share of the second, as records and --model have it.
_BLEND: Final = re.compile(r"(?P<first>[\w-]+)\+(?P<second>[\w-]+)\*(?P<share>0?\.\d{1,3})")
_SIDE: Final = 9  # pixels of the small picture over which a grid repeats; odd (docs/log)
_FAINT: Final = 0.02  # of white; what is stronger, such as an edge, counts as so much

Size = tuple[int, int]
Scale = int | Size  # how many times as large, or the width and height to fit in


@dataclass(frozen=True, kw_only=True)
class Nets:
    """Nets that enlarge, by how many times: a family's, or one; none for the picture as it is."""

    name: str | Path  # of what ships; or the file
    by_factor: Mapping[int, Path]


@dataclass(frozen=True, kw_only=True)
class Blend:
    """What two families make of a picture, mixed."""

    first: Nets
    second: Nets
    share: float  # of the second

    @property
    def name(self) -> str:
        """As `resolve` reads it, and a record holds it."""
        return f"{self.first.name}+{self.second.name}*{self.share:g}"

    @property
    def by_factor(self) -> Mapping[int, Path]:
        """The nets that say what sizes there are."""
        return self.first.by_factor or self.second.by_factor


Choice = Nets | Blend


@dataclass(frozen=True, kw_only=True, eq=False)
class Pipeline:
    """The nets that enlarge a picture one after the other, and the final resize."""

    models: tuple[Model, ...]  # one after the other
    size: Size  # height, width of the result
    last: Literal["", "bicubic"]  # what then shrinks it to that size
    second: Pipeline | None = None  # another to the same size, blended in
    share: float = 1.0  # of the second in the result, and of what is made of faces
    faces: Model | None = None  # which enlarges faces, in place of the rest
    # How far the result, shrunk again, is the picture: 1 exactly, 0 in light and colour, as of a
    # damaged one; None: as the nets make it.
    trust: float | None = None
    best: bool = False  # the mean over the picture's eight turned and mirrored selves

    @property
    def device(self) -> torch.device:
        """Where its nets compute."""
        nets = [device_of(model.net) for model in self.every_model]
        return nets[0] if nets else torch.device(CPU)

    @property
    def every_model(self) -> tuple[Model, ...]:
        """The models of both, in the order in which they are run."""
        return self.models + (self.second.every_model if self.second else ())


def plan_pipeline(
    height: int,
    width: int,
    scale: Scale,
    *,
    model: Choice,
    frames: int = 1,
    device: str = CPU,
    sharpness: float = 0.0,
) -> Pipeline:
    """The pipeline from height x width to that many times as much, or to what fits in w x h.

    One net is applied as often as needed, on this `device`.
    With `sharpness` the first net of the family upscale is that much of the one that looks sharp;
    that of upscale-wild is so from LOOKS[0] to LOOKS[1], where it enlarges.
    A film has as many `frames`. An InputError says why there is no such size.
    """
    if isinstance(model, Blend):
        options: dict[str, Any] = {"frames": frames, "device": device, "sharpness": sharpness}
        second = plan_pipeline(height, width, scale, model=model.second, **options)
        first = plan_pipeline(height, width, scale, model=model.first, **options)
        second, faces = replace(second, faces=None), second.faces
        blend = replace(first, second=second, share=model.share, faces=faces)
        named = (model.first.name, model.second.name) == (USUAL, CLEANING)
        if not named or not mixes((height, width), scale, sharpness):
            return blend
        mixed = _between(
            *(shipped()[f"{name}-x2"] for name in (USUAL, CLEANING)), model.share, device
        )
        return replace(blend, models=(mixed,), second=None, trust=1 - model.share)
    size = _target_size(height, width, scale)
    if not model.by_factor:
        if size != (height, width):
            raise InputError("keeps the size", "-x 1 does; name a net that enlarges", path=KEPT)
        return Pipeline(models=(), size=size, last="")
    times = _times((height, width), size)
    keeps = model.name == CLEANING and times == 1
    nets = families()[_KEEPS_SIZE] if keeps else model.by_factor
    check_cleans(times, model)
    if times > MOST_TIMES:
        problem = f"is {width:,} x {height:,}, and would be enlarged {float(times):.4g} times"
        raise InputError(problem, f"{MOST_TIMES} times is the most")
    pair = _SHARP.get(str(model.name)) if times > 1 else None
    by_pair = pair is not None and bool(sharpness) and times <= _SHARP_FACTOR
    factors = [_SHARP_FACTOR] if by_pair else list(nets)
    steps = _steps(factors, times)
    check_pixels(size, frames=frames)
    _check_on_the_way((height, width), size, factors)
    product = math.prod(steps)
    models, faces = [model_in(nets[step], device) for step in steps], None
    if pair and steps[0] == _SHARP_FACTOR:
        models[0] = _looking(pair, _LOOKS[str(model.name)], sharpness, device)
    if pair and model.name == CLEANING:
        faces = _looking(_FACES, _FACES_LOOK, sharpness, device)
    return Pipeline(
        models=tuple(models),
        size=size,
        faces=faces,
        trust=_TRUST.get(str(model.name)) if times > 1 else None,
        last="" if size == (height * product, width * product) else "bicubic",
    )


def resolve(model: str | Path) -> Choice:
    """What a name, a path, or text such as upscale+upscale-wild*0.3 stands for; KEPT is the picture
    as it is, where its size stays."""
    if isinstance(model, str) and is_shipped(model):
        if pair := _BLEND.fullmatch(model):
            first, second = _named(pair["first"]), _named(pair["second"])
            return Blend(first=first, second=second, share=float(pair["share"]))
        return _named(model)
    path = _file(model)
    return Nets(name=path, by_factor={factor_of(model_in(path)): path})


def blend(first: str, second: str, share: float) -> Choice:
    """Two families by the share of the second, to a tenth."""
    tenths = round(10 * share)
    if tenths in (0, 10):
        return _named(second if tenths else first)
    return Blend(first=_named(first), second=_named(second), share=tenths / 10)


def _named(name: str) -> Nets:
    """The nets of a name that ships."""
    by_family = {KEPT: {}, **families()}
    if name in by_family:
        return Nets(name=name, by_factor=by_family[name])
    path = shipped()[name]
    return Nets(name=name, by_factor={factor_of(model_in(path)): path})


def is_shipped(name: str) -> bool:
    """Whether a text names what every trombine has, and no file."""
    pair = _BLEND.fullmatch(name)
    known = {KEPT, *families(), *shipped()}
    return known.issuperset((pair["first"], pair["second"]) if pair else (name,))


def model_in(path: Path, device: str = CPU) -> Model:
    """The net in a file that enlarges, or keeps the size and cleans; got ready, loaded once."""
    model = loaded(path, device=device)
    if model.card.task != CLEANS:
        model = loaded(path, task="upscale", device=device)
    if channels(model.card.sizes) != 3:
        planes = channels(model.card.sizes)
        raise InputError(f"works on {planes} channels; name a net for colours, 3", path=path)
    prepare(model.in_rgb)
    return model


def _looking(
    pair: tuple[str, str], looks: tuple[float, float], sharpness: float, device: str
) -> Model:
    """Between a shipped net and its sharp one."""
    soft, sharp = (shipped()[name] for name in pair)
    share = looks[0] + (looks[1] - looks[0]) * sharpness
    return _between(soft, sharp, share, device) if share else model_in(soft, device)


@lru_cache(maxsize=8)
def _between(soft: Path, sharpest: Path, share: float, device: str) -> Model:
    """Between two nets that began as one, weight by weight. The usual net's sharp one has a grid,
    which is taken out."""
    first, last = (loaded(path, device=device) for path in (soft, sharpest))
    net, hash = between(first.net, last.net, share), f"{first.hash}~{last.hash}*{share:g}"
    if (soft.stem, sharpest.stem) == _SHARP[USUAL]:
        model = replace(last, net=Sharpened(first.net, net), hash=f"{hash}-grid")
    else:
        model = replace(first, net=net, hash=hash)
    prepare(model.in_rgb)
    return model


class Sharpened(Net):
    """What a sharp net makes, less the grid in its difference from the soft net that it began as.

    A net that learned from a discriminator adds a faint pattern that repeats with every pixel of
    the small picture. The soft net has none.
    """

    def __init__(self, soft: Net, sharp: Net) -> None:
        super().__init__()
        self.soft, self.sharp = soft, sharp
        self.sizes, self.factor = sharp.sizes, sharp.factor

    @property
    def reach(self) -> int:
        """That of both nets, and as far as the grid is looked for."""
        return max(self.soft.reach or 0, self.sharp.reach or 0) + _SIDE // 2

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """Small pictures, range [0, 1], to large ones, range about [0, 1]."""
        sharp = self.sharp(x)
        return sharp - grid(sharp - self.soft(x), self.factor)


def grid(added: Float[torch.Tensor, "n c fh fw"], factor: int) -> Float[torch.Tensor, "n c fh fw"]:
    """What repeats every `factor` samples along both axes: for each place within a small pixel, the
    mean of the samples there, over some small pixels around."""
    faint = added.clamp(-_FAINT, _FAINT)
    by_place = functional.pixel_unshuffle(faint, factor)  # n, c * factor**2, h, w
    mean = functional.avg_pool2d(by_place, _SIDE, 1, _SIDE // 2, count_include_pad=False)
    of_channel = mean.unflatten(1, (-1, factor**2))
    differs = of_channel - of_channel.mean(2, keepdim=True)  # brightness and colour stay
    return functional.pixel_shuffle(differs.flatten(1, 2), factor)


def factor_of(model: Model) -> int:
    """How many times the model enlarges; 1 of nets that clean pictures and keep their size."""
    factor = int(model.card.sizes.get("factor", 1))
    if factor < 2 and model.card.task != CLEANS:
        raise InputError("keeps the size; name a net that enlarges", path=model.path)
    return factor


def check_cleans(times: Fraction | int, model: Nets) -> None:
    """Refuse to enlarge with a net that keeps the size, and to clean with one that enlarges."""
    if times == 1 and 1 not in model.by_factor and model.name != CLEANING:
        cure = f"{CLEANING}, which auto takes, or a net that keeps the size"
        raise InputError("only enlarges", f"for -x 1 name {cure}", path=model.name)
    if times != 1 and 1 in model.by_factor:
        raise InputError("keeps the size", "-x 1 cleans; name a net that enlarges", path=model.name)


# ---------------------------------------------------------------------------------------------
# Sizes


def _target_size(height: int, width: int, scale: Scale) -> Size:
    """The size of the result: of a box the largest of the picture's shape, to whole pixels."""
    if isinstance(scale, int):
        if not 1 <= scale <= MOST_TIMES:
            raise InputError(f"cannot be enlarged {scale} times", f"choose 1 to {MOST_TIMES}")
        return height * scale, width * scale
    larger = min(Fraction(scale[0], width), Fraction(scale[1], height))
    if larger <= 1:
        remedy = f"nothing to enlarge for {scale[0]} x {scale[1]}"
        raise InputError(f"is {width} x {height} already", remedy)
    return _rounded(larger * height), _rounded(larger * width)


def _rounded(length: Fraction) -> int:
    """To the nearest, halves up: the picture is being enlarged, so it is never 0."""
    return int(length + Fraction(1, 2))


def mixes(small: Size, scale: Scale, sharpness: float) -> bool:
    """Whether a blend of upscale and upscale-wild is one net, a mean of the weights of both: of the
    nets for two times, since one began as the other. Twice as fast as a mean of what they make, and
    nearer to the truth (docs/log/enlarge.md)."""
    return not sharpness and 1 < _times(small, _target_size(*small, scale)) <= 2


def _times(small: Size, size: Size) -> Fraction:
    """How many times as large a size is, by the side that grows more."""
    return max(Fraction(size[0], small[0]), Fraction(size[1], small[1]))


# ---------------------------------------------------------------------------------------------
# How many pixels


def most_pixels() -> int:
    """How many pixels a result may have: what the environment says, or what there is memory for.

    As many as may be read are made wherever that is tried; then memory may end, which is said.
    """
    setting = os.environ.get(MAX_PIXELS_VARIABLE, "")
    if setting.isdecimal():
        return int(setting)
    return max(MAX_PIXELS, (memory.available() or 0) // BYTES_A_PIXEL)


def check_pixels(size: Size, *, frames: int = 1) -> None:
    """Refuse a result of more pixels than pictures may have, all frames of a film together."""
    height, width = size
    count = frames * height * width
    if count > (most := most_pixels()):
        prefix = f"{frames:,} frames of " if frames > 1 else ""
        would = f"would become {prefix}{width:,} x {height:,}, {count:,} pixels"
        raise InputError(f"{would}, and at most {most:,} are made", "choose a smaller size")


def _check_on_the_way(small: Size, size: Size, factors: list[int]) -> None:
    """Refuse nets that make much more than the size, which is shrunk then."""
    count = small[0] * small[1] * math.prod(_steps(factors, _times(small, size))) ** 2
    if count > (most := _ON_THE_WAY * most_pixels()):
        would = f"would have {count:,} pixels before it is shrunk to size"
        raise InputError(f"{would}, and at most {most:,} are made", "choose a smaller size")


# ---------------------------------------------------------------------------------------------
# Nets


def _steps(factors: list[int], times: Fraction) -> list[int]:
    """Each step the smallest factor that is enough, or the largest there is, until it is enough."""
    if times == 1:  # a net that cleans, or one that does while it enlarges
        return [min(factors)]
    steps: list[int] = []
    while (remaining := times / math.prod(steps)) > 1:
        enough = [factor for factor in factors if factor >= remaining]
        steps.append(min(enough) if enough else max(factors))
    return steps


def _file(model: str | Path) -> Path:
    """The one file that is meant, if it can be one; downloaded, where it is the hub's."""
    model = located(model)
    if isinstance(model, Path) or model.endswith((ENDING, *PICKLES)):
        return Path(model)
    if model in (ships := shipped()):
        return ships[model]
    try:
        if Path(model).is_file():
            return Path(model)
    except (OSError, ValueError):  # too long a name, or a zero byte in it
        pass
    raise no_net(model)


def families() -> dict[str, dict[int, Path]]:
    """The shipped nets that enlarge: of each name, by how many times."""
    nets: dict[str, dict[int, Path]] = {}
    for name, path in shipped().items():
        if match := _NAME.fullmatch(name):
            nets.setdefault(match["family"], {})[int(match["factor"])] = path
    return nets


def no_net(model: str) -> InputError:
    """Why a name that is no file's is none of a net that enlarges."""
    hub = "; of the hub's, write hub:OWNER/NAME/FILE" if "/" in model else ""
    choices = f"one of: {', '.join(('auto', *families()))}; or a .safetensors file or others' .pth"
    problem = f"is neither a shipped model nor a file{hub}; to enlarge, choose {choices}"
    return InputError(problem, path=model)
