"""Commands and programs without the seconds that loading torch takes each time.

A server loads the libraries once and forks for each command. `trombine` on the tests' PATH is a
small client, which hands over its words, folder, environment and streams; `python-file` is another,
which runs a file of Python, with words. Each runs in a process of its own, in which nothing of
trombine was loaded before. What is tested of starting itself (what is loaded, signals, closed
streams) starts Python as users do.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import numba

LIBRARIES = (
    *("torch", "torch._dynamo", "numpy", "numba", "scipy.special", "scipy.ndimage", "av"),
    *("PIL.Image", "PIL.ImageCms", "PIL.ImageDraw", "imagecodecs", "safetensors.torch"),
    *("cyclopts", "rich.console", "pydantic.main", "docstring_parser", "jaxtyping", "filelock"),
)
CLIENT = """#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({place!r})
    request = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(request).to_bytes(8, "little")], [0, 1, 2])
    server.sendall(request)
    sys.exit(int(server.recv(16)))
"""


def started(folder: Path) -> subprocess.Popen[str]:
    """A server; `folder`/bin has the clients."""
    place = folder / "socket"
    (folder / "bin").mkdir()
    for name in ("trombine", "python-file"):
        client = folder / "bin" / name
        client.write_text(CLIENT.format(python=sys.executable, place=str(place)))
        client.chmod(0o755)
    words = [sys.executable, __file__, str(place)]
    pipe = subprocess.PIPE  # not a file: the streams of a fork are what the server's were
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


ended: list[int] = []  # the exit code, once a command has one


def serve(place: str) -> None:
    """Wait for clients; what they ask for runs in a child, whose exit code they get."""
    atexit.register(leave)
    for name in LIBRARIES:
        importlib.import_module(name)
    numba.njit(lambda: None)()  # what compiled kernels need is loaded at the first call of one
    gc.freeze()  # what is loaded stays: no child looks through it for rubbish, nor copies its pages
    selector = selectors.DefaultSelector()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        server.listen()
        selector.register(server, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in selector.select():
                if key.fileobj is server:
                    client, _ = server.accept()
                    child = begin(client)
                    selector.register(os.pidfd_open(child), selectors.EVENT_READ, (client, child))
                else:
                    selector.unregister(key.fileobj)
                    os.close(key.fd)
                    client, child = key.data
                    _, status = os.waitpid(child, 0)
                    with client:
                        client.sendall(str(os.waitstatus_to_exitcode(status) % 256).encode())


def leave() -> None:
    """End a command without taking torch apart, which takes longer than many commands.

    Registered before all others, it is the last that Python runs at an exit, after its threads.
    """
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


def begin(client: socket.socket) -> int:
    """Fork for a client; in the child this runs the command and does not return."""
    length, streams, _, _ = socket.recv_fds(client, 8, 3)
    left, request = int.from_bytes(length, "little"), b""
    while len(request) < left:
        request += client.recv(left - len(request))
    if child := os.fork():
        for stream in streams:
            os.close(stream)
        return child
    client.close()
    words, folder, environment = json.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if environment.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    sys.path[0] = folder
    try:
        if Path(words[0]).name == "trombine":
            sys.argv = ["trombine", *words[1:]]
            runpy.run_module("trombine", run_name="__main__", alter_sys=True)
            raise AssertionError("trombine ends with its exit code")
        sys.argv = words[1:]
        runpy.run_path(str(Path(folder, words[1])), run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, int | None):
            ended.append(end.code or 0)
        raise
    ended.append(0)
    sys.exit()


if __name__ == "__main__":
    serve(sys.argv[1])
