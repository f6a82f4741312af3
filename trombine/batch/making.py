"""A verb that makes files of a picture, described once: run, go on, keep what is there, replay.

A verb says what its record holds and how contents are made of a picture and options. Everything
else is here: which files are missing, whether a file that is there is the one that is wanted, the
record in each file, and the same bytes again from a record. Both ways, forward and again, run the
same `make`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from trombine.batch.inputs import (
    Companions,
    Plan,
    expand,
    films_left_alone,
    into,
    is_so,
    left_alone,
    listed,
    raw_left_alone,
)
from trombine.batch.loop import batch
from trombine.batch.requests import (
    DROPPED,
    KEPT,
    LOSSY,
    METADATA,
    QUALITY,
    USUAL,
    FilesRequest,
    PicturesRequest,
)
from trombine.devices import CPU, again
from trombine.events import PERCENT, Detail, Done, Event, Notice, Picture, Tick, ticked
from trombine.io.files import identity
from trombine.memory import RELIEF, enough
from trombine.refusal import InputError, about, shown

if TYPE_CHECKING:
    from trombine.io.video import SourceFile

Record = Mapping[str, Any]
Options = Mapping[str, Any]
ELSEWHERE: Final = "choose another -o, or add --overwrite"
PICTURE, FORMAT, SHOWS = "picture", "format", "shows"  # options that are filled in here


@runtime_checkable  # for the tests' check of annotations
class Remaker(Protocol):
    """A verb whose files can be made again."""

    def remake(self, record: Record, inputs: Mapping[str, Path]) -> bytes:
        """A record and the files that it names, to the bytes of the file that it is of."""
        ...


@dataclass(frozen=True, kw_only=True)
class Product:
    """One kind of file that a verb writes of a picture."""

    shows: str = ""  # as its record says
    ending: str = ""  # of its name, beside the result, which has none
    format: str = ""  # PNG or JSON; "" is what the name says
    without: tuple[str, ...] = ()  # options that change nothing of it; its record has them empty


RESULT: Final = Product()


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be made of one picture."""

    source: SourceFile
    options: Options  # as the record has them
    files: Mapping[str, Path] = field(default_factory=dict)  # other inputs, as options name them
    shows: frozenset[str] = frozenset({""})  # what is to be made
    threads: int | None = None
    device: str = CPU  # that nets are computed on
    tick: Tick | None = None  # told of every step

    def file(self, option: str, how: str = "made by", known: Container[str] = ()) -> Path | None:
        """The file that an option names; None where it is a name that is `known`, or empty where
        there are no such names.

        An InputError says `how` the picture was made by it, where it is not among the inputs.
        """
        from trombine.refusal import shortened

        name = self.options[option]
        if name not in self.files and name not in (known or ("",)):
            raise InputError(f"was {how} {shortened(name)}, which is not among its inputs")
        return self.files.get(name)


@dataclass(frozen=True, kw_only=True)
class Output:
    """What was made of a picture."""

    # By what it shows: Frames, Image, pixels, or a dict for JSON; what is not there is not written.
    contents: Mapping[str, Any]
    model: str | None = None  # hash of the models that made it
    resolved: Record = field(default_factory=dict)  # what was chosen, and changes no pixel's value
    chosen: Options = field(default_factory=dict)  # options that were left to be chosen
    notices: Sequence[str] = ()  # said when all is written: frames of a video may add some
    nets: tuple[str, ...] = ()  # the names of those that made it
    details: tuple[str, ...] = ()  # of nets, tiles and seconds, for who wants to know (-v)
    counts: Mapping[str, int] = field(default_factory=dict)  # for the summary: {"faces": 2}


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is asked for one picture."""

    options: Options  # without picture, format and shows
    files: Mapping[str, Path] = field(default_factory=dict)  # other inputs, as options name them

    @classmethod
    def of(cls, source: Path, options: Options, **named: Path | str | None) -> Target:
        """What is asked for `source`; beside `options` those that name a file, or what every
        trombine has.

        A file is called as it is, unless the picture elsewhere has the same name.
        """
        names, files = dict[str, str](), dict[str, Path]()
        for option, value in named.items():
            names[option] = str(value or "")
            if isinstance(value, Path):
                is_same = value.name == source.name
                names[option] = f"{option}-{value.name}" if is_same else value.name
                files[names[option]] = value
        return cls(options={**options, **names}, files=files)


@dataclass(frozen=True, kw_only=True)
class Making:
    """A verb that makes files of a picture."""

    verb: str
    holds: Mapping[str, type]  # the options of its records, and their kinds
    earlier: Options = field(default_factory=dict)  # options that old records lack: what they meant
    usual: Options = field(default_factory=dict)  # options that a record lacks where they are this
    make: Callable[[Job], Output]
    needs: tuple[str, ...] = ()  # packages that determine pixels, beside numpy and pillow
    products: tuple[Product, ...] = (RESULT,)  # the last is the result itself
    films: bool = False  # whether films are made too, and not only of their first frame
    # Whether a recorded value of an option gives as good a file as the requested one.
    equivalent: Callable[[str, Any, Any], bool] = lambda name, then, now: then == now

    def run(
        self,
        request: FilesRequest,
        target: Target | Callable[[Path], Target],
        *,
        shows: Iterable[str] = ("",),
        ending: Callable[[Path], str] | None = None,
        beside: str = "",
        companions: Companions | None = None,
        threads: int = 1,
        device: str = CPU,
        light: Callable[[Path], bool] = lambda source: False,
        relief: str = RELIEF,
    ) -> Iterator[Event]:
        """Make the missing files of every picture, or of those in a folder.

        `ending` gives the end of a result's name, as images.output_suffix does, and `beside` what
        is added to the name of one that lies beside its picture. `companions` are files that
        `target` names for the pictures, as far as there are some. Pictures that are `light` are
        worked on `threads` at a time, by one thread each.
        """
        from trombine.io.image import output_suffix

        format = request.format if isinstance(request, PicturesRequest) else ""
        run = _Run(
            making=self,
            request=request,
            target_of=target if callable(target) else lambda source: target,
            products=[product for product in self.products if product.shows in frozenset(shows)],
            companions=companions,
            threads=threads,
            device=device,
            light=light,
            relief=relief,
        )
        plan = into(
            request.output,
            request.pictures,
            (lambda _: f".{format}") if format else ending or output_suffix,
            suffix=request.suffix,
            beside=beside or f".{self.verb}",
        )
        yield from run.events(plan)

    def remake(self, record: Record, inputs: Mapping[str, Path]) -> bytes:
        """The file that this record is of, made again from its inputs; anyone may have edited it.

        An InputError says why not.
        """
        from trombine.batch.contents import JSON, encoded
        from trombine.io.image import SUFFIX_OF
        from trombine.io.video import read_source
        from trombine.provenance import REMAKE, check_holds, following
        from trombine.refusal import shortened

        options = {**self.earlier, **self.usual, **record.get("options", {})}
        optional = {QUALITY: int, METADATA: str} if FORMAT in self.holds else {}
        check_holds({**record, "options": options}, self.holds, optional)
        files = dict(inputs)
        shows, picture = options.get(SHOWS, ""), files.pop(options[PICTURE], None)
        if picture is None:
            raise InputError(f"{shortened(options[PICTURE])} is not among its inputs", REMAKE)
        for product in self.products:
            format = options.get(FORMAT, product.format)
            empty = not any(options[name] for name in product.without)
            is_known = format in (*SUFFIX_OF, JSON) and product.format in ("", format)
            is_known &= 1 <= options.get(QUALITY, USUAL) <= 100
            if product.shows == shows and is_known and empty:
                break
        else:
            raise InputError(f"its record is of nothing that {self.verb} makes", REMAKE)
        with following():
            source = read_source(picture, films=self.films)
            job = Job(
                source=source,
                options=options,
                files=files,
                shows=frozenset({shows}),
                device=again(record),
            )
            output = self.make(job)
        if output.model != record.get("model"):
            current, then = output.model, shortened(str(record.get("model")))
            version = shortened(str(record.get("versions", {}).get("trombine", "unknown")))
            raise InputError(
                f"was made by another model ({then}) than the one here ({current})",
                f"replay it with the trombine that made it, version {version}",
            )
        with following():
            return encoded(output.contents[shows], format, dict(record))


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One request being carried out."""

    making: Making
    request: FilesRequest
    target_of: Callable[[Path], Target]
    products: Sequence[Product]
    companions: Companions | None
    threads: int
    device: str
    light: Callable[[Path], bool]
    relief: str
    counts: Counter[str] = field(default_factory=Counter)

    def events(self, plan: Plan) -> Iterator[Event]:
        """Make the missing files, each named by the plan."""
        from trombine.batch.contents import check_ending

        request, output = self.request, self.request.output
        sources, left_out, results = self._sources()
        if len(sources) == 1 and output is not None and output.suffix and not output.is_dir():
            check_ending(output, self.products[-1].format)
        if not request.recursive:
            yield from left_alone(request.pictures, can_recurse=True)
        yield from films_left_alone(request.pictures, recursive=request.recursive)
        yield from raw_left_alone(request.pictures, recursive=request.recursive)
        if left_out:
            text = "results of pictures that are named too are left out"
            yield Notice(None, f"{text}: {listed(left_out)}")
        yield from _results_left_alone(results)
        also_read = [path for picture in sources for path in self.target_of(picture).files.values()]
        for event in batch(
            sources,
            plan,
            lambda source, result: self._work(source, result, alone=len(sources) == 1),
            overwrite=request.overwrite,
            is_there=lambda source, result: self._item(source, result).is_done(),
            beside=lambda result: _beside(self.products, result),
            also_read=[*also_read, *(self.companions.files if self.companions else ())],
            at_once=self.threads,
            light=self.light,
            can_recurse=True,
        ):
            yield _with_counts(event, self.counts) if isinstance(event, Done) else event

    def _sources(self) -> tuple[list[Path], list[Path], list[Path]]:
        """The input pictures; those that were named and are left out; and results beside their
        pictures that are left out.

        Where results lie among the pictures, earlier results are not inputs, unless they are named.
        Named together with the picture that they were made from, as `F/*` does, they are none. In
        a folder whose results go elsewhere, those that lie beside their pictures are none either.
        """
        from trombine.batch.contents import read_record

        request, verb, named = self.request, self.making.verb, set(self.request.pictures)
        sources = expand(request.pictures, recursive=request.recursive)
        if len(sources) == 1 and named.issuperset(sources):
            return sources, [], []
        records = {path: read_record(path) or {} for path in sources}
        results = [path for path in sources if records[path].get("verb") == verb]
        copies = {path for path in named & set(results) if _has_its_picture(records[path], sources)}
        unnamed = [path for path in results if path not in named]
        if _among(request.output, sources, recursive=request.recursive):
            beside, left_out = [], copies | set(unnamed)
        else:
            beside = _beside_pictures(unnamed, records, sources)
            left_out = copies | set(beside)
        return [path for path in sources if path not in left_out], sorted(copies), beside

    def _item(self, source: Path, result: Path) -> _Item:
        request = self.request
        return _Item(
            making=self.making,
            path=source,
            target=self.target_of(source),
            files=_outputs(self.products, result),
            quality=request.quality if isinstance(request, PicturesRequest) else USUAL,
            metadata=DROPPED if isinstance(request, PicturesRequest) and request.strip else KEPT,
            device=self.device,
        )

    def _work(self, source: Path, result: Path, *, alone: bool) -> Iterator[Event]:
        if self.companions:
            yield from self.companions.notices(source)
        threads = self.threads if alone or not self.light(source) else 1
        start = time.perf_counter()
        with enough(source, self.relief), about(source):
            item = self._item(source, result)
            output = yield from item.done(threads, overwrite=self.request.overwrite)
        self.counts.update(output.counts)
        yield from (Detail(source, text) for text in output.details)
        yield Picture(result, result.name, self._facts(output, start))

    def _facts(self, output: Output, start: float) -> str:
        """Size, nets and seconds of a result, for people."""
        from trombine.batch.contents import size_text

        size = size_text(output.contents[self.products[-1].shows])
        seconds = f"{time.perf_counter() - start:.2f} s"
        return ", ".join(filter(None, (size, " and ".join(output.nets), seconds)))


def _percent(tick: Tick) -> Tick:
    return lambda done, of: tick(100 * done // of, 100)


def _among(output: Path | None, sources: Iterable[Path], *, recursive: bool) -> bool:
    """Whether results lie in a folder that a picture lies in; of a tree, also in one above."""
    if output is None:
        return True
    homes = {path.parent for path in sources}
    if recursive:
        homes |= {above for home in homes for above in home.resolve().parents}
    return identity(output) in set(map(identity, homes))


def _beside_pictures(
    results: Iterable[Path], records: Mapping[Path, Record], sources: Iterable[Path]
) -> list[Path]:
    """Those results whose record names another of the sources in their own folder."""
    homes = {(path.parent, path.name) for path in sources}
    pictures = {path: records[path].get("options", {}).get(PICTURE) for path in results}
    return [
        path
        for path, name in pictures.items()
        if name != path.name and (path.parent, name) in homes
    ]


def _results_left_alone(results: Sequence[Path]) -> Iterator[Notice]:
    """Of each folder with results that are left out, how many."""
    for folder, count in Counter(path.parent for path in results).items():
        some, them = ("results", "them") if count > 1 else ("result", "it")
        are = "are" if count > 1 else "is"
        text = f"{count:,} {some} of trombine in {shown(folder)} {are} left alone"
        yield Notice(None, f"{text}; name {them} to take {them} too")


def _has_its_picture(record: Record, sources: Iterable[Path]) -> bool:
    """Whether the picture that a result was made from is one of these."""
    from trombine.provenance import digest

    name, hashes = record.get("options", {}).get(PICTURE), record.get("inputs", {})
    candidates = (path for path in sources if path.name == name and is_so(Path.is_file, path))
    return any(digest(path) == hashes.get(name) for path in candidates)


def _outputs(products: Iterable[Product], result: Path) -> dict[Product, Path]:
    return {
        product: result.with_suffix(product.ending) if product.ending else result
        for product in products
    }


def _beside(products: Iterable[Product], result: Path) -> Iterator[Path]:
    """What is written with a result."""

    from trombine.batch.contents import check_ending

    for product, path in _outputs(products, result).items():
        check_ending(path, product.format)
        if path != result:
            yield path


def _with_counts(done: Done, counts: Mapping[str, int]) -> Done:
    parts = [f"{n:,} {name.removesuffix('s') if n == 1 else name}" for name, n in counts.items()]
    return replace(done, summary="; ".join([done.summary, *parts]))


@dataclass(frozen=True, kw_only=True)
class _Item:
    """One picture of a run."""

    making: Making
    path: Path
    target: Target
    files: Mapping[Product, Path]  # to write; the result is the last
    quality: int
    metadata: str  # KEPT or DROPPED
    device: str

    def is_done(self) -> bool:
        """Whether every file is there, whole, and was made from the picture as it is now."""
        is_complete = all(path.exists() for path in self.files.values())
        return is_complete and not any(self._unlike(product) for product in self.files)

    def done(self, threads: int, *, overwrite: bool) -> Iterator[Event]:
        """Make missing files; refuse existing ones that are not ours or were made otherwise."""

        from trombine.batch.contents import read_record
        from trombine.io.video import read_source
        from trombine.provenance import check_name, check_unchanged, digests_of

        check_name(self.path)
        source = read_source(self.path, films=self.making.films)
        digests = digests_of([*self.target.files.values()])
        existing = (
            [] if overwrite else [product for product, path in self.files.items() if path.exists()]
        )
        for product in existing:
            if why := self._unlike(product):
                raise InputError(f"is there, and {why}", ELSEWHERE, path=self.files[product])
        if source.more_pictures:
            text = "holds more pictures than one; only the first is taken"
            yield Notice(self.path, text)
        if source.film.first.changed:
            yield Notice(self.path, source.film.first.changed)
        output = yield from ticked(PERCENT, lambda tick: self._make(source, threads, tick))
        check_unchanged(digests)
        hashes = {self.path.name: source.digest}
        hashes |= {name: digests[path] for name, path in self.target.files.items()}
        made = [product for product in self.files if product.shows in output.contents]
        records = {product: self._record(product, output, hashes) for product in made}
        for product in existing:
            found = read_record(path := self.files[product])
            if found is not None and found != records.get(product):
                problem = "is there, and was made otherwise than what is missing would be"
                raise InputError(problem, ELSEWHERE, path=path)
        for product in made:
            if product not in existing:
                yield from self._write(product, output, records[product])
        yield from (Notice(self.files[self._result], text) for text in output.notices)
        return output

    def _make(self, source: SourceFile, threads: int, tick: Tick) -> Output:
        job = Job(
            source=source,
            options=self._options(self._result) | dict(self.target.options),
            files=self.target.files,
            shows=frozenset(product.shows for product in self.files),
            threads=threads,
            device=self.device,
            tick=_percent(tick),
        )
        return self.making.make(job)

    def _write(self, product: Product, output: Output, record: dict[str, Any]) -> Iterator[Event]:
        from trombine.batch.contents import lost, write
        from trombine.io.video import Video

        path, content = self.files[product], output.contents[product.shows]
        if isinstance(content, Video):  # whose frames are worked on now
            yield from ticked("percent", lambda tick: write(path, content, record, _percent(tick)))
        else:
            write(path, content, record)
        if product is not self._result:
            yield Picture(path, path.name)
        elif text := lost(path, content, self.quality):
            yield Notice(path, text)

    @property
    def _result(self) -> Product:
        return list(self.files)[-1]

    def _options(self, product: Product) -> dict[str, Any]:
        """The options of the record of a product, but for what is still to be chosen."""
        from trombine.io.image import format_of

        holds = self.making.holds
        options = {PICTURE: self.path.name, **self.target.options}
        options = {name: holds[name](value) for name, value in options.items()}
        options |= {SHOWS: product.shows} if SHOWS in holds else {}
        if FORMAT in holds:
            options[FORMAT] = product.format or format_of(self.files[product])
            if self.quality != USUAL and options[FORMAT] in LOSSY:
                options[QUALITY] = self.quality
        return options | {name: holds[name]() for name in product.without}

    def _record(
        self, product: Product, output: Output, hashes: Mapping[str, str]
    ) -> dict[str, Any]:
        from trombine.batch.contents import has_metadata
        from trombine.io.video import VIDEOS
        from trombine.provenance import record

        options = {**self._options(product), **output.chosen}
        content = output.contents[product.shows]
        if FORMAT in options and has_metadata(content, options[FORMAT]):
            options[METADATA] = self.metadata
        usual = self.making.usual
        options = {name: options[name] for name in options if options[name] != usual.get(name)}
        return record(
            self.making.verb,
            options,
            inputs={name: hashes[name] for name in hashes if name in options.values()},
            model=output.model,
            needs=(*self.making.needs, *(("av",) if options.get(FORMAT) in VIDEOS else ())),
            resolved={**output.resolved, **({} if self.device == CPU else {"device": self.device})},
        )

    def _unlike(self, product: Product) -> str:
        """Why an existing file is not the one that the request asks for; empty if it is.

        Versions and hashes of shipped models do not count: a newer trombine need not make all
        results again.
        """
        from trombine.batch.contents import read_record
        from trombine.provenance import digest
        from trombine.refusal import shortened

        record, options = read_record(self.files[product]), self._options(product)
        if record is None:  # which a BMP has no room for
            return "" if options.get(FORMAT) == "BMP" else "trombine did not make it"
        if record["verb"] != self.making.verb:
            return f"was made otherwise (by {shortened(record['verb'])})"
        then = {**self.making.usual, **record.get("options", {})}
        if METADATA in then:  # a picture without says nothing of it
            options[METADATA] = self.metadata
        for name in {**options, **then}:
            if not self.making.equivalent(name, then.get(name), options.get(name)):
                was, now = then.get(name, "as usual"), options.get(name, "as usual")
                return f"was made otherwise ({shortened(f'{name} {was}, not {now}')})"
        files = {self.path.name: self.path, **self.target.files}
        hashes = record.get("inputs", {})
        for name, path in files.items():
            if name in options.values() and hashes.get(name) != digest(path):
                return f"was made from another {shortened(name)}"
        return ""
