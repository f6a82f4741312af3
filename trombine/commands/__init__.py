"""The table of commands: the place of each function, and the first line of its docstring.

The summaries are repeated here so that a list of commands imports none of them. `data world` is the
function `trombine.data_world`.
"""

from __future__ import annotations

from typing import Final

SUMMARY: Final = (
    "Enlarge, repair, restyle and generate pictures of faces, train nets, measure results: offline."
)


def _table(text: str) -> dict[str, tuple[str, str]]:
    """The place and the summary of each function, of lines COMMAND | MODULE | SUMMARY."""
    rows = (line.split(" | ") for line in text.strip().splitlines())
    return {
        line: (f"trombine.commands.{module}:{line.replace(' ', '_')}", summary)
        for line, module, summary in rows
    }


# Functions on pictures, which the studio serves too.
PICTURES: Final = _table("""
upscale | upscale | Enlarge pictures and films, sharper than interpolation does.
inpaint | inpaint | Repair what is under a mask: faces, and whatever else is damaged or in the way.
restyle | restyle | Draw the faces of pictures and films in another style.
portrait | restyle | Draw the person of the largest face, alone, in a style.
imitate | restyle | Draw pictures in the style of another picture (style transfer).
read | read | Find the faces of pictures, and read what is where in each.
generate | generate | Generate faces from seeds, optionally with given attributes.
morph | morph | Walk from one face to the next, as a film or a folder of frames.
replay | replay | Make files again from their records, and say whether the pixels are the same.
""")
OTHERS: Final = _table("""
studio | studio | Repair, enlarge, read and generate pictures in the browser, on this machine alone.
train | train | Train a net by a recipe; the same command again goes on where it was.
sweep | train | Train a recipe once for each combination of settings; one page shows all.
runs list | runs | List the runs of a folder and its sweeps: data, pictures seen, best, state.
runs show | runs | Say how a run went, and write its page and film again.
models list | models | List the models that come with trombine: task, net, parameters, scores.
models show | models | Say what a model is, what it was trained on, and how good it is.
models export | models | Write a model as ONNX, for programs that know nothing of trombine or torch.
models blend | models | Average two models of one origin, weight by weight.
models import | models | Make a model of a pickled checkpoint, without running what is in it.
microscope | microscope | Write a page that runs a net in the browser and shows its layers' maps.
data world | paint | Paint faces, with exact parts, landmarks and parameters.
data leaves | paint | Paint overlapping shapes with the statistics of natural pictures.
data fractals | paint | Paint fractals, each with the numbers it is made from, ready to publish.
data masks | paint | Draw masks: which pixels are to be painted (white), which are kept.
data likenesses | likenesses | Pair photographs of people with drawings of them by the face world.
data prepare | prepare | Make a pack of a folder of pictures: cropped, resized, sorted by use.
data audit | audit | Find bad and duplicate pictures in a set; nothing is deleted.
judge originality | judge | Say which generated pictures are copies of what a net learned from.
judge restoration | judge | Compare repaired, enlarged or cleaned pictures with what they should be.
judge fidelity | judge | Compare a set of generated pictures with a set of real ones.
judge compare | judge | Compare methods under a frozen protocol; without one, list what there is.
judge people make | judge | Make a page that asks people which pictures are real, and its key.
judge people score | judge | Say how well people told real pictures from generated ones.
doctor | doctor | Show versions, hardware and paths.
""")
COMMANDS: Final = {**PICTURES, **OTHERS}
GROUPS: Final = {
    "data": "Make pictures to learn from and to be measured on.",
    "runs": "See what trainings have made, and how they went.",
    "models": "See what models there are, and take them elsewhere and back.",
    "judge": "Say how good pictures are, in numbers that another person can reproduce.",
    "judge people": "Ask people which pictures are real, and score their answers.",
}
# Options that commands had, and what is given in their place.
RENAMED: Final = {
    ("upscale", "--mask-is"): "--hole black:mask.png",
    ("inpaint", "--mask-is"): "--mask black:mask.png",
    ("inpaint", "--mask-part"): "--mask eyes,mouth",
    ("inpaint", "--mask-colour"): '--mask "#ff00ff"',
    ("inpaint", "--scratches"): "--mask scratches",
    ("restyle", "--portrait"): "trombine portrait photo.jpg --to anime",
    ("restyle", "--size"): "trombine portrait photo.jpg --to anime --size 512",
    ("restyle", "--style-image"): "trombine imitate photo.jpg --style-image painting.jpg",
    ("restyle", "--method"): "--model painter, or --model restyle for the net",
}
# Environment variables and what they do.
VARIABLES: Final = {
    "TROMBINE_CACHE": "where packs and compiled painters are kept",
    "TROMBINE_MAX_PIXELS": "the largest picture that is read",
    "OMP_WAIT_POLICY": "PASSIVE unless set: idle threads sleep instead of spinning",
    "OMP_NUM_THREADS": "threads that torch computes with; a training has its own setting",
    "NUMBA_NUM_THREADS": "threads that numba computes with",
}
