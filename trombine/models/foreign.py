"""Other people's nets: files that the library spandrel knows, as nets of ours.

spandrel tells the architecture from the names and shapes of the tensors, builds it, and says how it
is to be used. What a file says is never run: a pickle is read by torch's own reader of tensors
(importing.py), which is stricter than spandrel's. The extra `foreign` is needed.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, final

import torch
from jaxtyping import Float

from trombine.core.errors import InputError, said, shortened
from trombine.io.files import digest
from trombine.models.card import Card
from trombine.models.file import card_text, how_to_import, not_finite
from trombine.models.importing import state_of
from trombine.models.zoo import ENDING
from trombine.nets.sizes import Net

PICKLES: Final = (".pth", ".pt", ".ckpt")
EXTRA: Final = "pip install 'trombine[foreign]'"
HALO: Final = 32  # pixels that a tile sees beside itself; whether that is enough is measured
FADE: Final = 8  # pixels to each side of a seam
FACE: Final = 512  # pixels a side of the faces that GFPGAN takes
_STEP: Final = 16  # tiles begin at multiples of it: all that halves and all windows fit into it
_LARGEST_STEP: Final = 512
_TASKS: Final = {
    "SR": "upscale",
    "FaceSR": "restore",
    "Restoration": "restore",
    "Inpainting": "repair",
}
_DRAWING: Final = ("GFPGAN", "AuraSR")  # draw random numbers while they work
_ONE_AT_A_TIME: Final = threading.Lock()


def is_foreign(path: Path) -> bool:
    """Whether a file may be of somebody else's net: a pickle by its name, or without our card."""
    if path.suffix.lower() in PICKLES:
        return path.is_file()
    if path.suffix.lower() != ENDING or not path.is_file():
        return False
    try:
        return card_text(path) is None
    except InputError:
        return False  # reading it says what it is


@final
class Foreign(Net):
    """Somebody else's net by its descriptor: RGB within [0, 1] in, the same out."""

    tasks = ("upscale", "restore", "repair")

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.descriptor, self.model = descriptor, descriptor.model
        self.task = _TASKS[descriptor.purpose]
        if descriptor.scale > 1 and self.task == "restore":
            self.task = "upscale"
        self.factor = int(descriptor.scale)
        self.sizes = {"inputs": 4} if self.task == "repair" else {"factor": self.factor}

    @property
    def architecture(self) -> str:
        """Its name, as spandrel has it."""
        return str(self.descriptor.architecture.id)

    @property
    def reach(self) -> int | None:
        """How far tiles look beside themselves, which may be less far than the net does."""
        whole = (
            self.descriptor.tiling.name == "INTERNAL" or self.descriptor.size_requirements.square
        )
        return None if whole or self.descriptor.purpose == "FaceSR" else HALO

    @property
    def discouraged(self) -> bool:
        """Whether spandrel advises against tiles."""
        return self.descriptor.tiling.name == "DISCOURAGED"

    @property
    def least(self) -> int:
        """The smallest side that the net takes without padding."""
        return max(1, int(self.descriptor.size_requirements.minimum))

    @property
    def step(self) -> int:
        """Tiles that begin at multiples of it are cut as the net itself cuts the whole picture."""
        windows = (getattr(part, "window_size", 1) for part in self.model.modules())
        flat = [
            n for window in windows for n in (window if isinstance(window, tuple) else [window])
        ]
        sides = {n for n in flat if isinstance(n, int) and n > 0}
        step = math.lcm(_STEP, int(self.descriptor.size_requirements.multiple_of), *sides)
        return step if step <= _LARGEST_STEP else _STEP

    @property
    def halves(self) -> bool:
        """Whether it computes in half precision: on a graphics card, if its descriptor says so."""
        return self.descriptor.device.type == "cuda" and bool(self.descriptor.supports_half)

    def settle(self) -> None:
        """Take the precision that is right for where the net now is."""
        self.model.to(torch.float16 if self.halves else torch.float32)

    def forward(
        self, x: Float[torch.Tensor, "n 3 h w"], hole: Float[torch.Tensor, "n 1 h w"] | None = None
    ) -> Float[torch.Tensor, "n 3 fh fw"]:
        """What spandrel makes of each picture, padded as the net needs it; grey nets see planes."""
        if self.architecture == "GFPGAN" and max(x.shape[-2:]) > FACE:
            cure = f"cut one out: trombine data prepare --crop face --size {FACE}"
            raise InputError(f"mends one face of up to {FACE} x {FACE} pixels", cure)
        if hole is not None:
            pairs = zip(x, hole, strict=True)
            return torch.cat([self._made(one[None], where[None]) for one, where in pairs])
        count, planes = x.shape[:2]
        seen = x if self.descriptor.input_channels == planes else x.flatten(0, 1)[:, None]
        made = torch.cat([self._made(one[None]) for one in seen])
        return made.reshape(count, planes, *made.shape[-2:])

    def _made(self, *given: torch.Tensor) -> torch.Tensor:
        """One picture; a copy, since spandrel's results cannot be changed."""
        kind = next(self.model.parameters()).dtype
        with torch.no_grad(), _the_same_draws(self.architecture):
            made = self.descriptor(*(tensor.to(kind).contiguous() for tensor in given))
        return made.to(given[0].dtype, copy=True)


def opened_by_spandrel(path: Path) -> tuple[Foreign, Card, str]:
    """The net in a file, its card, and the hash of the file; an InputError says why there is none.

    A pickle is read without running anything that is in it.
    """
    tensors = {name: tensor.contiguous() for name, tensor in state_of(path).items()}
    library = _library(path)  # after the file is read: what is no model needs nothing installed
    if broken := not_finite(tensors):
        problem = f"holds NaN or infinity in {shortened(broken)}"
        raise InputError(f"{problem}; ask for the file again", path=path)
    net = Foreign(_descriptor(library, tensors, path)).eval().requires_grad_(False)
    _check_planes(net, path)
    settings = {"size": FACE} if net.task == "repair" else {}
    card = Card(
        task=net.task,
        net=net.architecture,
        sizes=net.sizes,
        settings=settings,
        about=f"opened by spandrel {library.__version__}",
    )
    return net, card, digest(path)[:12]


def _descriptor(library: Any, tensors: dict[str, torch.Tensor], path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about how spandrel calls it
            state = library.canonicalize_state_dict(tensors)
            return library.ModelLoader().load_from_state_dict(state)
    except library.UnsupportedModelError as error:
        problem = f"is of no net that spandrel {library.__version__} knows"
        cure = f"if it is of one of trombine's, {how_to_import(path)}"
        raise InputError(problem, cure, path=path) from error
    except Exception as error:  # of many architectures, for what is no fault of ours
        problem = f"looks like a net that spandrel knows, and is not ({said(error)})"
        raise InputError(problem, "ask for the file again", path=path) from error


def _check_planes(net: Foreign, path: Path) -> None:
    """Refuse nets that are for something other than pictures."""
    given, made = net.descriptor.input_channels, net.descriptor.output_channels
    if given != made or given not in ((3,) if net.task == "repair" else (1, 3)):
        problem = f"is a net of {given} channels to {made}"
        raise InputError(problem, "name one for colours, 3 to 3, or for grey, 1 to 1", path=path)


@contextmanager
def _the_same_draws(architecture: str) -> Iterator[None]:
    """Inside, a net that draws random numbers draws the same each time."""
    if architecture not in _DRAWING:
        yield
        return
    with _ONE_AT_A_TIME, torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _library(path: Path) -> Any:
    """spandrel, or what to install."""
    try:
        import_module("torchvision")
        return import_module("spandrel")
    except ModuleNotFoundError as error:
        raise InputError("needs spandrel and torchvision", EXTRA, path=path) from error
    except Exception as error:  # a torchvision that was built for another torch
        problem = f"needs a torchvision that fits torch {torch.__version__} ({said(error)})"
        build = torch.__version__.partition("+")[2] or "cpu"
        index = f"https://download.pytorch.org/whl/{build}"
        cure = f"pip install --force-reinstall --no-deps torchvision --index-url {index}"
        raise InputError(problem, cure, path=path) from error
