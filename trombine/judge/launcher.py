"""Runs a command and writes how long it took and how much memory: `launcher.py REPORT COMMAND...`.

It loads hardly anything: what a process has used before it starts another counts as the other's
(Linux's ru_maxrss goes through exec).
"""

import json
import os
import subprocess
import sys
import time


def run(report: str, command: list[str]) -> int:
    """The exit code of a command; what it used is written as JSON."""
    start = time.perf_counter()
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    most = None
    if hasattr(os, "wait4"):
        _, status, usage = os.wait4(process.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        # In kibibytes, but for macOS; of the largest process, where it started others.
        most = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    else:
        code = process.wait()
    seconds = time.perf_counter() - start
    with open(report, "w") as file:  # noqa: PTH123 - pathlib is slow to load
        json.dump({"seconds": seconds, "memory": most}, file)
    return code if code >= 0 else 128 - code  # as a shell has it of what a signal ended


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
