"""The local cloud's API and a simulated group of 2,000 instances, on one core, in real time."""

import contextlib
import os
import pathlib
import statistics
import sys
import tempfile
import time

import bench

sys.path.insert(0, str(bench.ROOT / "scripts"))
from local_cloud import GROUP, NAME, PROJECT, Cloud  # noqa: E402

REGION = "us-central1"
SMALL, LARGE = 1000, 2000
# An e2-micro is a quarter of a core, and is to be half busy.
CORES_FOR_ONE = 0.25 * 0.5
LISTS = 50
STEADY = 60


def section():
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as work:
        cloud = Cloud(*bench.pin(0), str(bench.PROGRAM), state=f"{work}/state", flags=["--machines", "simulated"])
        try:
            group = Group(cloud)
            group.create(SMALL)
            api = api_figures(cloud)
            scaling = group.grow(LARGE)
            steady = group.rest()
        finally:
            cloud.stop()
    return [*api_lines(api), *group_lines(group.created, scaling, steady)]


def api_figures(cloud):
    """Single reads under load, and whole lists one after the other."""
    port = cloud.api[1]
    below = f"/compute/v1/projects/{PROJECT}"
    template = cloud.compute("GET", GROUP)["instanceTemplate"].split(f"/projects/{PROJECT}/")[1]
    reads = {"an instance template": f"{below}/{template}", "a managed instance group": f"{below}/{GROUP}"}
    rounds = {what: [bench.wrk(port, bench.SECONDS, path) for _ in range(bench.ROUNDS)] for what, path in reads.items()}
    managed = f"{below}/regions/{REGION}/instanceGroupManagers/{NAME}-large/listManagedInstances"
    lists = {
        f"{SMALL:,} managed instances": lambda: cloud.call("POST", managed)["managedInstances"],
        f"{SMALL:,} instances, aggregated": lambda: aggregated(cloud, below),
    }
    return {what: bench.median_round(log) for what, log in rounds.items()}, {what: timed(ask) for what, ask in lists.items()}


def aggregated(cloud, below):
    """All pages of the aggregated list, as a client reads them."""
    found, page = [], ""
    while True:
        answer = cloud.call("GET", f"{below}/aggregated/instances?maxResults=500{page}")
        for scope in answer["items"].values():
            found += scope.get("instances", [])
        if "nextPageToken" not in answer:
            return found
        page = f"&pageToken={answer['nextPageToken']}"


def timed(ask):
    times = []
    for _ in range(LISTS):
        began = time.perf_counter()
        found = ask()
        times.append((time.perf_counter() - began) * 1000)
        assert len(found) >= SMALL, f"{len(found)} instances were listed"
    return statistics.median(times)


class Group:
    """A regional group, which may be larger than a zonal one."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.path = f"regions/{REGION}/instanceGroupManagers/{NAME}-large"
        self.created = None

    def create(self, size):
        template = self.cloud.compute("GET", GROUP)["instanceTemplate"]
        body = {"name": f"{NAME}-large", "targetSize": size, "instanceTemplate": template}
        with self.measured() as figures:
            self.cloud.compute("POST", f"regions/{REGION}/instanceGroupManagers", body)
            self.wait_for(size)
        self.created = figures

    def grow(self, size):
        """Gives the group the load of so many, and waits until its autoscaler has made them."""
        policy = {"minNumReplicas": SMALL, "maxNumReplicas": LARGE, "cpuUtilization": {"utilizationTarget": 0.5}}
        target = f"projects/{PROJECT}/{self.path}"
        with self.measured() as figures:
            self.cloud.call("POST", "/_emulator/load", {"group": self.path, "cores": size * CORES_FOR_ONE})
            body = {"name": f"{NAME}-large", "target": target, "autoscalingPolicy": policy}
            self.cloud.compute("POST", f"regions/{REGION}/autoscalers", body)
            self.wait_for(size)
        return figures

    def rest(self):
        with self.measured() as figures:
            time.sleep(STEADY)
        return figures

    def wait_for(self, size):
        def is_so():
            group = self.cloud.compute("GET", self.path)
            return group["targetSize"] == size and group["status"]["isStable"]

        self.cloud.wait_until(f"{size} stable instances", is_so, pause=1)

    @contextlib.contextmanager
    def measured(self):
        figures = {}
        began, used = time.monotonic(), cpu_seconds(self.cloud.process.pid)
        yield figures
        figures["seconds"] = time.monotonic() - began
        figures["cores"] = (cpu_seconds(self.cloud.process.pid) - used) / figures["seconds"]
        figures["rss"] = bench.resident_of(self.cloud.process.pid)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def api_lines(figures):
    reads, lists = figures
    rows = [f"| GET of {what} | {one['rps']:,.0f} | {one['p50']:.2f} ms | {one['p99']:.2f} ms | {one['errors']} |" for what, one in reads.items()]
    return [
        "## The local cloud's API",
        "",
        f"`up --machines simulated` on one core, the generator on another: `wrk -t1 -c{bench.CONNECTIONS} -d{bench.SECONDS}s`, "
        f"median of {bench.ROUNDS} rounds, beside a group of {SMALL:,} simulated instances.",
        "",
        "| call | requests/s | p50 | p99 | failed |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
        f"Lists, read and parsed by one client, median of {LISTS}: "
        + ", ".join(f"{what} {milliseconds:.1f} ms" for what, milliseconds in lists.items())
        + ".",
        "",
    ]


def group_lines(created, scaling, steady):
    rows = [
        (f"0 to {SMALL:,} instances", created),
        (f"autoscaled from {SMALL:,} to {LARGE:,}", scaling),
        (f"{LARGE:,} instances at rest", steady),
    ]
    return [
        "## A simulated group",
        "",
        "`up --machines simulated` at the speed of real time, where an instance boots for ten seconds and an autoscaler waits a minute for it.",
        "",
        "| phase | took | cores used | resident memory |",
        "|---|---:|---:|---:|",
        *[f"| {what} | {one['seconds']:.0f} s | {one['cores']:.2f} | {one['rss'] / 1024:.0f} MiB |" for what, one in rows],
        "",
    ]


if __name__ == "__main__":
    print("\n".join(section()))
