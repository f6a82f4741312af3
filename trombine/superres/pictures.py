"""Whole pictures and films enlarged: their colours and their transparency, in their own mode.

Which nets lead to a size is in pipelines.py, how one net runs on a large picture in running.py, how
new colours become samples in io/image.py. Faces of damaged photographs are enlarged by a net that
learned from faces alone.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter

from trombine.core.computing import computing
from trombine.core.devices import CPU, fetched
from trombine.core.errors import InputError
from trombine.core.progress import Tick
from trombine.data.resize import match, resize_large
from trombine.faces.faces import Face, read_faces
from trombine.io.color import LUMA
from trombine.io.image import Picture, Samples
from trombine.io.video import Frames
from trombine.models import Model, loaded, running
from trombine.superres.grain import with_grain
from trombine.superres.pipelines import Pipeline, Size, check_pixels, factor_of

_STRIP: Final = 1 << 18  # pixels rounded at once
_TURNS: Final = 8  # the ways in which a square fits onto itself
_ON_CARD: Final = threading.Lock()  # held by the one picture that a card has memory for

Colours = Float32[np.ndarray, "h w 3"]
Alpha = Float32[np.ndarray, "h w"]
Plane = Shaped[np.ndarray, "h w"]
Small = Float32[torch.Tensor, "3 h w"]
Large = Float32[torch.Tensor, "3 h2 w2"]


@dataclass(kw_only=True)
class How:
    """How nets run (models/running.py), and who is told how many pixels have gone into them."""

    tile: int | None = None
    threads: int | None = None
    half: bool = False  # in half precision, where a net allows it and the picture has 8 bits
    grain: bool = False  # give back what grain was taken away
    strength: Plane | None = None  # how much of what nets make counts, 0 to 1, by pixel; None: all
    tick: Tick | None = None
    done: int = 0
    total: int = 0

    def run(self, model: Model, planes: Small) -> Large:
        """What a net makes of a picture."""
        before = self.done
        pixels = planes.shape[-2] * planes.shape[-1]

        def tick(done: int, of: int) -> None:
            self.done = before + pixels * done // of
            if self.tick is not None:
                self.tick(self.done, self.total)

        try:
            net = model.in_rgb
            options = {"tile": self.tile, "threads": self.threads, "tick": tick}
            half = self.half and model.half
            return running.enlarged(net, planes.contiguous(), half=half, **options)
        except InputError as error:
            raise InputError(f"{error}", path=model.path.name) from error


def enlarged_image(image: Picture, pipeline: Pipeline, how: How | None = None) -> Picture:
    """The picture at the pipeline's size: in its mode, depth and profile, with its transparency.

    Where all is grey the result is exactly grey.
    """
    how = how or How()
    if image.samples.dtype != np.uint8:  # half precision holds fewer bits
        how.half = False
    colours, opacity = image.plain.rgb(), image.alpha()
    with nullcontext() if pipeline.device.type == CPU else _ON_CARD:
        larger, alpha = enlarged_colours(colours, opacity, pipeline, how)
        larger = larger[:1] if image.is_grey else larger
        if alpha is not None:
            larger = torch.cat([larger, torch.from_numpy(alpha)[None].to(larger.device)])
        samples = rounded(larger, image.samples.dtype)
    return replace(image, samples=samples, record=None, reduced=1, quantization=(), changed="")


def enlarged_colours(
    colours: Colours, alpha: Alpha | None, pipeline: Pipeline, how: How | None = None
) -> tuple[Large, Float32[np.ndarray, "h2 w2"] | None]:
    """Colours within [0, 1], where the nets compute, and their alpha, at the pipeline's size."""
    how = how or How()
    how.total = how.total or _pixels(len(colours), colours.shape[1], alpha, pipeline)
    seen = colours if alpha is None else uncovered(colours, alpha)
    planes = torch.from_numpy(np.ascontiguousarray(seen.transpose(2, 0, 1))).to(pipeline.device)
    larger = _through(planes, pipeline, how)
    if pipeline.faces:
        with computing(how.threads):
            larger = with_faces(planes, larger.contiguous(), pipeline.faces, pipeline.share)
    if how.grain:
        larger = with_grain(planes, larger)
    if how.strength is not None:
        share = resize_large(torch.from_numpy(how.strength)[None], pipeline.size).to(planes.device)
        larger = resize_large(planes, pipeline.size).lerp(larger, share)
    return larger, None if alpha is None else _enlarged_alpha(alpha, pipeline, how)


def rounded(planes: Float32[torch.Tensor, "c h w"], dtype: np.dtype) -> Samples:
    """Planes within [0, 1], wherever they are computed, as samples of 8 or 16 bits."""
    count, height, width = planes.shape
    samples = np.empty((height, width, count), dtype)
    rows = max(1, _STRIP // width) if planes.device.type == CPU else height
    for top in range(0, height, rows):
        part = planes[:, top : top + rows].double() * np.iinfo(dtype).max
        numbers = part.round_().to(torch.uint8 if dtype == np.uint8 else torch.int32)
        samples[top : top + rows] = fetched(numbers.permute(1, 2, 0).contiguous())
    return samples


def enlarged_film(film: Frames, pipeline: Pipeline, how: How | None = None) -> Frames:
    """Each frame of a film enlarged; of equal frames in a row only the first is computed."""
    how, count = how or How(), len(film.frames)
    check_pixels(pipeline.size, frames=count)
    again = [index > 0 and _equal(*film.frames[index - 1 : index + 1]) for index in range(count)]
    how.total = sum(
        _pixels(frame.height, frame.width, frame.alpha(), pipeline)
        for frame, same in zip(film.frames, again, strict=True)
        if not same
    )
    frames: list[Picture] = []
    for frame, same in zip(film.frames, again, strict=True):
        frames.append(frames[-1] if same else enlarged_image(frame, pipeline, how))
    return Frames(frames=tuple(frames), durations=film.durations, loops=film.loops)


def _equal(a: Picture, b: Picture) -> bool:
    same = a.profile == b.profile and a.samples.dtype == b.samples.dtype
    return same and np.array_equal(a.samples, b.samples)


def _pixels(height: int, width: int, alpha: Alpha | None, pipeline: Pipeline) -> int:
    """How many pixels go into nets, of the picture and of its alpha."""
    count, total = height * width, 0
    for model in pipeline.models:
        total += count
        count *= factor_of(model) ** 2
    if pipeline.second:
        total += _pixels(height, width, None, pipeline.second)
    total *= _TURNS if pipeline.best else 1
    return total if alpha is None or alpha.min() == alpha.max() else 2 * total


# ---------------------------------------------------------------------------------------------
# Colours and alpha


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


def _through(planes: Small, pipeline: Pipeline, how: How) -> Large:
    """A picture through a pipeline, and what is blended in; grey stays exactly grey."""
    if pipeline.best:
        total = planes.new_zeros(3, *pipeline.size)
        for number in range(_TURNS):
            once = _turned(replace(pipeline, best=False), number)
            seen = (planes.flip(-1) if number >= _TURNS // 2 else planes).rot90(number, (-2, -1))
            answer = _through(seen, once, how).rot90(-number, (-2, -1))
            total += answer.flip(-1) if number >= _TURNS // 2 else answer
        return total / _TURNS
    if pipeline.second is None:
        return _through_nets(planes, pipeline, how)
    result = _through_nets(planes, pipeline, how)
    return result.lerp(_through(planes, pipeline.second, how), pipeline.share)


def _turned(pipeline: Pipeline, quarters: int) -> Pipeline:
    """The same nets for the picture turned by so many quarters."""
    if quarters % 2 == 0:
        return pipeline
    second = None if pipeline.second is None else _turned(pipeline.second, quarters)
    return replace(pipeline, size=pipeline.size[::-1], second=second)


def _through_nets(planes: Small, pipeline: Pipeline, how: How) -> Large:
    """A picture through the nets of a pipeline alone, and to its size."""
    small, weights = planes, planes.new_tensor(LUMA).view(3, 1, 1)
    grey = bool((planes == planes[:1]).all())
    for model in pipeline.models:
        planes = how.run(model, planes)
        if grey:
            planes = (planes * weights).sum(0, keepdim=True).expand(3, -1, -1)
    planes = planes[:1] if grey else planes
    if pipeline.last:
        planes = resize_large(planes, pipeline.size)
    if pipeline.trust is not None:
        planes = planes.contiguous()
        match(planes, small[: len(planes)], pipeline.trust)
    return planes.expand(3, -1, -1)


# ---------------------------------------------------------------------------------------------
# Faces

# Pixels of the small picture, the longer side of a face: where the net counts for nothing and for
# all. It saw none that were larger.
_SIZES: Final = ((8.0, 14.0, 150.0, 220.0), (0.0, 1.0, 1.0, 0.0))
_WHOLE: Final = 1.6  # of a face's box, hair left out: within this ellipse the net counts wholly
_NONE: Final = 2.4  # beyond this one not at all
_UPRIGHT: Final = 0.7  # radians that a face may lean to a side: the net saw none that lean more


def with_faces(small: Small, large: Large, model: Model, share: float = 1.0) -> Large:
    """The large picture, its faces in place of those that other nets made.

    Parameters
    ----------
    small
        The picture before it was enlarged, within [0, 1].
    large
        What was made of it, of any larger size; it is changed.
    model
        The net for faces.
    share
        How much of them it makes, as the net for damage has of the whole picture.
    """
    reader = loaded("reader", task="read", device=small.device.type)
    for face in read_faces(small.cpu(), reader):
        weight = float(np.interp(face.size, *_SIZES)) * share * _is_upright(face)
        if weight:
            _put(face, weight, small, large, model)
    return large


def _is_upright(face: Face) -> bool:
    right, left = face.points[36:42].mean(0), face.points[42:48].mean(0)
    return abs(float(np.arctan2(*(left - right)[::-1]))) < _UPRIGHT


def _put(face: Face, weight: float, small: Small, large: Large, model: Model) -> None:
    """One face into the large picture, softly round it. Places are x and y, of small pixels."""
    corners = np.array(face.box, np.float64).reshape(2, 2)
    middle, half = corners.mean(0), np.ptp(corners, axis=0) / 2
    within = np.array(small.shape[:0:-1])
    first = np.maximum(np.floor(middle - _NONE * half), 0).astype(int)
    last = np.minimum(np.ceil(middle + _NONE * half), within).astype(int)
    reach = model.in_rgb.reach or 0  # so that the window's rim is as within the picture
    begin, end = np.maximum(first - reach, 0), np.minimum(last + reach, within)
    made = running.enlarged(model.in_rgb, _cut(small, begin, end).contiguous())
    times = model.net.factor
    made = _cut(made, times * (first - begin), times * (last - begin)).contiguous()
    match(made, _cut(small, first, last), 0.0)
    if bool((small == small[:1]).all()):
        made = made.mean(0, keepdim=True).expand(3, -1, -1)
    scale = np.array(large.shape[:0:-1]) / within
    first, last = (np.rint(corner * scale).astype(int) for corner in (first, last))
    place = _cut(large, first, last)
    x, y = (
        ((np.arange(first[axis], last[axis]) + 0.5) / scale[axis] - middle[axis]) / half[axis]
        for axis in (0, 1)
    )
    share = weight * np.clip((_NONE - np.hypot(x, y[:, None])) / (_NONE - _WHOLE), 0, 1)
    made = resize_large(made, (place.shape[1], place.shape[2]))
    place.lerp_(made, torch.from_numpy(share.astype(np.float32)).to(place.device))


def _cut(planes: torch.Tensor, first: np.ndarray, last: np.ndarray) -> torch.Tensor:
    """What lies between two corners, x and y."""
    return planes[:, first[1] : last[1], first[0] : last[0]]
