"""`flaskscale deploy` against a project that holds much else, each call of whose API takes its time."""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import bench

sys.path.insert(0, str(bench.ROOT / "scripts"))
from local_cloud import PROJECT, Cloud, clean_environment  # noqa: E402

OTHERS = 200
DELAY_MS = 50
PLANS = 5
IMAGE = "docker.io/library/app:1"
# What other deployments of a project leave in the lists that a plan reads.
BODIES = {
    "healthChecks": {"type": "HTTP", "httpHealthCheck": {"port": 80, "requestPath": "/"}},
    "addresses": {},
    "firewalls": {"network": "global/networks/default", "allowed": [{"IPProtocol": "tcp", "ports": ["80"]}]},
    "backendServices": {"loadBalancingScheme": "EXTERNAL_MANAGED", "protocol": "HTTP"},
}


def section(program=bench.PROGRAM):
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as work:
        app = pathlib.Path(work) / "my-app"
        app.mkdir()
        (app / "Dockerfile").write_text("FROM scratch\nEXPOSE 5000\n", encoding="utf-8")
        cloud = Cloud(str(program), state=f"{work}/state", flags=["--speed", "60"])
        try:
            deploy = Deploy(program, app, cloud)
            deploy.run("init")
            fill(cloud)
            cloud.call("POST", "/_emulator/faults", {"type": "slowAnswer", "delayMs": DELAY_MS})
            plans = [deploy.measured("deploy", "--plan", "--image", IMAGE) for _ in range(PLANS)]
            deploy.run("deploy", "--yes", "--image", IMAGE)
            empty = [deploy.measured("deploy", "--yes") for _ in range(PLANS)]
        finally:
            cloud.stop()
    return lines(plans, empty)


def fill(cloud):
    """Makes the resources of others, which a plan reads and leaves alone."""
    for number in range(OTHERS // len(BODIES)):
        for collection, body in BODIES.items():
            cloud.call("POST", f"/compute/v1/projects/{PROJECT}/global/{collection}", {"name": f"other-{number}", **body})


class Deploy:
    def __init__(self, program, app, cloud):
        self.program, self.app, self.cloud = str(program), app, cloud

    def run(self, *words):
        environment = {**clean_environment(), "FLASKSCALE_API": f"http://{self.cloud.api[0]}:{self.cloud.api[1]}"}
        subprocess.run([self.program, *words], cwd=self.app, env=environment, check=True, capture_output=True)

    def measured(self, *words):
        """Seconds, and the calls of the API meanwhile: each is one that the fault has slowed down."""
        calls, began = self.calls(), time.perf_counter()
        self.run(*words)
        return time.perf_counter() - began, self.calls() - calls

    def calls(self):
        (fault,) = self.cloud.call("GET", "/_emulator/faults")["faults"]
        return fault["times"]


def lines(plans, empty):
    def row(what, log):
        seconds = [one[0] for one in log]
        calls = statistics.median(one[1] for one in log)
        return f"| {what} | {statistics.median(seconds):.2f} s | {max(seconds):.2f} s | {calls:.0f} |"

    return [
        "## Deployments",
        "",
        f"From the command to its end, with {DELAY_MS} ms for each call of the API, in a project that holds {OTHERS} resources of others; {PLANS} runs.",
        "",
        "| what | median | slowest | calls |",
        "|---|---:|---:|---:|",
        row("`deploy --plan` of a first deployment", plans),
        row("`deploy` again, with nothing to do", empty),
        "",
    ]


if __name__ == "__main__":
    print("\n".join(section(*map(pathlib.Path, sys.argv[1:2]))))
