"""A picture as its file holds it: the samples, their mode, palette, profile and alpha.

`Image.rgb()` is the view that nets and measures see; `Image.replace()` puts new colours back
under a hole and leaves every other sample as it was; `Image.enlarged()` is a picture of another
size that keeps what the file says of this one. How files become samples is in codecs/, how colour
spaces are converted in colour.py.

A mode is a space ("1", "L", "P", "RGB", "CMYK") and, where there is one more channel, a letter:
"A" alpha, "a" alpha that the colours are already multiplied by, "X" a channel that means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from jaxtyping import Bool, Float32, UInt8, UInt16

from trombine.colour import CHANNELS, coded, from_srgb, speaks, to_srgb
from trombine.conventions import check_hole, check_picture
from trombine.refusal import InputError

if TYPE_CHECKING:
    import torch

SPACES: Final = {"1": 1, "P": 1, **CHANNELS}
# The space that holds what pictures of another size have: greys between, more colours.
_RICHER: Final = {"1": "L", "P": "RGB"}
_STRIP: Final = 1 << 18  # pixels converted at once: conversions hold some 100 bytes for each


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """Date, camera and place of a photograph, as its file says them (codecs/metadata.py)."""

    exif: bytes = b""  # from its TIFF header on; upright, and without a thumbnail
    xmp: bytes = b""
    iptc: bytes = b""
    is_cut: bool = False  # whether some was damaged or too long, and is left out

    @property
    def is_empty(self) -> bool:
        return not (self.exif or self.xmp or self.iptc)


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """One picture, upright (its file's orientation is applied), with what its file says of it."""

    samples: UInt8[np.ndarray, "h w c"] | UInt16[np.ndarray, "h w c"]  # mode "1" holds 0 and 255
    mode: str
    palette: UInt8[np.ndarray, "n 4"] | None = None  # mode "P": red, green, blue, alpha
    key: tuple[int, ...] | None = None  # the grey or RGB samples that mean transparent, as in PNG
    profile: bytes | None = None  # ICC
    code: bytes | None = (
        None  # of its colours, as PNG's cICP has it; the profile says it, if any can
    )
    format: str = "PNG"  # what it was read from, as Pillow names it
    lossless: bool = True  # whether that file held the samples exactly
    reduced: int = 1  # how many times smaller than in its file it was decoded (images.read's least)
    quality: int | None = None  # of the JPEG file that it was read from, as libjpeg counts
    provenance: dict[str, Any] | None = None
    metadata: Metadata = Metadata()

    def __post_init__(self) -> None:
        """Refuse what no file could hold: it would be written as something else."""
        if self.space not in SPACES or len(self.mode) > len(self.space) + (self.space not in "1P"):
            raise ValueError(f"no picture has mode {self.mode}")
        channels = SPACES[self.space] + len(self.mode) - len(self.space)
        if self.samples.ndim != 3 or self.samples.shape[2] != channels or not self.samples.size:
            raise ValueError(f"{self.mode} samples are not {self.samples.shape}")
        if self.samples.dtype != np.uint8 and (
            self.space in "1P" or self.samples.dtype != np.uint16
        ):
            raise ValueError(f"{self.mode} samples are not {self.samples.dtype}")
        if (self.space == "P") != (self.palette is not None):
            raise ValueError("a palette belongs to mode P, and to no other")
        if self.palette is not None and self.samples.max() >= len(self.palette):
            raise ValueError("a sample points beyond the palette")

    @property
    def space(self) -> str:
        """The mode without its alpha: "1", "L", "P", "RGB" or "CMYK"."""
        return self.mode.rstrip("AaX")

    @property
    def plain(self) -> Image:
        """The picture as nets are to see it, without its profile.

        Through sRGB a profile's strongest colours would be lost, and nets need not know which red
        is meant. Inks, which they have never seen, keep theirs.
        """
        return self if self.space == "CMYK" else replace(self, profile=None)

    @property
    def height(self) -> int:
        return self.samples.shape[0]

    @property
    def width(self) -> int:
        return self.samples.shape[1]

    @property
    def bits(self) -> int:
        return 8 * self.samples.dtype.itemsize

    @property
    def unfollowed(self) -> str:
        """What its file calls its colours where nothing here follows that; else nothing."""
        return "" if self.code is None else coded(self.code)[1]

    def rgb(self) -> Float32[np.ndarray, "h w 3"]:
        """The colours in sRGB, [0, 1], through the profile; what is behind alpha is kept."""
        if self.palette is not None:
            colours = to_srgb(self.palette[:, :3], "RGB", self.profile)
            return colours[self.samples[..., 0]]
        flat = self.samples.reshape(-1, self.samples.shape[2])
        colours = divided(flat) if self.mode.endswith("a") else flat[:, : SPACES[self.space]]
        space = "L" if self.space == "1" else self.space
        return to_srgb(colours, space, self.profile).reshape(self.height, self.width, 3)

    def rgb_pixels(self) -> UInt8[np.ndarray, "h w 3"]:
        """`rgb()` in 8 bits, rounded; where the samples are that already, they are the answer."""
        if self.palette is not None:
            return _in_8_bits(to_srgb(self.palette[:, :3], "RGB", self.profile))[
                self.samples[..., 0]
            ]
        space = "L" if self.space == "1" else self.space
        plain = self.bits == 8 and space != "CMYK" and not self.mode.endswith("a")
        if not plain or speaks(self.profile, space):
            return _in_8_bits(self.rgb())
        if space == "L":
            return np.repeat(self.samples[..., :1], 3, axis=2)
        return np.ascontiguousarray(self.samples[..., :3])

    def alpha(self) -> Float32[np.ndarray, "h w"] | None:
        """How opaque each pixel is, in [0, 1]; None where the picture has no transparency."""
        if self.palette is not None:
            opacity = self.palette[self.samples[..., 0], 3]
            return None if opacity.min() == 255 else opacity.astype(np.float32) / np.float32(255)
        if self.key is not None:
            return (self.samples != self.key).any(axis=2).astype(np.float32)
        if not self.mode.endswith(("A", "a")):
            return None
        return self.samples[..., -1].astype(np.float32) / np.float32(2**self.bits - 1)

    def picture(self) -> torch.Tensor:
        """`rgb()` in the convention for pictures: float32, 3 x H x W."""
        import torch

        planes = np.ascontiguousarray(self.rgb().transpose(2, 0, 1))
        return check_picture(torch.from_numpy(planes))

    def replace_picture(self, picture: torch.Tensor, hole: torch.Tensor) -> Image:
        """`replace` for tensors: a picture, 3 x H x W, and a hole, 1 x H x W."""
        check_hole(hole, check_picture(picture))
        colours = picture.detach().cpu().expand(3, -1, -1).permute(1, 2, 0).numpy()
        return self.replace(colours, hole[0].cpu().numpy() == 1)

    def replace(
        self, colours: Float32[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]
    ) -> Image:
        """The picture with sRGB `colours` where `where` is true, and every other sample as it was.

        Mode, depth and profile stay, and so does alpha: what was transparent is so still. A
        palette keeps every entry that a pixel outside uses; unused ones take new colours.
        """
        if mask.shape != self.samples.shape[:2] or colours.shape != (*mask.shape, 3):
            raise ValueError(f"{colours.shape} and {mask.shape} do not fit {self.samples.shape}")
        return self.recoloured(np.ascontiguousarray(colours[mask]), mask)

    def recoloured(
        self, chosen: Float32[np.ndarray, "n 3"], mask: Bool[np.ndarray, "h w"]
    ) -> Image:
        """`replace`, with a colour for each pixel where `mask` is true, in the order of rows."""
        if mask.shape != self.samples.shape[:2] or len(chosen) != np.count_nonzero(mask):
            raise ValueError(f"{chosen.shape} and {mask.shape} do not fit {self.samples.shape}")
        if not len(chosen):
            return self
        if not (chosen.min() >= 0 and chosen.max() <= 1):  # written so that NaN fails
            raise ValueError("colours are within [0, 1]")
        if self.palette is not None:
            return self._replace_in_palette(chosen, mask)
        samples, done = self.samples.copy(), 0
        step = max(1, _STRIP // self.width)
        for top in range(0, self.height, step):
            part, inside = samples[top : top + step], mask[top : top + step]
            count = np.count_nonzero(inside)
            if count:
                part[inside] = self._encoded(chosen[done : done + count], part[inside])
                done += count
        return replace(self, samples=samples)

    def opaque(self, mask: Bool[np.ndarray, "h w"]) -> Image:
        """The picture with no transparency where `mask` is true; the colours there may be any."""
        samples = self.samples.copy()
        if self.mode.endswith(("A", "a")):
            samples[mask, -1] = np.iinfo(samples.dtype).max
        elif self.key is not None:
            inside, key = samples[mask], np.array(self.key, samples.dtype)
            samples[mask] = np.where((inside == key).all(1, keepdims=True), ~key, inside)
        elif self.palette is not None:
            return self._opaque_in_palette(mask)
        return replace(self, samples=samples)

    def cut_out(self, opacity: Float32[np.ndarray, "h w"]) -> Image:
        """The picture as opaque as this, [0, 1], and nowhere more than it was.

        No sample of a colour is changed; a palette becomes RGB, black and white grey.
        """
        own = self.alpha()
        if self.palette is not None:
            colours = self.palette[self.samples[..., 0], :3]
        elif self.mode.endswith("a"):
            colours = divided(self.samples)
        else:
            colours = self.samples[..., : SPACES[self.space]]
        top = np.iinfo(colours.dtype).max
        alpha = np.round((opacity if own is None else opacity * own) * top).astype(colours.dtype)
        return replace(
            self,
            samples=np.concatenate([colours, alpha[..., None]], axis=2),
            mode=_RICHER.get(self.space, self.space) + "A",
            palette=None,
            key=None,
        )

    def _opaque_in_palette(self, mask: Bool[np.ndarray, "h w"]) -> Image:
        assert self.palette is not None
        palette, samples = self.palette.copy(), self.samples.copy()
        opaque = np.flatnonzero(palette[:, 3] == 255)
        if not len(opaque):  # an entry that is used nowhere else, or a new one
            free = np.setdiff1d(np.arange(256), samples[~mask, 0])
            if not len(free):
                raise InputError("has a palette without room for an opaque colour", "use RGBA")
            extra = np.full((max(0, free[0] + 1 - len(palette)), 4), 255, np.uint8)
            palette = np.concatenate([palette, extra])
            palette[free[0], 3] = 255
            opaque = free
        samples[mask, 0] = opaque[0]
        return replace(self, samples=samples, palette=palette)

    def enlarged(
        self, colours: Float32[np.ndarray, "h2 w2 3"], alpha: Float32[np.ndarray, "h2 w2"] | None
    ) -> Image:
        """A picture of another size: these sRGB colours, this alpha, this picture's space, depth
        and profile.

        Black and white becomes grey, a palette RGB; a transparent colour becomes alpha, and a
        channel that means nothing is gone. Each sample is rounded once, to the picture's depth.
        """
        if alpha is not None and alpha.shape != colours.shape[:2]:
            raise ValueError(f"an alpha of {alpha.shape} does not fit colours of {colours.shape}")
        for plane in (colours, alpha):
            if plane is not None and not (plane.min() >= 0 and plane.max() <= 1):  # NaN fails too
                raise ValueError("colours and alpha are within [0, 1]")
        rows = max(1, _STRIP // colours.shape[1])
        strips = [
            self._sampled(colours[top : top + rows], None if alpha is None else alpha[top:][:rows])
            for top in range(0, len(colours), rows)
        ]
        ending = "" if alpha is None else "a" if self.mode.endswith("a") else "A"
        return Image(
            samples=np.concatenate(strips),
            mode=_RICHER.get(self.space, self.space) + ending,
            profile=self.profile,
            code=self.code,
            format=self.format,
            lossless=self.lossless,
            metadata=self.metadata,
        )

    def _sampled(self, colours: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
        """sRGB colours, h x w x 3, and alpha as samples, h x w x c, of this picture's kind."""
        space, dtype = _RICHER.get(self.space, self.space), self.samples.dtype
        flat = np.ascontiguousarray(colours.reshape(-1, 3))
        samples = from_srgb(flat, space, self.profile, dtype)
        if alpha is not None:
            top = np.iinfo(dtype).max
            opacity = (alpha.reshape(-1, 1).astype(np.float64) * top).round().astype(dtype)
            if self.mode.endswith("a"):
                samples = _multiplied(samples, opacity)
            samples = np.concatenate([samples, opacity], axis=1)
        return samples.reshape(*colours.shape[:2], -1)

    def _encoded(self, colours: Float32[np.ndarray, "n 3"], old: np.ndarray) -> np.ndarray:
        """sRGB colours as samples, n x c, with the alpha of the `old` ones."""
        space = "L" if self.space == "1" else self.space
        new = from_srgb(colours, space, self.profile, self.samples.dtype)
        if self.space == "1":
            new = np.where(new > 127, np.uint8(255), np.uint8(0))
        if self.mode.endswith("a"):
            new = _multiplied(new, old[:, -1:])
        new = np.concatenate([new, old[:, SPACES[self.space] :]], axis=1)
        return new if self.key is None else _off_key(new, old, np.array(self.key, new.dtype))

    def _replace_in_palette(
        self, colours: Float32[np.ndarray, "n 3"], mask: Bool[np.ndarray, "h w"]
    ) -> Image:
        from trombine.palettes import extended, nearest

        assert self.palette is not None
        index = self.samples[..., 0]
        coloured = from_srgb(colours, "RGB", self.profile, np.dtype(np.uint8))
        targets = np.concatenate([coloured, self.palette[index[mask], 3:]], axis=1)
        palette = extended(self.palette, np.unique(index[~mask]), targets)
        samples = self.samples.copy()
        samples[mask, 0] = nearest(palette, targets)
        return replace(self, samples=samples, palette=palette)


def _in_8_bits(colours: np.ndarray) -> np.ndarray:
    return (colours * 255).round().astype(np.uint8)


def divided(samples: np.ndarray) -> np.ndarray:
    """The colours that alpha, the last channel, was multiplied into; black where it is 0."""
    alpha = np.maximum(samples[..., -1:].astype(np.float64), 1)
    top = np.iinfo(samples.dtype).max
    return np.minimum(samples[..., :-1] / alpha * top, top).round().astype(samples.dtype)


def _multiplied(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    top = np.iinfo(colours.dtype).max
    return (colours.astype(np.float64) * alpha / top).round().astype(colours.dtype)


def _off_key(new: np.ndarray, old: np.ndarray, key: np.ndarray) -> np.ndarray:
    """New samples, none of which turns transparent by chance; what was transparent stays so."""
    hit = (new == key).all(axis=1)
    new[hit, -1] += np.where(key[-1] < np.iinfo(new.dtype).max, 1, -1).astype(new.dtype)
    gone = (old == key).all(axis=1)
    new[gone] = old[gone]
    return new
