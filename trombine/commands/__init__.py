"""The table of commands: the place of each function, and the first line of its docstring.

The summaries are repeated here so that a list of commands imports none of them. `data world` is the
function `trombine.data_world`.
"""

from __future__ import annotations

from typing import Final

SUMMARY: Final = (
    "Enlarge, repair, restyle and generate pictures of faces, train nets, measure results: offline."
)
# Functions on pictures, which the studio serves too.
PICTURES: Final = {
    "upscale": (
        "trombine.commands.upscale:upscale",
        "Enlarge pictures and films, sharper than interpolation does.",
    ),
    "inpaint": (
        "trombine.commands.inpaint:inpaint",
        "Repair what is under a mask: faces, and whatever else is damaged or in the way.",
    ),
    "restyle": (
        "trombine.commands.restyle:restyle",
        "Draw the faces of pictures and films in another style.",
    ),
    "read": (
        "trombine.commands.read:read",
        "Find the faces of pictures, and read what is where in each.",
    ),
    "generate": (
        "trombine.commands.generate:generate",
        "Generate faces from seeds, optionally with given attributes.",
    ),
    "morph": (
        "trombine.commands.morph:morph",
        "Walk from one face to the next, as a film or a folder of frames.",
    ),
    "replay": (
        "trombine.commands.replay:replay",
        "Make files again from their records, and say whether the pixels are the same.",
    ),
}
OTHERS: Final = {
    "studio": (
        "trombine.commands.studio:studio",
        "Repair, enlarge, read and generate pictures in the browser, on this machine alone.",
    ),
    "train": (
        "trombine.commands.train:train",
        "Train a net by a recipe; the same command again goes on where it was.",
    ),
    "sweep": (
        "trombine.commands.sweep:sweep",
        "Train a recipe once for each combination of settings; one page shows all.",
    ),
    "runs list": (
        "trombine.commands.runs:runs_list",
        "List the runs of a folder, those of its sweeps too: data, pictures seen, best, state.",
    ),
    "runs show": (
        "trombine.commands.runs:runs_show",
        "Say how a run went, write its page and film again; for a sweep, list its runs.",
    ),
    "models list": (
        "trombine.commands.models:models_list",
        "List the models that come with trombine: task, net, parameters, scores.",
    ),
    "models show": (
        "trombine.commands.models:models_show",
        "Say what a model is, what it was trained on, and how good it is.",
    ),
    "models export": (
        "trombine.commands.models:models_export",
        "Write a model as ONNX, for programs that know nothing of trombine or torch.",
    ),
    "models blend": (
        "trombine.commands.models:models_blend",
        "Make a model between two that began as one, weight by weight.",
    ),
    "models import": (
        "trombine.commands.models:models_import",
        "Make a model of a pickled checkpoint, without running what is in it.",
    ),
    "microscope": (
        "trombine.commands.microscope:microscope",
        "Write a page that runs a net in the browser and shows the maps of its layers.",
    ),
    "data world": (
        "trombine.commands.paint:data_world",
        "Paint faces, with exact parts, landmarks and parameters.",
    ),
    "data leaves": (
        "trombine.commands.paint:data_leaves",
        "Paint overlapping shapes with the statistics of natural pictures.",
    ),
    "data fractals": (
        "trombine.commands.paint:data_fractals",
        "Paint fractals, each with the numbers it is made from, ready to publish.",
    ),
    "data masks": (
        "trombine.commands.paint:data_masks",
        "Draw masks: which pixels are to be painted (white), which are kept.",
    ),
    "data generated": (
        "trombine.commands.generated:data_generated",
        "Generate faces into a pack, to be judged, compared or learned from.",
    ),
    "data likenesses": (
        "trombine.commands.likenesses:data_likenesses",
        "Pair photographs of people with how the world would draw them.",
    ),
    "data prepare": (
        "trombine.commands.prepare:data_prepare",
        "Make a pack of a folder of pictures: cropped, resized, sorted by use.",
    ),
    "data audit": (
        "trombine.commands.audit:data_audit",
        "Find bad and duplicate pictures in a set; nothing is deleted.",
    ),
    "judge originality": (
        "trombine.commands.judge:judge_originality",
        "Say which generated pictures are copies of those that a net learned from.",
    ),
    "judge restoration": (
        "trombine.commands.judge:judge_restoration",
        "Compare repaired, enlarged or cleaned pictures with what they should be.",
    ),
    "judge fidelity": (
        "trombine.commands.fidelity:judge_fidelity",
        "Compare a set of generated pictures with a set of real ones.",
    ),
    "judge compare": (
        "trombine.commands.compare:judge_compare",
        "Compare methods under frozen protocols; without any, list what there is.",
    ),
    "judge people make": (
        "trombine.commands.people:judge_people_make",
        "Make a page that asks people which pictures are real, and the key to it.",
    ),
    "judge people score": (
        "trombine.commands.people:judge_people_score",
        "Say how well people told real pictures from generated ones.",
    ),
    "doctor": (
        "trombine.commands.doctor:doctor",
        "Say what this machine can do, and where files are kept.",
    ),
}
COMMANDS: Final = {**PICTURES, **OTHERS}
GROUPS: Final = {
    "data": "Make pictures to learn from and to be measured on.",
    "runs": "See what trainings have made, and how they went.",
    "models": "See what models there are, and take them elsewhere and back.",
    "judge": "Say how good pictures are, in numbers that another person can reproduce.",
    "judge people": "Ask people which pictures are real, and score their answers.",
}
# Environment variables and what they do.
VARIABLES: Final = {
    "TROMBINE_CACHE": "where packs and compiled painters are kept",
    "TROMBINE_MAX_PIXELS": "the largest picture that is read",
    "OMP_WAIT_POLICY": "PASSIVE unless set: idle threads sleep instead of spinning",
    "OMP_NUM_THREADS": "threads that torch computes with; a training has its own setting",
    "NUMBA_NUM_THREADS": "threads that numba computes with",
}
