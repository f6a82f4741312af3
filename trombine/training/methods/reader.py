"""Read what is where in a face: parts, landmarks, whether it is one, what it is like.

What it learns from are windows: painted faces as staging.py puts them before other pictures, then
spoiled by a chain. Their truth is exact. Of real pictures nothing is known: a teacher reads them as
they are, and what it is sure of, but for landmarks, is the truth of the same pictures staged and
spoiled; landmarks and outlines of parts that people placed by hand are true, and the faces of those
are mixed among one another. The teacher is the net's average over time. A picture on which it is
lost teaches nothing, or a net that has begun to call all of a picture skin would be sure of that,
and teach itself so. Of all real people together something may be known (`population`): while the
numbers learn alone, what the teacher says of them is brought to that mean and spread before it is
taught.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from trombine.core.conventions import (
    GROUP_OF_PART,
    GROUPS,
    LANDMARK_GROUPS,
    MIRRORED_LANDMARK,
    ORGANS,
    PART_COLOURS,
    PART_INDEX,
    PARTS,
)
from trombine.core.errors import InputError
from trombine.data.columns import UNKNOWN, Batch, to_pictures
from trombine.data.degrade import Chain
from trombine.data.morphs import morphed
from trombine.data.source import Source
from trombine.data.staging import Staged, StageOptions, staged
from trombine.faces import LOST, Fields
from trombine.faces.twice import parts_back, points_back
from trombine.losses import reading as terms
from trombine.losses.damage import chain_of
from trombine.losses.objective import Objective, Phase, Ramp, Samples, Step, Terms
from trombine.metrics.reading import auc, explained, overlaps, point_errors
from trombine.nets.frozen import frozen
from trombine.nets.reader import NUMBERS, Reading
from trombine.recipes import MUON, NetSpec, Recipe
from trombine.world import STYLES


@final
@dataclass(frozen=True, kw_only=True)
class Read(Recipe):
    """Read what is where in a face, from painted faces in windows as staging.py makes them.

    `other` is what they stand before.
    """

    objective: ClassVar[str] = "read"

    # Photographs of faces: what is read of them as they are is to be read of them changed, too;
    # where landmarks were placed by hand, these are taught.
    real: str = ""
    real_every: int = 16  # one of so many pictures is of these: each costs three readings
    # What is read of whoever it is: numbers of a painted face, by name, with + between them.
    traits: str = ""
    moment: str = ""  # what is read of the moment: pose, expression, light, what is worn
    damage: str = "none"  # what spoils the windows: a chain as docs/data.md tells
    # What is known of the people of the real pictures together, FIELD:MEAN,SPREAD with +
    # between them, as age:57:11: so numbers are to be read on average, from `numbers_after`
    # on.
    population: str = ""
    # Pictures after which only traits, moment and whether it is a face learn on; 0: never.
    numbers_after: int = 0


WEIGHTS: Final = {
    "parts": 1.0,  # the labels, pixel by pixel
    "overlap": 0.5,  # how far each group of parts lies from where it is
    "points": 20.0,  # the landmarks' distance, in sizes of the face
    "spread": 0.1,  # what is said of that distance
    "face": 0.5,  # whether a window shows a face
    "centres": 0.1,  # where the middles of faces are, and how large they are
    "fields": 1.0,  # traits and moment
}
AGREE: Final = 0.3  # of everything on the real pictures whose landmarks are unknown
KNOWN: Final = 1.0  # of everything on those whose landmarks are known
OF_PEOPLE: Final = 3.0  # of their numbers, where numbers alone are learned: they are few
MIXED: Final = 0.6  # of these, with another face each
SURE: Final = 0.75  # of a part's label, before it is taught
_WINDOW_TERMS: Final = frozenset({"face", "fields"})  # the terms of whole windows
# What real windows do not teach: landmarks that only the net itself says. Taught so these drift a
# little with every step, mouths wider than they are (docs/log/read.md).
_POINTS: Final = frozenset({"points", "spread"})
# Where a teacher sees these outside of the outlines of a face whose outlines are known, there is
# skin.
OUTLINED: Final = tuple(
    number for number, part in enumerate(PARTS) if part.group in ORGANS and part.name != "glasses"
)
_SLOWER: Final = 0.4  # the rate at which the numbers learn alone
_NEAR_ENOUGH: Final = 0.04  # of the width: landmarks with a smaller expected error are visible
# The curves of how many pictures teach.
CURVES: Final = {
    "agree": "real pictures that teach",
    "known": "real pictures with landmarks that teach",
}
# The group of the part that lies at the middle of these landmarks; one may be wrong.
_ORGANS: Final = {"right_eye": "eyes", "left_eye": "eyes", "nose": "nose", "inner_lips": "mouth"}


@final
class ReadObjective(Objective[Read]):
    """One net; the numbers of a window may learn on alone."""

    measures: Mapping[str, bool] = {
        "IoU": True,
        "points": False,
        "AUC": True,
        "explained": True,
        "style": True,
    }

    def __init__(self, recipe: Read) -> None:
        super().__init__(recipe)
        self.streams = ("data", "other", "real") if recipe.real else ("data", "other")
        try:
            self.traits, self.moment = Fields.parse(recipe.traits), Fields.parse(recipe.moment)
        except KeyError as error:
            raise InputError(f"a painted face has no number called {error.args[0]}") from error
        self.chain = chain_of(recipe.damage, "a reader's windows")
        self.varies = terms.variation(self.traits), terms.variation(self.moment)
        self.required = (*self.traits.names, *self.moment.names)
        self.population = terms.Population.parse(recipe.population, Fields(self.required))

    def check(self, sources: Mapping[str, Source]) -> None:
        """The data must be painted faces, and the net have an output for each number and style."""
        source = sources["data"]
        missing = ", ".join(sorted(set(self.required) - set(source.vector_names)))
        if missing or not all_numbers_known(source):
            lacks = f"no {missing}" if missing else "pictures of which no numbers are known"
            raise InputError(
                f"{source.spec} has {lacks}; a reader learns from painted faces: world:photo, or a"
                " mix of styles"
            )
        sizes = self.recipe.nets["net"].sizes
        if not set(source.classes) <= set(STYLES):
            raise InputError(f"{source.spec}: {', '.join(source.classes)} are no styles")
        count = len(self.moment.names) + len(STYLES)
        expected = {"traits": len(self.traits.names), "moment": count}
        for name, count in expected.items():
            if sizes.get(name) != count:
                raise InputError(
                    f"the net has {sizes.get(name)} outputs as {name}, and {count} are wanted (the"
                    f" numbers, and in moment the styles); give --net.{name} {count}"
                )

    def phases(self) -> tuple[Phase, ...]:
        """All terms; then, if the recipe says so, the numbers of a window alone."""
        recipe = self.recipe
        weights: dict[str, float | Ramp] = dict(WEIGHTS)
        window_weights = {n: weight for n, weight in WEIGHTS.items() if n in _WINDOW_TERMS}
        if recipe.real:
            over = max(1, (recipe.cycle or recipe.pictures) // 4)
            weights |= {"agree": Ramp(high=AGREE, over=over), "known": KNOWN}
            window_weights |= {"agree": AGREE, "known": OF_PEOPLE}
            if recipe.population:
                window_weights["population"] = AGREE
        phase = Phase(name="read", learns=("net",), terms=self.terms, weights=weights)
        if not recipe.numbers_after:
            return (phase,)
        numbers = Phase(
            name="numbers",
            learns=("net",),
            parts=NUMBERS,
            terms=self.number_terms,
            weights=window_weights,
            start=recipe.numbers_after,
            rate=_SLOWER,
        )
        return replace(phase, lasts=recipe.numbers_after), numbers

    def terms(self, step: Step) -> Terms:
        """All terms of the recipe: the reading of the windows, compared with the truth."""
        return self._compared(step, WEIGHTS)

    def number_terms(self, step: Step) -> Terms:
        """The terms of whole windows alone."""
        found = self._compared(step, _WINDOW_TERMS)
        if self.recipe.real and self.recipe.population:
            found["population"] = self._population(step)
        return found

    def _population(self, step: Step) -> Tensor:
        """How far what is said of the real pictures, spoiled, is from what is said of them as they
        are, brought to the population's mean and spread. People with known landmarks are others."""
        others = np.flatnonzero(~step.batches["real"].has_points().numpy())
        if not len(others):
            return torch.zeros((), device=step.device)
        pictures = to_pictures(step.batches["real"].only(others).pixels)
        chance = step.chance.only(others).fold_in("population")
        spoilt = self.chain(pictures, chance) if self.chain else pictures
        teacher = step.averages.get("net", step.nets["net"])
        with torch.no_grad(), frozen(teacher):
            goal = self.population.brought(
                self._of_people(teacher(pictures.to(step.device, step.dtype)))
            )
        read = self._of_people(step.nets["net"](spoilt.to(step.device, step.dtype)))
        varies = terms.variation(self.population.fields)
        return terms.fields_loss(read, goal, torch.ones_like(goal), varies)

    def _of_people(self, reading: Reading) -> Float[Tensor, "n k"]:
        """What the population's fields are read to be."""
        read = torch.cat([reading.traits, reading.moment], 1)
        return read[:, [self.required.index(name) for name in self.population.fields.names]]

    def _compared(self, step: Step, names: Collection[str]) -> dict[str, Tensor]:
        """The terms of these names; `agree`, the same of real windows, and `known`, of those whose
        landmarks were placed by hand.

        Painted and real windows are read at once, so that they share the batch's statistics.
        """
        net = step.nets["net"]
        windows = staged(step.batches["data"], step.batches["other"], StageOptions(), step.chance)
        pictures = [spoiled(self.chain, step, windows)]
        real_step, labelled, is_known = self._real_part(step)
        real = None
        if labelled is not None:
            real = staged(
                labelled, real_step.batches["other"], StageOptions(plain=0.0), real_step.chance
            )
            pictures.append(spoiled(self.chain, real_step, real))
        outputs = cast(Reading, net(torch.cat(pictures)))
        count = len(step)
        reading = Reading(*(tensor[:count] for tensor in outputs))
        terms_by_name = self._terms(reading, windows, names)
        if "fields" in names:
            terms_by_name["fields"] = self._fields(reading, step, windows)
        if self.recipe.real:
            alone = set(names) - _POINTS
            said = Reading(*(tensor[count:] for tensor in outputs))
            kinds = {"agree": (~is_known, alone), "known": (is_known, set(names))}
            for kind, (rows, asked) in kinds.items():
                terms_by_name[kind] = torch.zeros((), device=step.device)
                some = torch.from_numpy(np.flatnonzero(rows))
                # Weighted by their share of the pictures: the mean over slices is then the step's.
                share = self.recipe.real_every * len(some) / count
                step.curves[CURVES[kind]] = torch.tensor(share, device=step.device)
                if real is not None and len(some):
                    of_these = Reading(*(tensor[some.to(tensor.device)] for tensor in said))
                    found = self._terms(of_these, real.only(some), asked)
                    if "fields" in asked:
                        these = _subset(real_step, some.numpy())
                        found["fields"] = self._of_known(of_these, these, real.only(some))
                    weighted = [WEIGHTS[name] * value for name, value in found.items()]
                    terms_by_name[kind] = share * torch.stack(weighted).sum()
        return terms_by_name

    def _real_part(self, step: Step) -> tuple[Step, Batch | None, Bool[np.ndarray, "k"]]:
        """A step of some of the real pictures alone, and their labels, None where none is reliable;
        and of which of them people placed the landmarks."""
        chosen = np.flatnonzero(step.chance.places % self.recipe.real_every == 0)
        if not (self.recipe.real and len(chosen)):
            return step, None, np.zeros(0, np.bool_)
        step = _subset(replace(step, chance=step.chance.fold_in("real")), chosen)
        teacher = step.averages.get("net", step.nets["net"])
        batch = morphed(step.batches["real"], MIXED, step.chance)
        step = replace(step, batches={**step.batches, "real": batch})
        labelled, sure = pseudo_labels(teacher, batch, step.device, step.dtype)
        is_known = batch.has_points().numpy()
        teaches = np.flatnonzero(sure.numpy() | is_known)
        found = labelled.only(teaches) if len(teaches) else None
        return _subset(step, teaches), found, is_known[teaches]

    def _terms(
        self, reading: Reading, windows: Staged, names: Collection[str]
    ) -> dict[str, Tensor]:
        """Those of these terms that are of parts, landmarks and faces."""
        parts = windows.parts.to(reading.parts.device)
        counts = windows.shows.to(reading.parts)
        far, spread_error = terms.points_loss(reading, windows, counts)
        functions = {
            "parts": lambda: terms.parts_loss(reading.parts, parts),
            "overlap": lambda: terms.overlap_loss(reading.parts, parts, counts),
            "points": lambda: far,
            "spread": lambda: spread_error,
            "face": lambda: terms.face_loss(reading.face, windows.shows),
            "centres": lambda: terms.centres_loss(reading.centres, windows),
        }
        return {name: term() for name, term in functions.items() if name in names}

    def _fields(self, reading: Reading, step: Step, windows: Staged) -> Tensor:
        """The numbers and styles of painted faces."""
        styles = _styles(step)
        drawn = reading.moment[:, len(self.moment.names) :]
        of_style = terms.style_loss(drawn, styles, windows.shows.to(drawn))
        return torch.stack([*self._numbers(reading, step, windows, styles), of_style]).sum()

    def _of_known(self, reading: Reading, step: Step, windows: Staged) -> Tensor:
        """The numbers that are known of real people."""
        styles = torch.full((len(step),), STYLES.index("photo"))
        return torch.stack(list(self._numbers(reading, step, windows, styles, "real"))).sum()

    def _numbers(
        self,
        reading: Reading,
        step: Step,
        windows: Staged,
        styles: Int64[Tensor, "n"],
        stream: str = "data",
    ) -> Iterator[Tensor]:
        """The loss of a stream's known numbers, of traits and of the moment; that of few counts as
        much as that of all."""
        several = (self.traits, self.moment), (reading.traits, reading.moment), self.varies
        for kind, read, varies in zip(*several, strict=True):
            numbers = step.numbers(kind.names, stream).float()
            known = numbers.isfinite()
            truth = terms.field_truth(kind, numbers.nan_to_num(), windows)
            counts = terms.field_counts(kind, styles, windows) * known
            loss = terms.fields_loss(read[:, : len(kind.names)], truth, counts, varies)
            yield loss * (known.numel() / known.sum().clamp(min=1))

    def samples(self, step: Step) -> Samples:
        """The parts that are read, over the pictures, beside the true ones."""
        pictures = step.pictures().float()
        reading = cast(Reading, step.nets["net"](step.pictures()))
        parts = step.batches["data"].parts
        assert parts is not None
        fixed = {"input": pictures, "truth": coloured(pictures, parts)}
        return Samples(output=coloured(pictures, reading.parts.argmax(1)), fixed=fixed)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """IoU of the groups; landmarks in parts of the distance between the pupils; whether faces
        are distinguished from grounds; how much of the fields' variance is explained; style."""
        intersections, unions = torch.zeros(len(GROUPS)), torch.zeros(len(GROUPS))
        found: dict[str, list[Tensor]] = defaultdict(list)
        kinds = (self.traits, self.moment)
        for step in steps:
            batch = step.batches["data"]
            reading = cast(Reading, step.nets["net"](step.pictures()))
            ground = cast(Reading, step.nets["net"](step.pictures("other")))
            assert batch.parts is not None and batch.points is not None
            intersection, union = overlaps(reading.parts.argmax(1).cpu(), batch.parts)
            intersections, unions = intersections + intersection, unions + union
            found["off"].append(point_errors(reading.points.cpu(), batch.points)[batch.visible])
            found["faces"].append(reading.face.cpu())
            found["grounds"].append(ground.face.cpu())
            count = len(self.moment.names)
            field_values = [
                terms.field_truth(kind, step.numbers(kind.names).float(), None) for kind in kinds
            ]
            found["truth"].append(torch.cat(field_values, 1))
            found["read"].append(torch.cat([reading.traits, reading.moment[:, :count]], 1).cpu())
            found["styles"].append(reading.moment[:, count:].cpu().argmax(1) == _styles(step))
        whole = {name: torch.cat(values) for name, values in found.items()}
        return {
            "IoU": float((intersections / unions.clamp(min=1)).mean()),
            "points": float(whole["off"].mean()),
            "AUC": auc(whole["faces"], whole["grounds"]),
            "explained": float(explained(whole["read"], whole["truth"]).clamp(min=-1).mean()),
            "style": float(whole["styles"].float().mean()),
        }


def spoiled(chain: Chain | None, step: Step, windows: Staged) -> Float[Tensor, "n 3 h w"]:
    """The windows' pictures after the chain, but for those that are to stay as painted."""
    pictures, changes = to_pictures(windows.pixels), ~windows.plain
    if chain and changes.any():
        pictures[changes] = chain(pictures[changes], step.chance.only(changes.numpy()))
    return pictures.to(step.device, step.dtype)


def check_painted(source: Source, learner: str) -> None:
    """Refuse what is not painted faces alone, whose parts and landmarks are known."""
    if "yaw" not in source.vector_names or not all_numbers_known(source):
        raise InputError(
            f"{source.spec} has pictures that are no painted faces, whose truth is not known;"
            f" {learner} learns from world:photo, or a mix of styles"
        )


def all_numbers_known(source: Source) -> bool:
    """Whether the numbers of the first picture of each term of the spec are known."""
    vectors = source.batch(np.cumsum([0, *source.lengths[:-1]])).vectors
    return vectors is not None and bool(vectors.isfinite().all())


def _subset(step: Step, indices: Int64[np.ndarray, "k"]) -> Step:
    batches = {name: batch.only(indices) for name, batch in step.batches.items()}
    return replace(step, batches=batches, chance=step.chance.only(indices), cache={}, curves={})


def _styles(step: Step) -> Int64[Tensor, "n"]:
    """The style of each picture, by its number in STYLES; -1 where it is unknown."""
    labels = step.batches["data"].labels
    if labels is None:
        return torch.full((len(step),), -1)
    places = [STYLES.index(name) for name in step.classes or STYLES]
    return torch.tensor([*places, -1])[labels]  # and unknown, -1, stays


def pseudo_labels(
    net: nn.Module, batch: Batch, device: torch.device, dtype: torch.dtype
) -> tuple[Batch, Bool[Tensor, "n"]]:
    """Real pictures labelled by the net, with the mean of its readings of the picture and of the
    mirrored picture; and which of them reliably show a face.

    Parts of which the net is not sure are unknown; landmarks with a large expected error count as
    hidden. What people said of landmarks and parts stays, whatever the net says.
    """
    pictures = to_pictures(batch.pixels).to(device, dtype)
    with torch.no_grad(), frozen(net):
        reading = cast(Reading, net(pictures))
        mirror = cast(Reading, net(pictures.flip(-1)))
    width = pictures.shape[-1]
    mirrored = points_back(mirror.points, width)
    points = ((reading.points + mirrored) / 2).float().cpu()
    spreads = (reading.spreads + mirror.spreads[:, torch.from_numpy(MIRRORED_LANDMARK)]) / 2
    apart = (reading.points - mirrored).norm(dim=-1) / width
    visible = (spreads.exp() < _NEAR_ENOUGH) & (apart < _NEAR_ENOUGH)
    mirrored_parts = parts_back(mirror.parts.float().softmax(1))
    likely, labels = ((reading.parts.float().softmax(1) + mirrored_parts) / 2).max(1)
    parts = labels.masked_fill(likely < SURE, UNKNOWN["parts"]).to(torch.uint8).cpu()
    reliable = (spreads.median(1).values.exp() < LOST).cpu() & _in_place(labels.cpu(), points)
    parts[~reliable], visible, known = UNKNOWN["parts"], visible.cpu(), batch.has_points()
    if batch.points is not None and batch.visible is not None:
        points = torch.where(known[:, None, None], batch.points, points)
        visible = torch.where(known[:, None], batch.visible, visible)
    if batch.parts is not None:
        said = (batch.parts != UNKNOWN["parts"]) & known[:, None, None]
        organs = torch.isin(parts, torch.tensor(OUTLINED)) & said.flatten(1).any(1)[:, None, None]
        parts[organs] = PART_INDEX["skin"]
        parts = torch.where(said, batch.parts, parts)
    return replace(batch, parts=parts, points=points, visible=visible), reliable


def _in_place(labels: Int64[Tensor, "n h w"], points: Float[Tensor, "n 68 2"]) -> Bool[Tensor, "n"]:
    """Whether parts and landmarks agree on the place of all organs but one."""
    rows, correct = torch.arange(len(labels)), torch.zeros(len(labels), dtype=torch.int64)
    groups = torch.from_numpy(GROUP_OF_PART)
    for name, group in _ORGANS.items():
        x, y = points[:, list(LANDMARK_GROUPS[name])].mean(1).long().unbind(1)
        column, row = x.clamp(0, labels.shape[2] - 1), y.clamp(0, labels.shape[1] - 1)
        correct += groups[labels[rows, row, column]] == GROUPS.index(group)
    return correct >= len(_ORGANS) - 1


def coloured(pictures: Tensor, parts: Tensor) -> Float[Tensor, "n 3 h w"]:
    """The pictures with their parts' colours over them."""
    colours = torch.zeros(256, 3)  # black where nothing is known of a pixel
    colours[: len(PARTS)] = torch.from_numpy(PART_COLOURS).float() / 255
    over = colours.to(pictures)[parts.long()].permute(0, 3, 1, 2)
    return (0.45 * pictures.mean(1, keepdim=True) + 0.55 * over).clamp(0, 1)


# Presets

_TRAITS: Final = (
    "masculine+age+tone+hair_light+hair_red+hair_grey+hair_length+hair_curl+hair_volume+recession"
    "+fringe+beard+moustache+brow_thick+brow_height+head_height+jaw_width+nose_width+nose_length"
    "+mouth_width+lower_lip+eye_size+eye_spacing"
)
_MOMENT: Final = (
    "yaw+pitch+roll+smile+mouth_open+brow_raise+lid_open+gaze_x+gaze_y+light_turn+light_height"
    "+light_warm+exposure+glasses+hat"
)
FACES: Final = "world:photo#9000*3+world:anime#3000+world:cartoon#3000+world:sketch#3000"
_SIZES: Final = {"width": 24, "features": 64, "traits": 23, "moment": 19, "head": 32}
READER: Final = Read(
    about="reads what is where in a face, and what it is like",
    task="read",
    nets={"net": NetSpec("reader", _SIZES)},
    data=f"{FACES}+world:posed#6000*2+world:children#4000",
    other="leaves#1200*3+fractals#300",
    traits=_TRAITS,
    moment=_MOMENT,
    damage=(
        "blur:gaussian:0.3-1.8/blur:motion:1-6?0.3+resize:0.25-0.9?0.3"
        "+noise:gaussian:0.01-0.08/noise:grey:0.01-0.06?0.3+jpeg:25-95?0.4"
    ),
    size=128,
    pictures=210_000,
    numbers_after=150_000,
    batch=8,
    **MUON,
    cycle=150_000,
    warmup=2_000,
    ema=4_000,
    precision="auto",
    sample_every=14_000,
    measure_every=7_000,
    save_every=7_000,
    log_every=4_000,
    judged=128,
    best="explained",  # of numbers, which are learned last
)

PRESETS: Final[dict[str, Recipe]] = {
    "reader": READER,
    "witness": replace(
        READER,
        about="reads as reader does, trained apart from it, for judging alone",
        data=FACES,
        nets={"net": READER.nets["net"].resized("width", 22)},
        seed=1,
    ),
}
