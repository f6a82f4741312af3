"""`judge restoration | fidelity | originality | compare | people`. How it is done is in eval/."""

from __future__ import annotations

import json as jsons
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.computing import cores
from trombine.core.devices import resolve
from trombine.core.errors import InputError, OutputError, shown
from trombine.core.progress import Account, Result, silent
from trombine.core.texts import aligned
from trombine.eval import compare, fidelity, moments, originality, people, people_score, restoration
from trombine.eval.methods import TASKS
from trombine.eval.protocol_files import ProtocolFile, cases, load, shipped
from trombine.eval.published import judging_nets
from trombine.eval.sets import PictureSet, natural_size, open_set, same_place
from trombine.eval.witness import WINDOW
from trombine.io.files import is_part, write_bytes
from trombine.io.inputs import refuse_to_write_over
from trombine.report import Report, beside, check_page


def result_of(
    account: Account,
    found: Mapping[Path, Any],
    report: Report,
    *,
    json: bool,
    output: Path | None,
) -> Result:
    """What a judge found, as JSON or as text, and its page where one is wanted."""
    (numbers,) = found.values()
    if output is not None:
        account.write(*report.write(output, numbers))
    text = jsons.dumps(numbers, indent=1, allow_nan=False) if json else report.summary()
    return account.result(text, found=found)


@opt.verb
def judge_restoration(
    results: Path,
    truth: Path,
    /,
    *,
    holes: Path | None = None,
    border: Annotated[int, opt.limits(0, 64), opt.WHOLE] = 0,
    features: tuple[str, ...] = (),
    json: opt.Json = False,
    output: opt.Page = None,
    overwrite: opt.OverPage = False,
    progress: opt.Progress = None,
) -> Result:
    """Compare repaired, enlarged or cleaned pictures with what they should be.

    For example:
      trombine judge restoration results truth
      trombine judge restoration results truth --json -o judged.html

    Files are paired by their names without the ending. The measures are PSNR, SSIM,
    MS-SSIM, mean absolute and edge error, and the landmarks, parts and identity
    that a net reads of faces. --features adds distances in lpips, vgg16, vgg19 or
    inception, with your weights as NAME:FILE (lpips:VGG16+LPIPS), or torch's.

    Parameters
    ----------
    results
        The pictures to judge: a file, or a folder of them.
    truth
        What they should be: a file, or a folder of same names.
    holes
        Masks, white where it was repaired: one, or a folder.
    border
        Pixels on each side that PSNR-Y leaves out. [0]
    features
        lpips, vgg16, vgg19 or inception; or NAME:FILE.
    """
    if output is not None and not overwrite:
        check_page(output)
    account, nets = Account(), judging_nets(features)
    pairs, alone = restoration.paired([results], [truth], holes)
    if not pairs:
        problem = f"holds no picture of which {shown(truth)} has the truth"
        raise InputError(problem, "files are paired by name", path=results)
    files = [path for pair in pairs for path in pair.files]
    refuse_to_write_over(beside(output) if output else (), files)
    for path in alone:
        account.notice("has no partner of its name, and is left out", path)
    measured, account.total = {}, len(pairs)
    for number, pair in enumerate(pairs, 1):
        try:
            measured[pair] = restoration.judge_pair(pair, border=border, nets=nets)
        except InputError as error:
            account.skip(pair.result, error)
        (progress or silent)(number, len(pairs), "pictures")
    if not measured:
        return account.result("")
    hashes = restoration.hashes_of(nets)
    numbers = restoration.numbers_of(measured, hashes)
    report = restoration.report_of(measured, hashes, pictures=output is not None)
    return result_of(account, {results: numbers}, report, json=json, output=output)


@opt.verb
def judge_fidelity(
    generated: str | Path,
    real: str | Path,
    /,
    *,
    features: tuple[str, ...] = fidelity.VIEWS,
    pictures: Annotated[int, opt.limits(50), opt.WHOLE] = 2000,
    size: Annotated[int | None, opt.limits(16, 512), opt.WHOLE] = None,
    json: opt.Json = False,
    output: opt.Page = None,
    overwrite: opt.OverPage = False,
    device: opt.Device = "auto",
    cluster: opt.Cluster = "",
    progress: opt.Progress = None,
) -> Result:
    """Compare a set of generated pictures with a set of real ones.

    For example:
      trombine judge fidelity world:anime#60 world:photo#80 --size 32
      trombine judge fidelity world:anime#60 world:photo#80 --size 32 \\
        --features look --json -o fidelity.html

    Fréchet distance, KID, precision and recall, density and coverage, a
    classifier's test and diversity, each beside the same of real against real.
    Two views by default, a table each: witness, what a net that no training learns
    from reads of faces; and look: style, colour, sharpness, noise, compression. A
    set is as real as the worse of both says. --features names others: vgg16, vgg19
    or inception, whose weights are yours, as NAME:FILE; given twice, two tables.

    Parameters
    ----------
    generated
        The pictures to judge: a folder, a pack, or a data spec.
    real
        What they should be like: a folder, a pack, or a spec.
    features
        witness, look, or vgg16:FILE, ... [both]
    pictures
        How many of each set are compared at most; above 5,000
        by Fréchet's distance alone. [2000]
    size
        At what size a spec's pictures are painted. [128]
    """
    where = resolve(device)
    kinds = fidelity.feature_kinds(features, where)
    if cluster and pictures <= fidelity.MOST:
        remedy = f"give --pictures more than {fidelity.MOST:,}"
        raise InputError("--cluster is for large sets", remedy)
    if output is not None and not overwrite:
        check_page(output)
    step, account, sets = progress or silent, Account(), list[PictureSet]()
    for side, text in (("generated", str(generated)), ("real", str(real))):
        most = min(pictures, fidelity.MOST)
        found = fidelity.read_set(text, side, account, step, most=most, size=size)
        sets.append(found)
        if len(found) < fidelity.FEWEST:
            problem = f"{shown(text)} has {len(found)} pictures that can be read"
            raise InputError(f"{problem}; figures of a set need {fidelity.FEWEST}")
    ours, theirs = sets
    fidelity.check_apart(ours, theirs)
    refuse_to_write_over(beside(output) if output else (), (*ours.files, *theirs.files))
    of_all = []
    if pictures > fidelity.MOST:
        of_all = moments.of_all(
            *(str(generated), str(real), features),
            most=pictures,
            size=size or WINDOW,
            account=account,
            device=where,
            cluster=cluster,
            progress=step,
        )
    judged = fidelity.judge(ours, theirs, kinds, step, of_all=of_all, device=where)
    numbers = fidelity.numbers_of(judged)
    report = fidelity.report_of(judged, pictures=output is not None)
    return result_of(account, {Path(generated): numbers}, report, json=json, output=output)


@opt.verb
def judge_originality(
    generated: str | Path,
    references: str | Path,
    /,
    *,
    top: Annotated[int, opt.limits(1, 20), opt.WHOLE] = 4,
    size: Annotated[int | None, opt.limits(16, 512), opt.WHOLE] = None,
    false_alarms: Annotated[float, opt.limits(0.0001, 0.1)] = 0.01,
    json: opt.Json = False,
    output: opt.Page = None,
    overwrite: opt.OverPage = False,
    cluster: opt.Cluster = "",
    seed: Annotated[int, opt.limits(0), opt.WHOLE, Parameter(group=opt.MORE)] = 0,
    progress: opt.Progress = None,
) -> Result:
    """Say which generated pictures are copies of what a net learned from.

    For example:
      trombine judge originality truth world:photo#100 --false-alarms 0.05 \\
        -o original.html

    Each picture is compared with every reference, by SSIM at the same places and
    by a search that also finds mirrored, cropped, recoloured, compressed, blurred
    and patched copies. The references set the threshold; planted copies show how
    many it finds.

    Parameters
    ----------
    generated
        The pictures to judge: a folder, a pack, or a data spec.
    references
        What they may be copies of: a folder, a pack, or a spec.
    top
        How many nearest references of each are reported. [4]
    size
        At what size all are compared; else the generated ones'.
    false_alarms
        The share of originals that would be called copies. [0.01]
    seed
        Which references thresholds and planted copies take. [0]
    """
    if output is not None and not overwrite:
        check_page(output)
    step, account, specs = progress or silent, Account(), (str(generated), str(references))
    if same_place(*specs):
        raise InputError("the generated pictures and the references are the same; name two sets")
    size = size or natural_size(specs[0]) or natural_size(specs[1])
    if size is None:
        raise InputError("pictures that are painted have any size; give one, as in --size 64")
    ours, theirs = (open_set(spec, size, account, step) for spec in specs)
    for spec, each in zip(specs, (ours, theirs), strict=True):
        if not len(each):
            raise InputError("holds no picture that can be read", path=Path(spec))
    refuse_to_write_over(beside(output) if output else (), (*ours.files, *theirs.files))
    found = originality.judge(
        ours,
        theirs,
        top=top,
        false_alarms=false_alarms,
        seed=seed,
        threads=cores(),
        cluster=cluster,
        progress=step,
    )
    if ours.resized or theirs.resized:
        account.notice(originality.about(found))
    numbers = originality.numbers_of(found)
    report = originality.report_of(found, pictures=output is not None)
    return result_of(account, {Path(generated): numbers}, report, json=json, output=output)


@opt.verb
def judge_compare(
    protocol: str | Path = "",
    methods: opt.Words = (),
    *,
    pictures: Path | None = None,
    json: opt.Json = False,
    output: opt.Page = None,
    overwrite: opt.OverPage = False,
    progress: opt.Progress = None,
) -> Result:
    """Compare methods under a frozen protocol; without one, list what there is.

    For example:
      trombine judge compare
      trombine judge compare sharpen-x4

    A method is a baseline, or a model by name or file.

    Parameters
    ----------
    protocol
        One that comes with trombine, or a .toml file.
    methods
        What to compare, each in quotes where it has spaces.
    pictures
        The folder with the pictures of protocols that name some.
    """
    if not protocol:
        return _protocols(json=json)
    file = load(str(protocol))
    if not methods:
        return Result(summary=_described(file))
    if output is not None and not overwrite:
        check_page(output)
    named = [compare.method_of(text, file) for text in methods]
    limits = [compare.method_of(text, file) for text in compare.limits(file)]
    every = {method.name: method for method in (*named, *limits)}
    account, step = Account(), progress or silent
    given, outcomes = tuple(cases(file, pictures)), []
    for number, method in enumerate(every.values()):
        step(number, len(every), f"methods, {method.name}")
        outcomes.append(compare.outcome(method, file, given))
    step(len(every), len(every), "methods")
    asked = list(dict.fromkeys(method.name for method in named))
    numbers = compare.numbers_of(file, given, outcomes, asked)
    report = compare.report_of(numbers, given, outcomes, pictures=output is not None)
    return result_of(account, {Path(file.name): numbers}, report, json=json, output=output)


def _protocols(*, json: bool) -> Result:
    """The protocols that come with trombine."""
    files = [load(name) for name in shipped()]
    entries = [{"name": f.name, "hash": f.protocol.hash, **f.protocol.canonical()} for f in files]
    rows = [("protocol", "hash", "task", "pictures", "what")]
    rows += [(f.name, f.protocol.hash, f.task, str(f.count), f.about) for f in files]
    text = jsons.dumps(entries, indent=1) if json else "\n".join(aligned(rows))
    return Result(summary=text, found={Path(entry["name"]): entry for entry in entries})


def _described(file: ProtocolFile) -> str:
    """What a protocol is, and which baselines there are for it."""
    names = ", ".join((*TASKS[file.task].baselines, compare.CEILING))
    return "\n".join(filter(None, (file.about, file.protocol.describe(), f"baselines: {names}")))


@opt.verb
def judge_people_make(
    real: Path,
    generated: opt.Paths,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    pictures: Annotated[int, opt.limits(2, 2000), opt.WHOLE] = 24,
    size: Annotated[int | None, opt.limits(16, 2048), opt.WHOLE] = None,
    seconds: Annotated[float, opt.limits(0, 600)] = 0,
    seed: Annotated[int, opt.limits(0), opt.WHOLE] = 0,
    key: Path | None = None,
    overwrite: opt.Overwrite = False,
    progress: opt.Progress = None,
) -> Result:
    """Make a page that asks people which pictures are real, and its key.

    For example:
      trombine judge people make real generated --pictures 24 -o study
      trombine judge people make real generated --pictures 12 --size 48 \\
        --seconds 2 -o quick

    The page is one file, opened from disk or put on any web host; nothing in its
    folder tells which pictures are real. Each subject sends a file of answers.

    Parameters
    ----------
    real
        A folder or a pack of real pictures.
    generated
        Folders or packs of generated ones, shown equally often.
    output
        The folder of the test, with nothing else in it.
    pictures
        How many each subject sees, half of them real. [24]
    size
        Cut a square at the face of each, or in the middle; show it so large.
    seconds
        How long each is shown; 0 is no limit. [0]
    seed
        Which pictures are drawn from the folders. [0]
    key
        Where to write which are real. [TEST.key.json]
    """
    if pictures % 2:
        raise InputError(f"--pictures is an even number, half of them real; not {pictures}")
    if not generated:
        raise InputError("no folder of generated pictures was named", "name one or more")
    page, key = output / people.PAGE, key or _key_path(output)
    _check_places(output, page, key)
    account = Account()
    folders = {"real": (real,), "generated": generated}
    sides = people.choose(folders, pictures // 2, size, seed, account, progress or silent)
    refuse_to_write_over([page, key], (c.file for side in sides.values() for c in side.values()))
    outputs = dict(zip((page, key), people.build_test(sides, seconds), strict=True))
    present = {path: path.read_bytes() == data for path, data in outputs.items() if path.exists()}
    if not all(present.values()) and not overwrite:
        problem = "is there already, of another test"
        remedy = "choose another -o, or --overwrite it: answers to it are lost"
        raise OutputError(problem, remedy, path=min(present, key=lambda path: present[path]))
    missing = [path for path in (key, page) if not present.get(path)]  # no page without its key
    for path in missing:
        write_bytes(path, outputs[path])
        account.write(path)
    is_there = "written" if missing else "is there already"
    text = f"{shown(page)} {is_there}: give people its folder, and keep the key, {shown(key)}"
    return account.result(text, kept=2 - len(missing))


def _key_path(output: Path) -> Path:
    place = output if output.name not in ("", "..") else output.resolve()
    return place.with_name(f"{place.name}{people.KEY_ENDING}")


def _check_places(output: Path, page: Path, key: Path) -> None:
    """Refuse a key or other files in the test's folder: subjects get all of it."""
    if Path(os.path.realpath(key)).is_relative_to(os.path.realpath(output)):
        raise OutputError("is inside the test, which people get", "choose another --key", path=key)
    inside = output.iterdir() if output.is_dir() else ()
    others = sorted(path for path in inside if path.name != page.name and not is_part(path.name))
    if others:
        problem = f"holds {shown(others[0].name)}, which people would get with the test"
        raise OutputError(problem, "choose another -o", path=output)
    check_page(page, people.GENERATOR)
    if key.exists():
        try:
            people.read_key(key)
        except InputError as error:
            remedy = "choose another --key"
            raise OutputError("is there, and is no key of a test", remedy, path=key) from error


@opt.verb
def judge_people_score(
    key: Path,
    answers: opt.Paths,
    *,
    output: opt.Page = None,
    json: opt.Json = False,
    progress: opt.Progress = None,
) -> Result:
    """Say how well people told real pictures from generated ones.

    For example:
      trombine judge people score study.key.json answers -o people.html
      trombine judge people score study.key.json answers --json

    Accuracy, d' and kappa of each, agreement, reasons, which pictures fooled most
    people, and how many answers a small difference needs. Damaged, doubled and
    foreign files are left out.

    Parameters
    ----------
    key
        The key of the test, as judge people make wrote it.
    answers
        The files that subjects sent, or folders of them.
    """
    if not answers:
        raise InputError("no answers were named; name files or a folder")
    files = list(people.answer_files(answers))
    if output is not None:
        refuse_to_write_over(beside(output), [key, *files])
        check_page(output, people_score.GENERATOR)
    account, known = Account(total=len(files)), people.read_key(key)
    subjects: list[people.Subject] = []
    for number, path in enumerate(files, 1):
        try:
            subject = people.read_answers(path, known)
            people.check_new(subject, subjects)  # each counts once
            subjects.append(subject)
        except InputError as error:
            account.skip(path, error)
        (progress or silent)(number, len(files), "answers")
    if not subjects:
        return account.result("no answers to score")
    numbers = people_score.numbers_of(known, subjects)
    images = _images(key, known, account) if output else {}
    report = people_score.report_of(numbers, images)
    return result_of(account, {key: numbers}, report, json=json, output=output)


def _images(key: Path, known: people.Key, account: Account) -> Mapping[str, people.Pixels]:
    """The pictures of the test beside its key; none if it has gone or is another test."""
    page = key.with_name(key.name.removesuffix(people.KEY_ENDING)) / people.PAGE
    with suppress(InputError):  # it holds no test
        name, images = people.pictures_of(page) if page.exists() else ("", {})
        if name == known.test:
            return images
    account.notice("is not there, or another test; the page shows no pictures", page)
    return {}
