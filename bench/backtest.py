"""What the engine takes in the browser: a policy under the slider, and the sweep of many."""

import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import bench


def section():
    measured = measure()
    drags = sorted(measured["drags"])
    sweeps = measured["sweeps"]
    whole = [sweep["whole"] for sweep in sweeps]
    busy = [sweep["busy"] for sweep in sweeps]
    longest = [sweep["longest"] for sweep in sweeps]
    return [
        "## The backtest in the browser",
        "",
        "Chromium, the console's release WASM, a recorded week of 10,080 minutes, beside a running local cloud on the same cores.",
        "",
        "| what | median | slowest |",
        "|---|---:|---:|",
        f"| one drag of the CPU target: a week under the new policy, numbers and charts in the page ({len(drags)} times) "
        f"| {statistics.median(drags):.1f} ms | {drags[-1]:.1f} ms |",
        f"| a sweep of {sweeps[0]['policies']} policies in five-minute steps, until it is drawn ({len(sweeps)} times) "
        f"| {statistics.median(whole):.0f} ms | {max(whole):.0f} ms |",
        f"| of that, at work | {statistics.median(busy):.0f} ms | {max(busy):.0f} ms |",
        f"| its longest slice | {statistics.median(longest):.1f} ms | {max(longest):.1f} ms |",
        "",
    ]


def measure():
    with tempfile.TemporaryDirectory() as work:
        figures = pathlib.Path(work) / "measured.json"
        environment = dict(os.environ, FLASKSCALE_MEASURED=str(figures), FLASKSCALE_PROGRAM=str(bench.PROGRAM))
        command = ["npx", "--no-install", "playwright", "test", "--config", "bench.config.ts"]
        subprocess.run(command, cwd=bench.ROOT / "end2end", env=environment, check=True)
        return json.loads(figures.read_text(encoding="utf-8"))
