"""Tests of people that the studio serves: links that open one thing, answers that are not lost."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from studios import Answer, Bare, noise, png

import trombine
from trombine.eval.people_score import report_of
from trombine.studio.people import Served

COUNT = 8  # pictures of a test
# Pictures of each folder, of which enough are shown.
FOLDERS = {("real", "truth"): 6, ("generated", "mild"): 3, ("generated", "wild"): 4}


@pytest.fixture(scope="module")
def test(bare: Bare) -> dict[str, Any]:
    """A test of one real folder and two generated ones, with three subjects."""
    files = [
        (side, (f"{name}/{n}.png", png(noise(16, 99 * at + n))))
        for at, ((side, name), count) in enumerate(FOLDERS.items())
        for n in range(count)
    ]
    job = bare.post("judge_people_make", ("pictures", str(COUNT)), *files).json
    assert ask(bare, "", job=job["id"], subjects=3).status == 404  # it is not done yet
    bare.next_done()
    made = ask(bare, "", job=job["id"], subjects=3, title="Mine")
    assert made.status == 201, made.body
    return made.json


def ask(bare: Bare, path: str, **fields: Any) -> Answer:
    """A write, as the page sends it."""
    return bare.ask(f"/api/people{path}", "POST", json.dumps(fields).encode())


def send(bare: Bare, link: str, record: Any, **headers: str) -> Answer:
    """What a subject's page sends: it knows no token."""
    headers = {"Origin": f"http://{bare.host}"} | headers
    return bare.ask(link, "POST", json.dumps(record).encode(), token=None, **headers)


def link(bare: Bare, test: dict[str, Any], number: int) -> str:
    """The path of a subject's link."""
    start, path = test["subjects"][number]["link"].split(bare.host)
    assert start == "http://"
    return path


def content(page: bytes) -> dict[str, Any]:
    found = re.search(rb'<script type="application/json" id="test">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def record(content: dict[str, Any], sides: list[str]) -> dict[str, Any]:
    """Answers to the first pictures of a page."""
    said = {"seconds": 1.5, "reasons": [], "text": "</script>"}
    answers = [
        {"picture": one["picture"], "answer": side, **said}
        for one, side in zip(content["pictures"], sides, strict=False)
    ]
    about = {"format": content["format"], "version": 1, "test": content["test"]}
    return about | {"subject": "I", "experience": "none", "answers": answers}


def test_pictures_of_several_sizes_are_cut_at_the_face(bare: Bare) -> None:
    """Scaled, and where the face is; of pictures without one, the middle is shown."""
    portrait = np.asarray(Image.fromarray(astronaut()[:320, 64:384]).resize((160, 160)))
    ground = np.full((240, 160, 3), 90, np.uint8)  # below it: the middle is a chest at most
    files: list[tuple[str, tuple[str, bytes]]] = []
    for number in range(2):
        tall = np.concatenate([np.maximum(portrait, number), ground])
        files.append(("real", (f"people/{number}.png", png(tall))))
        files.append(("generated", (f"noise/{number}.png", png(noise(96, number)[:80]))))
    job = bare.post("judge_people_make", ("pictures", "4"), ("size", "64"), *files).json
    assert bare.next_done()["state"] == "done"
    made = ask(bare, "", job=job["id"]).json
    page = content(bare.ask(link(bare, made, 0), token=None).body)
    shown = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(one["png"])))).astype(float)
        for one in page["pictures"]
    ]
    assert {one.shape for one in shown} == {(64, 64, 3)}
    wanted = np.asarray(Image.fromarray(portrait).resize((64, 64))).astype(float)
    middle = [np.asarray(Image.fromarray(noise(96, n)[:80, 8:88]).resize((64, 64))) for n in (0, 1)]
    near = [min(np.abs(one - truth).mean() for truth in (wanted, *middle)) for one in shown]
    assert max(near) < 25, near
    assert sum(np.abs(one - wanted).mean() < 25 for one in shown) == 2
    assert bare.ask(f"/api/people/{made['id']}", "DELETE").status == 204


def test_a_link_opens_its_test_and_nothing_else(bare: Bare, test: dict[str, Any]) -> None:
    path = link(bare, test, 2)
    page = bare.ask(f"{path}?token={bare.token}", token=None)
    assert page.status == 200 and "set-cookie" not in page.headers
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for word in (b"mild", b"wild", b"0.png", b'"truth"', b'"key"', bare.token.encode()):
        assert word not in page.body, word
    for number, other in enumerate(test["subjects"][:2]):
        assert other["link"].rpartition("/")[2].encode() not in page.body, number
    for closed in (
        *("/", "/people", "/people/", "/api/people", f"/api/people/{test['id']}/answers.zip"),
        *(f"{path}/", f"{path}/../../api/jobs", f"{path}%2f..%2f..%2fapi", "/people/" + 80 * "a"),
    ):
        assert bare.ask(closed, token=None).status == 401, closed
    assert bare.ask(f"/people/{test['id']}", token=None).status == 404  # no subject's secret
    assert bare.ask(f"{path}x", token=None).status == 404
    for method in ("PUT", "DELETE", "PATCH"):
        refused = bare.ask(path, method, token=None, Origin=f"http://{bare.host}")
        assert refused.status == 405, method
    for name, value in (("Origin", "http://evil.example"), ("Origin", "null"), ("Host", "evil")):
        assert send(bare, path, {}, **{name: value}).status == 403
    assert bare.ask(path, "POST", b"{}", token=None).status == 403


def test_answers_only_grow_and_outlive_the_server(bare: Bare, test: dict[str, Any]) -> None:
    path = link(bare, test, 2)
    page = content(bare.ask(path, token=None).body)
    assert page["record"] is None and page["subject"] == "3"
    whole = record(page, ["real", "generated", "generated"])
    assert send(bare, path, whole).status == 204
    assert send(bare, path, whole).status == 204  # sent again: the answer to it was lost
    for other in (record(page, ["real", "generated"]), record(page, ["generated"] * 4)):
        assert send(bare, path, other).status == 409
    for wrong in (
        whole | {"test": "another"},
        whole | {"answers": whole["answers"] * 2},
        whole | {"experience": "<b>"},
        whole | {"begun": float("nan")},
        {},
    ):
        assert send(bare, path, wrong).status == 422, wrong
    assert send(bare, path, {"padding": "x" * (1 << 20)}).status == 413
    assert send(bare, path, [whole]).status == 422
    kept, _ = Served(bare.data).page(path.rpartition("/")[2])  # as the next server finds it
    assert content(kept.encode())["record"]["answers"] == whole["answers"]


def test_results_are_those_of_judge(bare: Bare, test: dict[str, Any], tmp_path: Path) -> None:
    address = f"/api/people/{test['id']}"
    assert bare.ask(address).json["sections"] == []
    for number, side in enumerate(("real", "generated")):
        page = content(bare.ask(link(bare, test, number), token=None).body)
        assert send(bare, link(bare, test, number), record(page, [side] * COUNT)).status == 204
    told = bare.ask(address).json
    assert [one["answers"] for one in told["subjects"][:2]] == [COUNT, COUNT]
    assert f"{COUNT} of {2 * COUNT} answers are right" in told["lead"]  # half is real
    with zipfile.ZipFile(io.BytesIO(bare.ask(f"{address}/answers.zip").body)) as file:
        file.extractall(tmp_path)
    whole = [tmp_path / "answers" / f"{number}.json" for number in (1, 2)]
    scored = trombine.judge_people_score(tmp_path / "test.key.json", whole)
    (report,) = scored.found.values()
    assert told["sections"] == [list(part) for part in report_of(report, {}).parts]
    found = {one["set"]: (one["truth"], one["pictures"]) for one in report["sets"]}
    assert found == {"real": ("real", 4), "mild": ("generated", 2), "wild": ("generated", 2)}
    assert {one["accuracy"]["value"] for one in report["sets"]} == {0.5}
    assert "style=" not in "".join(html for _, html in told["sections"])  # its policy forbids it


def test_more_links_and_an_end(bare: Bare, test: dict[str, Any]) -> None:
    tests = Served(bare.data)
    assert tests.of("somebody else", everybodys=False) == []
    assert [one.id for one in tests.of("somebody else", everybodys=True)] == [test["id"]]
    address = f"/{test['id']}/subjects"
    for wrong in (0, 501, "2", True):
        assert ask(bare, address, subjects=wrong).status == 422
    assert len(ask(bare, address, subjects=2).json["subjects"]) == 5
    assert ask(bare, address, subjects=496).status == 422
    paths = [link(bare, bare.ask(f"/api/people/{test['id']}").json, n) for n in range(5)]
    assert len({*paths}) == 5
    assert bare.ask(f"/api/people/{test['id']}", "DELETE").status == 204
    assert {bare.ask(path, token=None).status for path in paths} == {404}
    assert bare.ask("/api/people").json == []
    assert not list((bare.data / "people").iterdir())
