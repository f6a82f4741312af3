"""Work on a cluster: two nodes of Ray on this machine, of one core each; one of them dies."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trombine
from trombine.__main__ import main
from trombine.core.cluster import joined, on_cluster
from trombine.core.errors import InputError
from trombine.data.source import source
from trombine.eval import fidelity, originality
from trombine.io.files import is_part
from trombine.io.image import load_picture, save_picture
from trombine.io.stores import mirror_of

# Read when Ray is loaded: it does not call home, and takes this machine to be 127.0.0.1.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
pytest.importorskip("ray", reason="Ray is not installed: pip install 'trombine[cluster]'")
fsspec = pytest.importorskip("fsspec")
pytestmark = pytest.mark.long
NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes, which this process has not joined."""
    from ray.cluster_utils import Cluster

    tests = Path(__file__).parent  # nodes find there what checks annotations
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("PYTHONPATH", f"{tests.parent}{os.pathsep}{tests}")
    two = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
    try:
        two.add_node(**NODE)
        yield two
    finally:
        two.shutdown()
        monkeypatch.undo()


def pictures(folder: Path, count: int) -> Path:
    """A folder of small pictures."""
    rng = np.random.default_rng(5)
    for n in range(count):
        save_picture(folder / f"{n:03d}.png", rng.integers(0, 256, (24, 20, 3), np.uint8))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """All that is in a folder, hidden files too."""
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_cannot_be_joined_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = pictures(tmp_path / "in", 1)

    def wrong(address: str) -> str:
        with pytest.raises(InputError) as caught:
            trombine.upscale(source, model="upscale-fast", cluster=address)
        return str(caught.value)

    assert "auto or HOST:PORT, not here" in wrong("here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert "nothing answers" in wrong(f"127.0.0.1:{port}")
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install 'trombine[cluster]'" in wrong("auto")


def test_the_command_skips_what_is_there_and_says_what_is_bad(
    cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one machine began a cluster ends."""
    source, output = pictures(tmp_path / "in", 3), tmp_path / "out"
    (source / "bad.png").write_bytes(b"no picture")
    words = ["upscale", str(source), "--model", "upscale-fast", "-o", str(output)]
    assert main(words) == 1
    before = files(output)
    (output / "001.png").unlink()
    capsys.readouterr()
    assert main([*words, "--cluster", cluster.address]) == 1
    assert "1 picture written, 2 skipped that were there" in capsys.readouterr().out
    assert files(output) == before


@pytest.fixture(scope="module")
def inside(cluster: Any) -> Iterator[Any]:
    """The two nodes, joined once: a program's own ray.init, which keeps its workers."""
    with joined(cluster.address):
        yield cluster


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("upscale", {"model": "upscale-fast", "sheet": True}),
        ("inpaint", {"mask": "magenta"}),
        ("restyle", {"to": "sketch", "full_image": True, "model": "restyle"}),
        ("read", {"json": True}),
    ],
)
def test_a_cluster_makes_what_one_machine_makes(
    inside: Any, tmp_path: Path, verb: str, options: dict[str, Any]
) -> None:
    source = pictures(tmp_path / "in", 3)
    painted = load_picture(source / "000.png").samples.copy()
    painted[8:12, 8:12] = (255, 0, 255)
    save_picture(source / "000.png", painted)
    (source / "bad.png").write_bytes(b"no picture")
    call: Callable[..., Any] = getattr(trombine, verb)
    here = call(source, output=tmp_path / "here", **options)
    there = call(source, output=tmp_path / "there", cluster=inside.address, **options)
    assert files(tmp_path / "there") == files(tmp_path / "here") and here.written
    assert {path.name for path in there.written} == {path.name for path in here.written}
    assert (there.skipped, there.found) == (here.skipped, here.found)
    assert there.summary == here.summary and "bad" in there.summary


def test_folders_may_be_urls(inside: Any, tmp_path: Path) -> None:
    """Listed, fetched and put by fsspec: the same files as by paths."""
    source, tree = pictures(tmp_path / "in", 4), tmp_path / "tree"
    (source / "bad.png").write_bytes(b"no picture")
    options: dict[str, Any] = {"model": "upscale-fast", "sheet": True}
    trombine.upscale(source, output=tmp_path / "here", **options)
    urls: dict[str, Any] = {"pictures": f"file://{source}", "output": f"file://{tree}"}
    done = trombine.upscale(**urls, cluster=inside.address, **options)
    assert files(tree) == files(tmp_path / "here") and len(files(source)) == 5
    assert str(done.written[0]).startswith(f"file:{tree}/00")
    assert [str(path) for path in done.skipped] == [f"file:{source}/bad.png"]
    (tree / "002.png").unlink()
    again = trombine.upscale(**urls, **options)  # without a cluster, too
    assert (again.kept, len(again.written)) == (3, 1)
    assert files(tree) == files(tmp_path / "here")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of an S3 of this machine."""
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3 = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    words = {"ENDPOINT_URL": f"http://{host}:{port}", "DEFAULT_REGION": "us-east-1"}
    words |= {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in words.items():
            patch.setenv(f"AWS_{name}", value)
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("bucket")
        yield "s3://bucket"
    s3.stop()


def test_an_object_store_holds_what_comes_and_goes(bucket: str, tmp_path: Path) -> None:
    """S3 as people have it, put from several threads: the same files as by paths."""
    source, store = pictures(tmp_path / "in", 6), fsspec.filesystem("s3")
    store.put(str(source), f"{bucket}/in", recursive=True)
    options: dict[str, Any] = {"model": "upscale-fast"}
    trombine.upscale(source, output=tmp_path / "here", **options)
    urls: dict[str, Any] = {"pictures": f"{bucket}/in", "output": f"{bucket}/out"}
    for written in (6, 0):
        done = trombine.upscale(**urls, **options)
        assert len(done.written) == written and done.kept == 6 - written
    store.get(f"{bucket}/out", str(tmp_path / "there"), recursive=True)
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_a_store_in_memory_is_one_too(tmp_path: Path) -> None:
    source, store = pictures(tmp_path / "in", 2), fsspec.filesystem("memory")
    store.put(str(source), "/in", recursive=True)
    urls: dict[str, Any] = {"pictures": "memory://in", "output": "memory://out"}
    trombine.upscale(**urls, model="upscale-fast")
    trombine.upscale(source, output=tmp_path / "here", model="upscale-fast")
    here = files(tmp_path / "here")
    assert {name: store.cat_file(f"/out/{name}") for name in here} == here


def test_trainings_read_a_mirror_of_an_object_store(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetched once, again where it differs, and gone where it is gone."""
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "cache"))
    folder, store = pictures(tmp_path / "faces", 3), fsspec.filesystem("s3")
    url, local = f"{bucket}/faces", mirror_of(f"{bucket}/faces")

    def seen() -> np.ndarray:
        return source(url, 20).take(np.arange(3))["pictures"]

    store.put(str(folder), url, recursive=True)
    expected = source(f"folder:{folder}", 20).take(np.arange(3))["pictures"]
    assert np.array_equal(seen(), expected) and files(local) == files(folder)
    times = {path: path.stat().st_mtime_ns for path in local.iterdir()}
    save_picture(folder / "001.png", np.zeros((24, 20, 3), np.uint8))
    store.put_file(str(folder / "001.png"), f"{url}/001.png")
    store.rm_file(f"{url}/002.png")
    store.put_file(str(folder / "000.png"), f"{url}/003.png")
    assert not seen()[1].any()
    after = {path: path.stat().st_mtime_ns for path in local.iterdir()}
    assert [path.name for path in sorted(after) if after[path] != times.get(path)] == [
        "001.png",
        "003.png",
    ]
    store.pipe_file(f"{url}/", b"")  # what consoles make of a folder
    for level in (5, 9):  # files of one size
        save_picture(folder / "001.bmp", np.full((24, 20, 3), level, np.uint8))
        store.put_file(str(folder / "001.bmp"), f"{url}/001.bmp")
        assert (source(url, 20).take(np.arange(4))["pictures"][1] == level).all()
    store.pipe_file(f"{bucket}/evil/../../out.png", b"x")
    with pytest.raises(InputError, match="lead out of it"):
        source(f"{bucket}/evil", 20)
    with pytest.raises(InputError, match="holds no files"):
        source(f"{bucket}/nothing", 20)


@pytest.mark.parametrize(("kind", "pack"), [("fractals", False), ("leaves", True)])
def test_a_cluster_paints_what_one_machine_paints(
    inside: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, pack: bool
) -> None:
    """Relative paths are of the folder where the command is given."""
    monkeypatch.chdir(tmp_path)
    paint: Callable[..., Any] = getattr(trombine, f"data_{kind}")
    options: dict[str, Any] = {"count": 9, "size": 16, "first_seed": 7, "pack": pack}
    here = paint(output="here", **options)
    there = paint(output="there", cluster=inside.address, **options)
    assert files(tmp_path / "there") == files(tmp_path / "here")
    assert there.summary == here.summary.replace("here", "there")
    assert paint(output="there", cluster=inside.address, **options).kept == 9


def test_sets_are_judged_as_by_one_machine(
    inside: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies are found in shards of a pack; distances add up: to 1e-6."""
    trombine.data_world(output=tmp_path / "real", count=60, size=32, first_seed=2_000_000)
    trombine.data_world(output=tmp_path / "made", count=52, size=32, first_seed=3_000_000)
    trombine.data_prepare(tmp_path / "real", size=32, output=tmp_path / "pack")
    monkeypatch.setattr(fidelity, "MOST", 50)
    monkeypatch.setattr(originality, "PLANTED", 2)

    def found(verb: Callable[..., Any], cluster: str, **options: Any) -> dict[str, Any]:
        result = verb(tmp_path / "made", tmp_path / "pack", cluster=cluster, json=True, **options)
        return json.loads(result.summary)

    for verb, options in (
        (trombine.judge_originality, {"false_alarms": 0.05}),
        (trombine.judge_fidelity, {"pictures": 60}),
    ):
        ours, theirs = (found(verb, address, **options) for address in ("", inside.address))
        assert numbers(ours) == pytest.approx(numbers(theirs), abs=1e-6)
        assert re.sub(NUMBER, "", str(ours)) == re.sub(NUMBER, "", str(theirs))
    with pytest.raises(InputError, match=r"no pack.*data prepare"):
        trombine.judge_originality(tmp_path / "pack", tmp_path / "real", size=32, cluster="auto")


NUMBER = r"\d+\.\d+(?:e-\d+)?"


def numbers(value: Any) -> list[float]:
    return [float(text) for text in re.findall(NUMBER, str(value))]


def test_a_piece_that_fails_is_tried_on_another_node(inside: Any, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    tries.mkdir()

    def work(piece: int) -> tuple[int, str]:
        import ray

        node = ray.get_runtime_context().get_node_id()
        with (tries / str(piece)).open("a") as log:
            log.write(f"{node}\n")
        first = (tries / str(piece)).read_text().splitlines()[0]
        if piece == 3 or (piece == 5 and node == first):
            raise InputError("is bad")
        if piece == 7:
            raise LookupError("a bug")
        return os.getpid(), node

    results = dict(on_cluster(work, range(40), inside.address))
    assert sorted(results) == list(range(40))
    bad = {n: str(future.exception()) for n, future in results.items() if future.exception()}
    assert bad == {3: "is bad", 7: "failed on two workers: LookupError a bug"}
    for n in (3, 5, 7):
        first, second = (tries / str(n)).read_text().splitlines()
        assert first != second
    made = {future.result() for n, future in results.items() if n not in bad}
    assert len(made) == len({node for _, node in made}) == 2  # processes are kept, and their nets


def test_a_worker_that_dies_takes_nothing_with_it(inside: Any) -> None:
    def work(piece: int) -> int:
        if piece == 9:
            os._exit(1)
        return piece * piece

    results = dict(on_cluster(work, range(24), inside.address))
    assert "its worker died twice" in str(results.pop(9).exception())
    assert {n: future.result() for n, future in results.items()} == {
        n: n * n for n in range(24) if n != 9
    }


def test_a_node_that_dies_loses_no_picture(inside: Any, tmp_path: Path) -> None:
    """The last test: half-way one of the two nodes is gone."""
    source, here, there = pictures(tmp_path / "in", 60), tmp_path / "here", tmp_path / "there"
    (node,), told = inside.worker_nodes, list[float]()

    def kill(done: float, total: float, what: str) -> None:
        told.append(done)
        if done >= 20 and inside.worker_nodes:
            inside.remove_node(node, allow_graceful=False)

    options: dict[str, Any] = {"model": "upscale-fast", "scale": 3}
    result = trombine.upscale(
        source, output=there, cluster=inside.address, progress=kill, **options
    )
    assert not inside.worker_nodes and told[-1] == 60
    assert (result.summary, result.skipped) == ("60 pictures written", {})
    trombine.upscale(source, output=here, **options)
    # Each once, whole. What the node was writing may be left as a hidden part, as by any SIGKILL.
    assert {name: data for name, data in files(there).items() if not is_part(name)} == files(here)
