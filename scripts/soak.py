"""Days of daily load: memory, file handles, processes and the state file must not grow.

The first part turns the clock of simulated machines by hand, for days beyond the time that metrics are kept, since
until then the state file may grow. The second has real processes, and makes and ends them again and again.
"""

import argparse
import math
import os
import pathlib
import shutil
import sys
import tempfile
import time

from local_cloud import GROUP, PROGRAM, Cloud

STEP = 600
DAY = 24 * 3600
LEAST, MOST = 2, 30
# An e2-micro is a quarter of a core, and is to be half busy.
CORES_FOR_ONE = 0.25 * 0.5
# Metrics are kept for eight days; what a day adds after that, another takes away.
KEPT = 8
CHURNS = 30

# By how much the last day may exceed the days before it.
MEMORY_KIB = 8 * 1024
STATE_PART = 0.02


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=KEPT + 3, help="emulated days of daily load")
    arguments.add_argument("--program", default=str(PROGRAM))
    given = arguments.parse_args()
    if given.days < KEPT + 2:
        arguments.error(f"--days must be at least {KEPT + 2}: until then the state file may grow")
    failures = in_state(given.program, ["--pace", "manual", "--machines", "simulated"], lambda cloud, state: daily_load(cloud, state, given.days))
    failures += in_state(given.program, ["--speed", "60"], churn)
    for failure in failures:
        print(f"  FAILED {failure}")
    sys.exit(1 if failures else 0)


def in_state(program, flags, soak):
    state = tempfile.mkdtemp(prefix="flaskscale-soak-")
    cloud = Cloud(program, state=state, flags=flags)
    try:
        return soak(cloud, state)
    finally:
        cloud.stop()
        shutil.rmtree(state, ignore_errors=True)


def daily_load(cloud, state, days):
    """A load that rises and falls once a day, each day a little different."""
    cloud.policy(minNumReplicas=LEAST, maxNumReplicas=MOST)
    began, seen, log = time.monotonic(), set(), []
    print(f"soak, {days} emulated days of daily load on {LEAST} to {MOST} simulated machines")
    for day in range(1, days + 1):
        for at in range(0, DAY, STEP):
            give(cloud, wanted(day, at))
            cloud.call("POST", f"/_emulator/advance?seconds={STEP}")
            seen.add(cloud.compute("GET", GROUP)["targetSize"])
        log.append(Use.of(cloud, state))
        print(f"  day {day}, {time.monotonic() - began:.0f} s: {log[-1]}", flush=True)
    before = log[KEPT - 1 : -1]
    failures = log[-1].beyond(Use.most(before)) if len(before) > 1 else []
    if not (min(seen) <= LEAST + 1 and max(seen) >= MOST - 3):
        failures.append(f"the group went only from {min(seen)} to {max(seen)} instances")
    return failures


def wanted(day, at):
    """Cores: little at night, and at noon about as much as the largest group carries."""
    middle, swing = (LEAST + MOST) / 2, (MOST - LEAST) / 2 - day % 3
    return CORES_FOR_ONE * (middle - swing * math.cos(2 * math.pi * at / DAY))


def give(cloud, cores):
    cloud.call("POST", "/_emulator/load", {"group": GROUP, "cores": cores})


def churn(cloud, state):
    """Real processes, started and ended again and again."""
    print(f"soak, {CHURNS} times from 2 to 6 processes and back")
    resize(cloud, 6)
    resize(cloud, 2)
    before = Use.of(cloud, state)
    print(f"  before: {before}", flush=True)
    for _ in range(CHURNS):
        resize(cloud, 6)
        resize(cloud, 2)
    after = Use.of(cloud, state)
    print(f"  after: {after}")
    # Logs and metrics of the instances are kept for a while, so the state file says nothing here.
    return after.beyond(before, state_counts=False)


def resize(cloud, size):
    """A group whose bounds are one size has that size, whatever its load."""
    cloud.policy(minNumReplicas=size, maxNumReplicas=size)

    def is_so():
        return len(cloud.instances()) == size and len(cloud.healthy()) == size

    cloud.wait_until(f"{size} instances", is_so)


class Use:
    """What the local cloud uses of the machine."""

    def __init__(self, memory, files, threads, processes, state):
        self.memory, self.files, self.threads, self.processes, self.state = memory, files, threads, processes, state

    @classmethod
    def of(cls, cloud, state):
        pid = cloud.process.pid
        status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        size = sum(file.stat().st_size for file in pathlib.Path(state).glob("*sqlite*"))
        return cls(
            int(status["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]), len(descendants(pid)), size
        )

    @classmethod
    def most(cls, uses):
        """The most of each: memory breathes, and only beyond its highest breath has it grown."""
        return cls(*(max(getattr(one, what) for one in uses) for what in ("memory", "files", "threads", "processes", "state")))

    def beyond(self, before, state_counts=True):
        """What has grown by more than chance."""
        found = []
        if self.memory > before.memory + MEMORY_KIB:
            found.append(f"memory grew from {before.memory} to {self.memory} KiB")
        for what in ("files", "threads", "processes"):
            was, now = getattr(before, what), getattr(self, what)
            # Connections and idle workers of the runtime come and go.
            if now > was + 8:
                found.append(f"{what} grew from {was} to {now}")
        if state_counts and self.state > before.state * (1 + STATE_PART):
            found.append(f"the state file grew from {before.state} to {self.state} bytes")
        return found

    def __str__(self):
        return (
            f"memory {self.memory / 1024:.1f} MiB, {self.files} files, {self.threads} threads, "
            f"{self.processes} processes, state {self.state / 1e6:.2f} MB"
        )


def descendants(pid):
    found, waiting = [], [pid]
    while waiting:
        of = waiting.pop()
        for task in pathlib.Path(f"/proc/{of}/task").glob("*/children"):
            try:
                children = [int(child) for child in task.read_text().split()]
            except OSError:
                continue
            found += children
            waiting += children
    return found


if __name__ == "__main__":
    main()
