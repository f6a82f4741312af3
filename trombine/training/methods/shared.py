"""Draw faces in another style, learned without pairs: one code for both styles.

An encoder, told the style, writes a code of a picture, and a decoder, told it too, gives the
picture back. A judge of codes learns to tell which style a code is of, and the encoder to leave it
no way; parts and landmarks are read from the code in both styles alike. So a place of the code
comes to mean the same in both, and what was encoded in one style can be decoded in the other. Then,
with both held still, a flow learns what the soft pictures lack, each in its own style.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, cast, final

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from trombine.core.conventions import LANDMARK_COUNT, PARTS
from trombine.core.errors import InputError
from trombine.data.columns import Batch
from trombine.data.source import Source
from trombine.losses.adversary import CRITICS, add_output_curves
from trombine.losses.alarms import Alarm, DiscriminatorWon
from trombine.losses.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.losses.reading import parts_loss
from trombine.losses.terms import l1, wide
from trombine.metrics import psnr, sliced_distance
from trombine.nets.frozen import frozen
from trombine.nets.inventor import lacking
from trombine.nets.reader import middles_of, share_of
from trombine.nets.restyler import Codes, Restyler, styles_of
from trombine.recipes import MUON, NetSpec, Recipe
from trombine.training.methods.invent import details_off, gradient_distance
from trombine.training.methods.restyle import restyler_sizes
from trombine.world import STYLES


@final
@dataclass(frozen=True, kw_only=True)
class RestyleShared(Recipe):
    """Draw faces in another style, and back, without pairs: one code for both.

    `data` is of the first of the net's two styles and `other` of the second. Weights of 0 leave a
    term out.
    """

    objective: ClassVar[str] = "restyle_shared"

    # Pictures from which encoder, decoder and judges learn, before the flow of details does.
    soft: int = 50_000
    adversarial: float = 1.0  # weight of how surely a judge tells which style a code is of
    gradients: float = 0.5  # weight of the mean absolute difference of steps from pixel to pixel
    # Weight of the parts that are read from codes; 0 for pictures of which none are known.
    parts: float = 0.1
    # Weight of the landmarks that are read from codes; 0 for pictures of which none are
    # known.
    points: float = 1.0
    # Weight of the mean absolute difference of pictures and what went there and back.
    there_and_back: float = 1.0


_CRITIC: Final = "logistic"
_DOMAIN: Final = CRITICS[_CRITIC]
_READ: Final = ("parts", "points")


@final
class RestyleSharedObjective(Objective[RestyleShared]):
    """A net for two styles, a judge of its codes and a reader of them."""

    main = "net"
    roles = ("net", "critic", "reads")
    streams = ("data", "other")
    collapses = True
    measures: Mapping[str, bool] = {"sliced distance": False, "PSNR": True}

    def __init__(self, recipe: RestyleShared) -> None:
        super().__init__(recipe)
        sizes = {role: net.all_sizes for role, net in recipe.nets.items()}
        if "net" in sizes:
            self._check_sizes(sizes)
        self.weights = recipe.weights("adversarial", "gradients", *_READ, "there_and_back")
        self.read = not {*_READ}.isdisjoint(self.weights)
        self.judges = ("critic", "reads") if self.read else ("critic",)

    def _check_sizes(self, sizes: Mapping[str, Mapping[str, object]]) -> None:
        net = restyler_sizes(self.recipe)
        self.styles = styles_of(str(net["styles"]))
        if len(self.styles) != len(self.streams):
            raise InputError(f"net.styles names {len(self.styles)}; give two, as photo+anime")
        for role in ("critic", "reads"):
            if role in sizes and sizes[role]["inputs"] != net["latent"]:
                raise InputError(
                    f"codes are of one length: net.latent {net['latent']},"
                    f" {role}.inputs {sizes[role]['inputs']}; let all be the same"
                )

    def check(self, sources: Mapping[str, Source]) -> None:
        """Each kind must be of its style, where that is known."""
        for stream, style in zip(self.streams, self.styles, strict=True):
            source = sources[stream]
            if set(source.classes) & set(STYLES) and source.classes != (style,):
                raise InputError(
                    f"{stream}: {source.spec} is of {' and '.join(source.classes)}, and the net's"
                    f" style for it is {style}; give other --net.styles"
                )

    def phases(self) -> tuple[Phase, ...]:
        """Codes and soft pictures, then who judges and reads these codes; then details."""
        lasts = self.recipe.soft
        soft = Phase(
            name="soft",
            learns=("net",),
            parts=("encoder", "decoder"),
            terms=self.soft,
            weights=self.weights,
            lasts=lasts,
        )
        judges = Phase(name="judges", learns=self.judges, terms=self.judged, lasts=lasts)
        details = Phase(
            name="details", learns=("net",), parts=("details",), terms=self.details, after="soft"
        )
        return soft, judges, details

    def soft(self, step: Step) -> Terms:
        """Pictures back from their codes, and what the codes are to say and to keep to themselves.

        What was drawn in the other style is to have a code of which the same is read, and from
        which the picture comes back.
        """
        net, (pictures, styles) = _net(step), self.shown(step)
        codes = wide(net.encoder(pictures, styles))
        step.cache["codes"] = codes.detach()
        back = wide(net.decoder(codes, styles))
        terms = {"l1": l1(back, pictures)}
        if "gradients" in self.weights:
            terms["gradients"] = gradient_distance(back, pictures)
        if "adversarial" in self.weights:
            logits = step.nets["critic"](codes)
            # To be taken for neither: to be taken for the other would tell as much.
            terms["adversarial"] = (_DOMAIN.generator(logits) + _DOMAIN.generator(-logits)) / 2
        if self.read:
            terms |= self.reading(step, codes)
        if "there_and_back" in self.weights:
            drawn = wide(net.decoder(codes, 1 - styles))
            again = wide(net.encoder(drawn, 1 - styles))
            terms["there_and_back"] = l1(wide(net.decoder(again, styles)), pictures)
            for name, value in (self.reading(step, again) if self.read else {}).items():
                terms[name] = (terms[name] + value) / 2
        return terms

    def judged(self, step: Step) -> Terms:
        """Which style codes are of, and what is read from them."""
        codes = step.cache.get("codes")
        if codes is None:
            with torch.no_grad():
                codes = wide(_net(step).encoder(*self.shown(step)))
        first, second = step.nets["critic"](codes).chunk(2)
        add_output_curves(step, "real", first)
        add_output_curves(step, "fake", second)
        terms = {_CRITIC: _DOMAIN.discriminator(first, second)}
        return terms | (self.reading(step, codes) if self.read else {})

    def reading(self, step: Step, codes: Codes) -> dict[str, Tensor]:
        """How far what is read from codes is from the truth: parts, and landmarks in sides of the
        picture."""
        logits, heat = wide(step.nets["reads"](codes)).split([len(PARTS), LANDMARK_COUNT], 1)
        batches = [step.batches[stream] for stream in self.streams]
        terms: dict[str, Tensor] = {}
        if "parts" in self.weights:
            terms["parts"] = parts_loss(logits, _parts(batches, logits).to(codes.device))
        if "points" in self.weights:
            truth = torch.cat([_known(one.points, "landmarks") for one in batches]).to(codes)
            found = middles_of(share_of(heat), self.recipe.size / heat.shape[-1])
            off = (found - truth.nan_to_num()).abs() / self.recipe.size
            terms["points"] = (off * ~truth.isnan()).sum(-1).mean()
        return terms

    def details(self, step: Step) -> Terms:
        """The pace of details of each style, compared with the true one."""
        net, (pictures, styles) = _net(step), self.shown(step)
        with frozen(net.encoder, net.decoder), torch.no_grad():  # as in finished models
            soft = wide(net.soft(pictures, styles, styles))
        told, lacks = net.told_by(soft, styles), lacking(soft, pictures)
        sides = zip(told.chunk(2), lacks.chunk(2), strict=True)
        losses = [details_off(step, net.details, *side) for side in sides]
        return {"details": torch.stack(losses).mean()}

    def shown(self, step: Step) -> tuple[Pictures, Int64[Tensor, "n"]]:
        """Pictures of the first style, then as many of the second, and which is which."""
        pictures = torch.cat([step.pictures(stream) for stream in self.streams])
        styles = torch.arange(len(self.streams), device=step.device)
        return pictures, styles.repeat_interleave(len(step))

    def samples(self, step: Step) -> Samples:
        """The fixed pictures, drawn as the other kind; and some of that kind."""
        fixed = {"input": step.pictures(), "truth": step.pictures("other")}
        return Samples(output=_drawn(step, "data", 0), fixed=fixed)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How far drawn pictures are, as sets, from those of their kind, the mean of both
        directions; and how near soft pictures come back in their own style."""
        distances, near = [], []
        for style, (start, end) in enumerate([self.streams, self.streams[::-1]]):
            drawn = torch.cat([_drawn(step, start, style) for step in steps])
            kind = torch.cat([step.pictures(end).float() for step in steps])
            distances.append(float(sliced_distance(drawn, kind)))
            for step in steps:
                styles = torch.full((len(step),), style, device=step.device)
                back = _net(step).soft(step.pictures(start), styles, styles).float().clamp(0, 1)
                near.append(psnr(back, step.pictures(start).float()))
        return {
            "sliced distance": sum(distances) / len(distances),
            "PSNR": float(torch.cat(near).mean()),
        }

    def alarms(self) -> tuple[Alarm, ...]:
        """Samples that are all alike, and codes that tell their style."""
        return (*super().alarms(), DiscriminatorWon(_CRITIC, phase="judges"))


def _parts(batches: Sequence[Batch], like: Float[Tensor, "n p h w"]) -> UInt8[Tensor, "n h w"]:
    """The part in the middle of each place that is read."""
    parts = torch.cat([_known(one.parts, "parts") for one in batches])
    times = parts.shape[1] // like.shape[2]
    return parts[:, times // 2 :: times, times // 2 :: times]


def _known(truth: Tensor | None, name: str) -> Tensor:
    if truth is None:
        raise InputError(
            f"no {name} are known of these pictures, to be read from codes;"
            " give --parts 0 --points 0"
        )
    return truth


def _drawn(step: Step, stream: str, style: int) -> Float[Tensor, "n 3 h w"]:
    """The pictures of a stream, which are of this style, in the other."""
    styles = torch.full((len(step),), style, device=step.device)
    return _net(step)(step.pictures(stream), styles, 1 - styles).float().clamp(0, 1)


def _net(step: Step) -> Restyler:
    return cast(Restyler, step.nets["net"])


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    "restyle-shared": RestyleShared(
        about="draws faces in another style, and back, without pairs: one code for both",
        task="restyle",
        nets={
            "net": NetSpec.parse(
                "restyler:styles=photo+anime,size=64,width=32,latent=32,blocks=2,"
                "details=20,levels=2,finish=5,norm=batch"
            ),
            "critic": NetSpec.parse(
                "patch_discriminator:inputs=32,width=64,levels=2,norm=spectral"
            ),
            "reads": NetSpec("code_reader", {"inputs": 32, "width": 32}),
        },
        data="world:photo#12000",
        other="world:anime#12000-23999",  # other people
        size=64,
        augment="mirror",
        pictures=80_000,
        soft=50_000,
        batch=16,
        **{**MUON, "lr": 3e-3},
        warmup=1_000,
        ema=4_000,
        precision="auto",
    ),
}
