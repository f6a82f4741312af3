"""What a step minimises: an objective for each family of training, and what they are made of.

objective.py    what every objective is: phases, terms, what they are computed from
restore.py      undo a known damage
inpaint.py      paint what is missing, told what belongs there
inpaint_diffusion.py  the same, by taking noise away
complete.py     guess which part of a face is where under a hole
sharpen.py      the same, then learn from a discriminator
unseen.py       enlarge, learning from small pictures alone
adversarial.py  a generator against a discriminator
encode.py       an auto-encoder against a discriminator of its codes
denoise.py      take noise away, step by step
invent.py       codes of faces, and flows that invent them
translate.py    draw pictures of one kind as another, without pairs
restyle.py      draw faces in other styles, from pairs
restyle_shared.py  the same without, by one code for both styles
regress.py      read numbers from pictures
read.py         read what is where in a face; reading.py has its terms
find.py         find faces in pictures
detect.py       detect what is damaged of pictures

terms.py        losses between pictures      critics.py   losses and penalties of discriminators
perceptual.py   losses between features      pools.py     old pictures for a discriminator
damage.py       what restoring undoes        judges.py    which net's features are compared
alarms.py       what watches a training      by_reader.py what a reader says of pictures
by_part.py      how much each pixel counts   untrue.py    numbers that augmentation makes untrue
"""

from __future__ import annotations

from typing import Any, Final

from trombine.data.augment import Augment
from trombine.objectives.adversarial import AdversarialObjective
from trombine.objectives.complete import CompleteObjective
from trombine.objectives.denoise import DenoiseObjective
from trombine.objectives.detect import DetectObjective
from trombine.objectives.encode import EncodeObjective
from trombine.objectives.find import FindObjective
from trombine.objectives.inpaint import InpaintObjective
from trombine.objectives.inpaint_diffusion import InpaintDiffusionObjective
from trombine.objectives.invent import InventObjective
from trombine.objectives.objective import Objective
from trombine.objectives.read import ReadObjective
from trombine.objectives.refine import RefineObjective
from trombine.objectives.regress import RegressObjective
from trombine.objectives.restore import RestoreObjective
from trombine.objectives.restyle import RestyleObjective
from trombine.objectives.restyle_shared import RestyleSharedObjective
from trombine.objectives.sharpen import SharpenObjective
from trombine.objectives.translate import TranslateObjective
from trombine.objectives.unseen import UnseenObjective
from trombine.objectives.untrue import check_augment
from trombine.recipes.recipe import Recipe
from trombine.refusal import InputError

OBJECTIVES: Final[dict[str, type[Objective[Any]]]] = {
    "restore": RestoreObjective,
    "sharpen": SharpenObjective,
    "unseen": UnseenObjective,
    "adversarial": AdversarialObjective,
    "encode": EncodeObjective,
    "denoise": DenoiseObjective,
    "invent": InventObjective,
    "translate": TranslateObjective,
    "restyle": RestyleObjective,
    "restyle_shared": RestyleSharedObjective,
    "regress": RegressObjective,
    "read": ReadObjective,
    "find": FindObjective,
    "refine": RefineObjective,
    "inpaint": InpaintObjective,
    "inpaint_diffusion": InpaintDiffusionObjective,
    "complete": CompleteObjective,
    "detect": DetectObjective,
}

__all__ = ["OBJECTIVES", "Objective", "objective_of"]


def objective_of(recipe: Recipe) -> Objective[Any]:
    """The objective of a recipe; an InputError if its nets are not those it needs."""
    objective = OBJECTIVES[recipe.objective](recipe)
    if set(objective.roles) != set(recipe.nets):
        needed, existing = ", ".join(objective.roles), ", ".join(recipe.nets)
        raise InputError(f"{recipe.objective} needs the nets {needed}; the recipe has {existing}")
    objective.check_space()
    check_augment(Augment.parse(recipe.augment), objective.required)
    return objective
