"""What the engine takes in the browser: a policy under the slider, and the sweep of many."""

import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import bench


def section():
    return table(measure())


def table(measured):
    sweeps = measured["sweeps"]
    drags = len(measured["drags"])

    def of_sweeps(name):
        return [sweep[name] for sweep in sweeps]

    return [
        "## The backtest in the browser",
        "",
        "Chromium, the console's release WASM, a recorded week of 10,080 minutes, beside a running local cloud on the same cores.",
        "",
        "| what | fastest | median | slowest |",
        "|---|---:|---:|---:|",
        row(f"one drag of the CPU target: a week under the new policy, drawn ({drags} times)", measured["drags"]),
        row(f"a sweep of {sweeps[0]['policies']} policies in five-minute steps, drawn ({len(sweeps)} times)", of_sweeps("whole")),
        row("its slices together", of_sweeps("busy")),
        row("its longest slice", of_sweeps("longest")),
        "",
    ]


def row(what, times):
    return f"| {what} | {min(times):.1f} ms | {statistics.median(times):.1f} ms | {max(times):.1f} ms |"


def measure():
    with tempfile.TemporaryDirectory() as work:
        figures = pathlib.Path(work) / "measured.json"
        environment = dict(os.environ, FLASKSCALE_MEASURED=str(figures), FLASKSCALE_PROGRAM=str(bench.PROGRAM))
        command = ["npx", "--no-install", "playwright", "test", "--config", "bench.config.ts"]
        subprocess.run(command, cwd=bench.ROOT / "end2end", env=environment, check=True)
        return json.loads(figures.read_text(encoding="utf-8"))
