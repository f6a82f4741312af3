"""The table of commands: where each verb is, what it says of itself, two ways to use it.

What becomes of it on the command line is in cli.py. Listing loads nothing of trombine's libraries.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A command: where its verb is, what it says of itself, two ways to use it."""

    module: str  # in trombine.verbs
    request: str  # the dataclass whose fields are the options
    summary: str  # the first line of the request's docstring, here so that listing loads nothing
    examples: tuple[str, str]
    positional: tuple[str, ...] = ()  # fields that are given without a name
    in_memory: tuple[str, ...] = ()  # fields that the function takes of a picture in memory, too
    held: tuple[str, ...] = ()  # of those, fields that may be pictures in memory themselves
    caution: str = ""  # what its help page says after the summary
    settings: str = ""  # the field that takes every other --NAME VALUE, as NAME=VALUE
    serves: bool = False  # until it is told to end: so it is a command, and no function


SUMMARY = "Enlarge pictures and films, read faces, train nets, and measure results: offline."

# Commands: the function, and the first line of its docstring, so that listing loads nothing.
COMMANDS = {
    "upscale": (
        "trombine.verbs.upscale:upscale",
        "Enlarge pictures and films, sharper than interpolation does.",
    ),
    "replay": (
        "trombine.verbs.replay:replay",
        "Make files again from their records, and say whether the pixels are the same.",
    ),
    "studio": (
        "trombine.verbs.studio:studio",
        "Repair, enlarge, read and generate pictures in the browser, on this machine alone.",
    ),
}

VERBS = {
    "data world": Verb(
        module="world",
        request="WorldRequest",
        summary="Paint faces, with exact parts, landmarks and parameters.",
        examples=(
            "trombine data world --count 4 --size 64 -o faces",
            "trombine data world --count 2 --size 64 --style photo+anime --pack -o pairs",
        ),
    ),
    "data leaves": Verb(
        module="leaves",
        request="LeavesRequest",
        summary="Paint overlapping shapes with the statistics of natural pictures.",
        examples=(
            "trombine data leaves --count 4 --size 64 -o leaves",
            "trombine data leaves --count 8 --size 64 --first-seed 100 --pack -o textures",
        ),
    ),
    "data fractals": Verb(
        module="fractals",
        request="FractalsRequest",
        summary="Paint fractals, each with the numbers it is made from, ready to publish.",
        examples=(
            "trombine data fractals --count 4 --size 64 -o fractals",
            "trombine data fractals --count 8 --size 64 --first-seed 100 --pack -o dreams",
        ),
    ),
    "data generated": Verb(
        module="generated",
        request="GeneratedRequest",
        summary="Invent faces into a pack, to be judged, compared or learned from.",
        examples=(
            "trombine data generated --count 8 -o crowd",
            "trombine data generated --count 8 --first-seed 100 --truncation .7 -o alike",
        ),
    ),
    "data likenesses": Verb(
        module="likenesses",
        request="LikenessesRequest",
        summary="Draw the people of photographs as the reader sees them and the world would paint"
        " them.",
        examples=(
            "trombine data likenesses plain:faces --size 64 -o likenesses",
            "trombine data likenesses plain:faces --size 64 --style sketch -o sketched",
        ),
        positional=("photos",),
    ),
    "data masks": Verb(
        module="masks",
        request="MasksRequest",
        summary="Draw masks: which pixels are to be painted (white), which are kept.",
        examples=(
            "trombine data masks --count 8 --size 64 -o masks",
            "trombine data masks --count 8 --size 64 --family irregular:30-40*0.7+squares*0.3"
            " -o mixed",
        ),
    ),
    "data prepare": Verb(
        module="prepare",
        request="PrepareRequest",
        summary="Make a pack of a folder of pictures: cropped, resized, sorted by use.",
        examples=(
            "trombine data prepare faces --size 64 -o faces-pack",
            "trombine data prepare faces --as imagefolder --size 32 --crop none -o small-faces",
        ),
        positional=("folder",),
    ),
    "data audit": Verb(
        module="audit",
        request="AuditRequest",
        summary="Say what is wrong with a set of pictures, before a net learns from it. Deletes"
        " nothing.",
        examples=(
            "trombine data audit faces",
            "trombine data audit faces -o audit.html --csv audit.csv --keep-list keep.txt",
        ),
        positional=("folder",),
    ),
    "train": Verb(
        module="train",
        request="TrainRequest",
        summary="Train a net by a recipe; the same command again goes on where it was.",
        examples=(
            "trombine train dcgan --dry-run",
            "trombine train upscale-fast-x2 --data leaves#100 --size 32 --pictures 400"
            " -o runs/small",
        ),
        positional=("recipe",),
        settings="settings",
    ),
    "sweep": Verb(
        module="sweep",
        request="SweepRequest",
        summary="Train a recipe once for each combination of settings; one page shows all.",
        examples=(
            "trombine sweep upscale-fast-x2 --grid lr=1e-3,2e-3 --data leaves#100 --size 32"
            " --pictures 160",
            "trombine sweep upscale-fast-x2 --zip width=8,16 --zip depth=4,2 --data leaves#100"
            " --size 32 --pictures 160 -o runs/shapes",
        ),
        positional=("recipe",),
        settings="settings",
    ),
    "runs list": Verb(
        module="runs",
        request="RunsListRequest",
        summary="List the runs of a folder, those of its sweeps too: data, pictures seen, best,"
        " state.",
        examples=("trombine runs list", "trombine runs list runs"),
        positional=("folder",),
    ),
    "runs show": Verb(
        module="runs",
        request="RunsShowRequest",
        summary="Say how a run went, write its page and film again; for a sweep, list its runs.",
        examples=("trombine runs show small", "trombine runs show runs/small"),
        positional=("run",),
    ),
    "models list": Verb(
        module="models",
        request="ModelsListRequest",
        summary="List the models that come with trombine: task, net, parameters, scores.",
        examples=("trombine models list", "trombine models list --task upscale"),
    ),
    "models show": Verb(
        module="models",
        request="ModelsShowRequest",
        summary="Say what a model is, what it was trained on, and how good it is.",
        examples=(
            "trombine models show upscale-fast-x2",
            "trombine models show upscale-fast-x2 --json",
        ),
        positional=("model",),
    ),
    "models export": Verb(
        module="models",
        request="ModelsExportRequest",
        summary="Write a model as ONNX, for programs that know nothing of trombine or torch.",
        examples=(
            "trombine models export upscale-fast-x2 --onnx -o enlarger.onnx",
            "trombine models export upscale-fast-x2 --half -o smaller.safetensors",
        ),
        positional=("model",),
    ),
    "models blend": Verb(
        module="models",
        request="ModelsBlendRequest",
        summary="Make a model between two that began as one, weight by weight.",
        examples=(
            "trombine models blend upscale-x4 upscale-sharp-x4 --share 0.3 -o between.safetensors",
            "trombine models blend upscale-x4 upscale-sharp-x4 --share 0.5 --only body"
            " --overwrite -o between.safetensors",
        ),
        positional=("first", "second"),
    ),
    "models import": Verb(
        module="models",
        request="ModelsImportRequest",
        summary="Make a model of a pickled checkpoint, without running what is in it.",
        examples=(
            "trombine models import old.pth --net residual --task upscale -o mine.safetensors",
            "trombine models import old.pth --net residual:width=32,depth=8 --task upscale"
            " --overwrite -o mine.safetensors",
        ),
        positional=("file",),
    ),
    "inpaint": Verb(
        module="inpaint",
        request="InpaintRequest",
        summary="Repair what is under a mask: faces, and whatever else is damaged or in the way.",
        examples=(
            "trombine inpaint faces/000000.png --mask masks/000000.png -o repaired.png",
            "trombine inpaint faces --mask-part eyes,mouth --write-points -o new",
        ),
        positional=("pictures",),
        in_memory=(
            *("mask", "mask_is", "mask_part", "mask_colour", "scratches", "grow", "parts"),
            *("points", "model", "seed", "device"),
        ),
        held=("mask",),
    ),
    "restyle": Verb(
        module="restyle",
        request="RestyleRequest",
        summary="Draw the faces of pictures and films in another style.",
        examples=(
            "trombine restyle faces/000000.png --to anime --from photo -o anime.png",
            "trombine restyle faces --to sketch --from photo --portrait --size 256 -o drawn",
        ),
        positional=("pictures",),
        in_memory=(
            *("to", "like", "from_", "whole", "strength", "keep_colours", "model", "device"),
            *("portrait", "size", "with_", "character", "clothes", "method"),
        ),
    ),
    "read": Verb(
        module="read",
        request="ReadRequest",
        summary="Find the faces of pictures, and read what is where in each.",
        examples=(
            "trombine read faces/000000.png",
            "trombine read faces --write-parts --write-points --json -o seen",
        ),
        positional=("pictures",),
        caution="It does not recognise people: it says where a face is, not whose.",
        in_memory=("faces", "traits", "enlarge", "model", "device"),
    ),
    "generate": Verb(
        module="generate",
        request="GenerateRequest",
        summary="Generate faces from seeds, optionally with given attributes.",
        examples=(
            "trombine generate --seeds 0-7 --sheet -o painted",
            'trombine generate --seeds 3,8 --with "age=60, smile" --style photo -o steered',
        ),
        caution="By default the procedural painter draws each person;"
        " --method net lets a neural net generate it.",
    ),
    "morph": Verb(
        module="morph",
        request="MorphRequest",
        summary="Walk from one face to the next, as a film or a folder of frames.",
        examples=(
            "trombine morph 3 8 21 --cycle --frames 8 -o walk.gif",
            "trombine morph 5 --method net --path truncation --frames 6 -o grown",
        ),
        positional=("seeds",),
    ),
    "microscope": Verb(
        module="microscope",
        request="MicroscopeRequest",
        summary="Write a page that runs a net in the browser and shows the maps of its layers.",
        examples=(
            "trombine microscope upscale-fast-x2 -o inside.html",
            "trombine microscope finder --size 64 -o finder.html",
        ),
        positional=("model",),
    ),
    "judge people make": Verb(
        module="people",
        request="PeopleMakeRequest",
        summary="Make a page that asks people which pictures are real, and the key to it.",
        examples=(
            "trombine judge people make faces leaves --pictures 8 -o study",
            "trombine judge people make faces leaves --pictures 6 --size 32 --seconds 2 -o quick",
        ),
        positional=("real", "generated"),
    ),
    "judge people score": Verb(
        module="people",
        request="PeopleScoreRequest",
        summary="Say how well people told real pictures from generated ones.",
        examples=(
            "trombine judge people score study.key.json answers -o people.html",
            "trombine judge people score study.key.json answers/ann.json answers/ben.json",
        ),
        positional=("key", "answers"),
    ),
    "judge originality": Verb(
        module="judge",
        request="JudgeOriginalityRequest",
        summary="Say which generated pictures are copies of those that a net learned from.",
        examples=(
            "trombine judge originality faces world:photo#20 --false-alarms 0.05",
            "trombine judge originality faces world:photo#20 --false-alarms 0.05 --screened"
            " -o original.html",
        ),
        positional=("generated", "references"),
    ),
    "judge restoration": Verb(
        module="judge",
        request="JudgeRestorationRequest",
        summary="Compare repaired, enlarged or cleaned pictures with what they should be.",
        examples=(
            "trombine judge restoration leaves/000000.png faces/000000.png",
            "trombine judge restoration leaves faces --json -o judged.html",
        ),
        positional=("results", "truth"),
    ),
    "judge fidelity": Verb(
        module="fidelity",
        request="JudgeFidelityRequest",
        summary="Compare a set of generated pictures with a set of real ones.",
        examples=(
            "trombine judge fidelity world:photo#60 world:photo#80 --size 32",
            "trombine judge fidelity world:anime#60 world:photo#80 --size 32 --features pixels"
            " --json -o fidelity.html",
        ),
        positional=("generated", "real"),
    ),
    "judge compare": Verb(
        module="compare",
        request="JudgeCompareRequest",
        summary="Compare methods under frozen protocols; without any, list what there is.",
        examples=(
            "trombine judge compare --list",
            "trombine judge compare repair-64",
        ),
        positional=("protocol", "methods"),
    ),
    "doctor": Verb(
        module="doctor",
        request="DoctorRequest",
        summary="Say what this machine can do, and where files are kept.",
        examples=("trombine doctor", "TROMBINE_CACHE=cache trombine doctor"),
    ),
}
GROUPS = {
    "data": "Make pictures to learn from and to be measured on.",
    "runs": "See what trainings have made, and how they went.",
    "models": "See what models there are, and take them elsewhere and back.",
    "judge": "Say how good pictures are, in numbers that another person can reproduce.",
    "judge people": "Ask people which pictures are real, and score their answers.",
}
# Options of every command that are no fields of a request: the short word, and what it does.
VOLUMES = {
    "quiet": ("-q", "Print errors only, and what the command is asked to print."),
    "verbose": ("-v", "Print more: every file, the nets and their files, tiles, seconds."),
}
# What others may set, and what it does.
VARIABLES = {
    "TROMBINE_CACHE": "where packs and compiled painters are kept",
    "TROMBINE_MAX_PIXELS": "the largest picture that is read",
    "OMP_WAIT_POLICY": "PASSIVE unless set: idle threads sleep instead of spinning",
    "OMP_NUM_THREADS": "threads that torch computes with; a training has its own setting",
    "NUMBA_NUM_THREADS": "threads that numba computes with",
}
