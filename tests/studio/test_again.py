"""A job asked for once more: the same of the same files, with nothing of what it made."""

from __future__ import annotations

from pathlib import Path

from studios import Bare, noise, png

from trombine.studio.jobs import Store
from trombine.studio.work import do


def test_a_job_is_asked_for_again(tmp_path: Path) -> None:
    bare = Bare(tmp_path)
    try:
        picture = png(noise())
        fields = ("pictures", ("a.png", picture)), ("model", "upscale-fast")
        first = bare.post("upscale", *fields).json
        store = Store(tmp_path, is_server=False)
        made = []
        for _ in range(2):
            claimed = store.claim("me")
            assert claimed is not None
            do(store, claimed, str)
            job = bare.ask(f"/api/jobs/{claimed.id}").json
            assert job["state"] == "done" and 0 <= job["ended"] - job["started"] < 600
            made.append(bare.ask(job["files"][0]["url"]).body)
            again = bare.ask(f"/api/jobs/{first['id']}/again", "POST")
            assert again.status == 201 and again.json["fields"] == first["fields"]
            assert again.json["id"] != first["id"] and again.json["state"] == "queued"
            (given,) = again.json["inputs"]
            assert bare.ask(given["url"]).body == picture
            assert not list(store.place(again.json["id"]).glob("out-*"))
        assert made[0] == made[1]
        assert bare.ask("/api/jobs/none/again", "POST").status == 404
    finally:
        bare.close()
