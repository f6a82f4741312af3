"""What the loop admits: an objective of two kinds of pictures, and runs that end by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, final

import pytest
import torch
from families import Kit, contents, noise, stop_after

from trombine.core.errors import InputError
from trombine.losses.alarms import Alarm, NotFinite
from trombine.losses.critics import CRITICS
from trombine.losses.objective import Objective, Phase, Samples, Step, Terms, Until
from trombine.losses.pools import Pool
from trombine.losses.terms import l1
from trombine.recipes import NetSpec, Recipe
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training import material as material_module
from trombine.training import methods
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.material import open_material, prepare_material


@final
@dataclass(frozen=True, kw_only=True)
class Unpaired(Recipe):
    """A toy of what restyling will need: two kinds of pictures, four nets, cycles and pools."""

    objective: ClassVar[str] = "toy of unpaired"


class UnpairedObjective(Objective[Unpaired]):
    main = "there"
    roles = ("there", "back", "critic of data", "critic of other")
    streams = ("data", "other")
    measures: Mapping[str, bool] = {"cycle": False}

    @property
    def exports(self) -> Mapping[str, str]:
        return {"there": "restore", "back": "restore"}

    def phases(self) -> tuple[Phase, ...]:
        weights = {"cycle": 10.0}
        return (
            Phase(name="generators", learns=("there", "back"), terms=self.made, weights=weights),
            Phase(
                name="critics",
                learns=("critic of data", "critic of other"),
                terms=self.judged,
                every=2,
            ),
        )

    def made(self, step: Step) -> Terms:
        data, other = step.pictures(), step.pictures("other")
        there, back = step.nets["there"](data), step.nets["back"](other)
        step.cache["there"], step.cache["back"] = there.detach(), back.detach()
        cycle = l1(step.nets["back"](there), data) + l1(step.nets["there"](back), other)
        critic = CRITICS["least squares"]
        return {
            "there": critic.generator(step.nets["critic of other"](there)),
            "back": critic.generator(step.nets["critic of data"](back)),
            "cycle": cycle,
        }

    def judged(self, step: Step) -> Terms:
        critic, found = CRITICS["least squares"], {}
        for stream, made in (("data", "back"), ("other", "there")):
            net = step.nets[f"critic of {stream}"]
            fake = step.pooled(made, step.cache[made])
            found[stream] = critic.discriminator(net(step.pictures(stream)), net(fake))
        return found

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        apart = [
            l1(step.nets["back"](step.nets["there"](step.pictures())), step.pictures())
            for step in steps
        ]
        return {"cycle": float(torch.stack(apart).mean())}

    def samples(self, step: Step) -> Samples:
        still = {"input": step.pictures()}
        return Samples(output=step.nets["there"](step.pictures()).clamp(0, 1), fixed=still)

    def alarms(self) -> tuple[Alarm, ...]:
        return (NotFinite(),)

    def pools(self) -> Mapping[str, Pool]:
        return {name: Pool(capacity=6, share=0.5) for name in ("there", "back")}


GENERATOR = NetSpec("unet", {"width": 4, "levels": 2, "norm": "batch"})
CRITIC = NetSpec("patch_discriminator", {"width": 4, "levels": 2, "norm": "spectral"})
RECIPE = Unpaired(
    about="a toy",
    task="restore",
    nets={
        "there": GENERATOR,
        "back": GENERATOR,
        "critic of data": CRITIC,
        "critic of other": CRITIC,
    },
    data="leaves#48",
    other="world:photo#48",
    size=32,
    batch=4,
    pictures=48,
    ema=16,
    log_every=8,
    sample_every=16,
    measure_every=16,
    save_every=16,
    faces=4,
    judged=4,
    threads=1,
)


def test_no_stream_learns_what_another_is_measured_on(tmp_path: Path) -> None:
    data = f"folder:{noise(tmp_path, range(23), size=32)}"
    material = open_material(replace(RECIPE, data=data, other=f"{data}#10"), ("data", "other"))
    learned, measured = (
        {source.name(i) for source in sources.values() for i in range(len(source))}
        for sources in (material.learned, material.measured)
    )
    assert not learned & measured and len(learned | measured) == 23


def test_no_stream_is_painted_where_the_path_of_another_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def paint(*_: object, **__: object) -> object:
        raise AssertionError("painted")

    monkeypatch.setattr(material_module, "prepare_split", paint)
    with pytest.raises(InputError, match="is not a folder"):
        prepare_material(replace(RECIPE, other="folder:gone"), ("data", "other"))


@pytest.fixture
def unpaired(monkeypatch: pytest.MonkeyPatch) -> Unpaired:
    monkeypatch.setitem(methods.OBJECTIVES, "toy of unpaired", UnpairedObjective)
    return RECIPE


def test_two_kinds_of_pictures(unpaired: Unpaired) -> None:
    kit = Kit(unpaired, begun=True)
    batches = kit.next_step().batches
    assert batches["other"].seeds is not None and len(batches["other"]) == len(batches["data"]) == 4
    kit.take()
    state = kit.state
    assert all(len(pool) == 4 for pool in state.pools.values())
    before = kit.tensors()  # the next step is the generators' alone: the critics' every is 2
    kit.take()
    moved = {n for n, tensor in state.tensors().items() if not torch.equal(tensor, before[n])}
    learners = {
        f"nets/{role}/{name}"
        for role in ("there", "back")
        for name, _ in state.nets[role].named_parameters()
    }
    assert learners <= moved
    assert not [n for n in moved if "critic" in n or n.startswith("pools/")]


def test_unpaired_runs_are_exact_and_have_two_models(unpaired: Unpaired, tmp_path: Path) -> None:
    asked = TrainConfig(name="toy", recipe=unpaired, folder=tmp_path / "whole", tensorboard=False)
    train(asked)
    again = replace(asked, folder=tmp_path / "parts")
    stop_after(again, 20)
    train(again)
    assert contents(again.folder) == contents(asked.folder)
    assert (tmp_path / "whole" / "best-back.safetensors").exists()


# --- ends that no clock knows -------------------------------------------------------------------


class EndingObjective(UnpairedObjective):
    """Its phases end when the measure says so, at once."""

    def phases(self) -> tuple[Phase, ...]:
        until = Until(measure="cycle", loses=-1)
        return tuple(replace(phase, until=until) for phase in super().phases())


class ShortObjective(UnpairedObjective):
    def phases(self) -> tuple[Phase, ...]:
        return tuple(replace(phase, lasts=20) for phase in super().phases())


@pytest.mark.parametrize(("kind", "ends"), [(EndingObjective, 16), (ShortObjective, 20)])
def test_a_run_ends_with_its_last_phase(
    kind: type[UnpairedObjective], ends: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(methods.OBJECTIVES, "toy of unpaired", kind)
    asked = TrainConfig(name="toy", recipe=RECIPE, folder=tmp_path / "run", tensorboard=False)
    train(asked)
    entries = RunFolder(asked.folder).entries()
    assert entries[-1] == {"kind": "end", "pictures": ends}
    assert [e["pictures"] for e in entries if e.get("what") == "ended"] == [ends, ends]
    assert [e for e in entries if e["kind"] == "measure"][-1]["pictures"] == ends
    assert max(RunFolder(asked.folder).sample_files()) == ends
    assert checkpoints.latest(RunFolder(asked.folder)) == (
        asked.folder / "checkpoints" / f"{ends:09d}.safetensors"
    )
    data = RunFolder(asked.folder).log.read_bytes()
    train(asked)
    assert RunFolder(asked.folder).log.read_bytes() == data
