"""Whole pictures and films enlarged: their colours and their transparency, in their own mode.

Which nets and which last step are taken is in pipelines.py, how one net runs on a large picture in
running.py, how new colours become samples in io/image.py. Files are read and written elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter

from trombine.core.computing import computing
from trombine.core.devices import CPU
from trombine.core.errors import InputError
from trombine.core.progress import Tick
from trombine.io.color import LUMA
from trombine.io.image import Picture, Samples
from trombine.io.video import Frames
from trombine.models import running
from trombine.superres.faces import with_faces
from trombine.superres.last import resized
from trombine.superres.pipelines import Pipeline, Size, check_pixels, factor_of

_STRIP: Final = 1 << 18  # pixels rounded at once
TURNS: Final = 8  # the ways in which a square fits onto itself

Colours = Float32[np.ndarray, "h w 3"]
Alpha = Float32[np.ndarray, "h w"]
Plane = Shaped[np.ndarray, "h w"]


@dataclass(frozen=True, kw_only=True)
class How:
    """How nets run (models/running.py), and who is told how many pixels have gone into them."""

    tile: int | None = None
    threads: int | None = None
    tick: Tick | None = None

    def part(self, start: int, length: int, every: int) -> How:
        """Of a part of the work: those `length` pixels of `every` that begin at `start`."""
        if (tick := self.tick) is None:
            return self
        return replace(self, tick=lambda done, of: tick(start + length * done // of, every))


def enlarged_image(image: Picture, pipeline: Pipeline, how: How = How()) -> Picture:
    """The picture at the pipeline's size: in its mode, depth and profile, with its transparency.

    Where all is grey the result is exactly grey.
    """
    larger, alpha = enlarged_colours(image.plain.rgb(), image.alpha(), pipeline, how)
    larger = larger[:1] if image.is_grey else larger
    if alpha is not None:
        larger = torch.cat([larger, torch.from_numpy(alpha)[None].to(larger.device)])
    samples = rounded(larger, image.samples.dtype)
    return replace(image, samples=samples, record=None, reduced=1, quantization=(), changed="")


def enlarged_colours(
    colours: Colours, alpha: Alpha | None, pipeline: Pipeline, how: How = How()
) -> tuple[Float32[torch.Tensor, "3 h2 w2"], Float32[np.ndarray, "h2 w2"] | None]:
    """Colours within [0, 1], where the nets compute, and their alpha, at the pipeline's size."""
    once = _pixels(len(colours), colours.shape[1], pipeline)
    every = _passes(alpha) * once
    planes = _planes(colours, alpha).to(pipeline.device)
    larger = _through(planes, pipeline, how.part(0, once, every))
    if pipeline.faces:
        share = pipeline.share if pipeline.second else 1.0
        with computing(how.threads):
            larger = with_faces(planes, larger.contiguous(), pipeline.faces, share)
    if alpha is not None:
        alpha = _enlarged_alpha(alpha, pipeline, how.part(once, once, every))
    return larger, alpha


def rounded(planes: Float32[torch.Tensor, "c h w"], dtype: np.dtype) -> Samples:
    """Planes within [0, 1], wherever they are computed, as samples of 8 or 16 bits."""
    count, height, width = planes.shape
    samples = np.empty((height, width, count), dtype)
    rows = max(1, _STRIP // width) if planes.device.type == CPU else height
    for top in range(0, height, rows):
        part = planes[:, top : top + rows].double() * np.iinfo(dtype).max
        numbers = part.round_().to(torch.uint8 if dtype == np.uint8 else torch.int32)
        samples[top : top + rows] = numbers.permute(1, 2, 0).contiguous().cpu().numpy()
    return samples


def enlarged_film(film: Frames, pipeline: Pipeline, how: How = How()) -> Frames:
    """Each frame of a film enlarged; of equal frames in a row only the first is computed."""
    count = len(film.frames)
    check_pixels(pipeline.size, frames=count)
    again = [index > 0 and _equal(*film.frames[index - 1 : index + 1]) for index in range(count)]
    work = [
        0 if same else _passes(frame.alpha()) * _pixels(frame.height, frame.width, pipeline)
        for frame, same in zip(film.frames, again, strict=True)
    ]
    frames: list[Picture] = []
    for index, frame in enumerate(film.frames):
        if again[index]:
            frames.append(frames[-1])
        else:
            part = how.part(sum(work[:index]), work[index], sum(work))
            frames.append(enlarged_image(frame, pipeline, part))
    return Frames(frames=tuple(frames), durations=film.durations, loops=film.loops)


def _equal(a: Picture, b: Picture) -> bool:
    same = a.profile == b.profile and a.samples.dtype == b.samples.dtype
    return same and np.array_equal(a.samples, b.samples)


# ---------------------------------------------------------------------------------------------
# Colours and alpha


def _planes(colours: Colours, alpha: Alpha | None) -> Float32[torch.Tensor, "3 h w"]:
    """What the nets see of a picture's colours."""
    colours = colours if alpha is None else uncovered(colours, alpha)
    return torch.from_numpy(np.ascontiguousarray(colours.transpose(2, 0, 1)))


def uncovered(colours: Colours, alpha: Alpha) -> Colours:
    """The colours with those behind an alpha of 0, which may be any, as the nearest visible one.

    A net looks beyond the edge of what is visible, and would draw the hidden colours into it.
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colours

    nearest = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    rows, columns = np.asarray(nearest)
    return colours[rows, columns]


def _enlarged_alpha(alpha: Alpha, pipeline: Pipeline, how: How) -> Float32[np.ndarray, "h2 w2"]:
    """Alpha through the same nets, as a grey picture, which neither rings nor thins out.

    It is held between the least and the largest alpha of the nine small pixels round it: exactly 0
    or 1 where all of these are.
    """
    if alpha.min() == alpha.max():
        return np.full(pipeline.size, alpha[0, 0], np.float32)
    planes = torch.from_numpy(alpha).expand(3, -1, -1).to(pipeline.device)
    enlarged = _through(planes, pipeline, how)[0].cpu().numpy()
    least, most = minimum_filter(alpha, 3), maximum_filter(alpha, 3)
    return np.clip(enlarged, spread(least, pipeline.size), spread(most, pipeline.size))


def spread(alpha: Plane, size: Size) -> Shaped[np.ndarray, "h2 w2"]:
    """Each pixel of the result as the small one that its centre lies in."""
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip(size, alpha.shape, strict=True)
    )
    return alpha[rows[:, None], columns]


def _through(
    planes: Float32[torch.Tensor, "3 h w"], pipeline: Pipeline, how: How
) -> Float32[torch.Tensor, "3 h2 w2"]:
    """A picture through a pipeline, and what is blended in; grey stays exactly grey."""
    if pipeline.best:
        total = planes.new_zeros(3, *pipeline.size)
        for answer in answers(planes, pipeline, how):
            total += answer
        return total / TURNS
    if pipeline.second is None:
        return _through_nets(planes, pipeline, how)
    height, width = planes.shape[-2:]
    every, second = (_pixels(height, width, part) for part in (pipeline, pipeline.second))
    result = _through_nets(planes, pipeline, how.part(0, every - second, every))
    other = _through(planes, pipeline.second, how.part(every - second, second, every))
    return result.lerp(other, pipeline.share)


def answers(
    planes: Float32[torch.Tensor, "3 h w"], pipeline: Pipeline, how: How
) -> Iterator[Float32[torch.Tensor, "3 h2 w2"]]:
    """What a pipeline makes of each of the eight turned and mirrored pictures, turned back."""
    once = replace(pipeline, best=False)
    work = _pixels(planes.shape[-2], planes.shape[-1], once)
    for number in range(TURNS):
        part = how.part(number * work, work, TURNS * work)
        by = _turned_sides(once) if number % 2 else once
        yield turn_back(_through(turn(planes, number), by, part), number)


def turn(planes: torch.Tensor, number: int) -> torch.Tensor:
    """A picture turned by so many quarters, and mirrored first from number 4 on."""
    return (planes.flip(-1) if number >= TURNS // 2 else planes).rot90(number % 4, (-2, -1))


def turn_back(planes: torch.Tensor, number: int) -> torch.Tensor:
    """The inverse of `turn`."""
    planes = planes.rot90(-(number % 4), (-2, -1))
    return planes.flip(-1) if number >= TURNS // 2 else planes


def _turned_sides(pipeline: Pipeline) -> Pipeline:
    """The same nets to a picture that is as high as this one is wide."""
    second = None if pipeline.second is None else _turned_sides(pipeline.second)
    return replace(pipeline, size=pipeline.size[::-1], second=second)


def _through_nets(
    planes: Float32[torch.Tensor, "3 h w"], pipeline: Pipeline, how: How
) -> Float32[torch.Tensor, "3 h2 w2"]:
    """A picture through the nets of a pipeline alone, and to its size."""
    grey, weights = bool((planes == planes[:1]).all()), planes.new_tensor(LUMA).view(3, 1, 1)
    work = _counts(planes.shape[-2], planes.shape[-1], pipeline)
    for index, model in enumerate(pipeline.models):
        part = how.part(sum(work[:index]), work[index], sum(work))
        try:
            planes = running.enlarged(model.in_rgb, planes.contiguous(), **vars(part))
        except InputError as error:
            raise InputError(f"{error}", path=model.path.name) from error
        if grey:
            planes = (planes * weights).sum(0, keepdim=True).expand(3, -1, -1)
    if not pipeline.last:
        return planes
    if grey:
        return resized(planes[:1], pipeline.size).expand(3, -1, -1)
    return resized(planes, pipeline.size)


def deviations(
    image: Picture, pipeline: Pipeline, how: How = How()
) -> Float32[np.ndarray, "h2 w2"]:
    """By how much the answers for the eight turned and mirrored pictures differ from their mean.

    The standard deviation, the root of the mean square over the channels; alpha is left out.
    """
    planes = _planes(image.rgb(), image.alpha()).to(pipeline.device)
    total, squares = planes.new_zeros(3, *pipeline.size), planes.new_zeros(3, *pipeline.size)
    for number, answer in enumerate(answers(planes, pipeline, how)):
        # Welford: the difference of large sums would lose small deviations.
        gap = answer - total
        total += gap / (number + 1)
        squares += gap * (answer - total)
    return (squares / TURNS).mean(0).clamp(min=0).sqrt().cpu().numpy()


# ---------------------------------------------------------------------------------------------
# Progress, in pixels that go into nets


def _passes(alpha: Alpha | None) -> int:
    """How often a picture goes through the nets: once, and once for its alpha."""
    return 1 if alpha is None or alpha.min() == alpha.max() else 2


def _pixels(height: int, width: int, pipeline: Pipeline) -> int:
    """How many go into all nets in one pass."""
    count = sum(_counts(height, width, pipeline))
    count += _pixels(height, width, pipeline.second) if pipeline.second else 0
    return TURNS * count if pipeline.best else count


def _counts(height: int, width: int, pipeline: Pipeline) -> list[int]:
    """How many go into each net, one after the other."""
    counts, count = [], height * width
    for model in pipeline.models:
        counts.append(count)
        count *= factor_of(model) ** 2
    return counts
