"""What is done to a fleet under load: kills, roll-outs, new sizes, new policies, and an API that fails."""

import collections
import contextlib
import os
import random
import signal
import threading
import time

from local_cloud import GROUP, NAME, PROJECT, ZONE

LEAST, MOST = 4, 8
# Every one of them passes, as Google's own do; a client that gave up at the first would be at fault.
FAULTS = [
    {"type": "apiError", "error": "tooManyRequests", "rate": 0.05},
    {"type": "apiError", "error": "internalError", "rate": 0.05},
    {"type": "apiError", "error": "unavailable", "rate": 0.05},
    {"type": "apiError", "error": "quotaExceeded", "rate": 0.02},
    {"type": "slowAnswer", "rate": 0.1, "delayMs": 300},
]


class Disturbances:
    """Kills about once a second while two backends are healthy, and beside it whatever a group goes through."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.done = cloud.done
        self.templates = 0
        self.killed = collections.Counter()
        self.over = threading.Event()
        self.failure = None

    def prepare(self):
        self.cloud.policy(minNumReplicas=LEAST, maxNumReplicas=MOST)
        self.cloud.wait_for(LEAST)
        for fault in FAULTS:
            self.cloud.call("POST", "/_emulator/faults", fault)

    def until(self, is_enough):
        """Disturbs until `is_enough(kills, rounds of steps)`."""
        others = [threading.Thread(target=self.guarded, args=(work,)) for work in (self.kill_every_second, self.keep_reading)]
        for other in others:
            other.start()
        rounds = 0
        try:
            while not is_enough(self.done["kills"], rounds):
                for step in self.steps():
                    if self.failure:
                        raise SystemExit(f"the disturbances ended early: {self.failure}")
                    step()
                    time.sleep(1)
                rounds += 1
        finally:
            self.over.set()
            for other in others:
                other.join()
        if self.failure:
            raise SystemExit(f"the disturbances ended early: {self.failure}")

    def steps(self):
        return [
            lambda: self.resize(LEAST + 2, MOST),
            self.recreate_one,
            self.roll,
            lambda: self.aim_at(0.7),
            self.recreate_one,
            lambda: self.resize(LEAST, LEAST),
            self.roll,
            lambda: self.aim_at(0.5),
        ]

    def kill_every_second(self):
        while not self.over.wait(1):
            self.kill_one()

    def keep_reading(self):
        """A client that looks at the fleet all the time, as a console does, and meets the faults."""
        while not self.over.wait(0.1):
            listed = self.cloud.compute("POST", f"{GROUP}/listManagedInstances")
            assert "managedInstances" in listed, listed

    def kill_one(self):
        """Of the healthy the one that was killed least: a program that fails again and again is started later and later."""
        healthy = self.cloud.healthy()
        if len(healthy) < 2:
            self.done["seconds without two healthy backends"] += 1
            return
        random.shuffle(healthy)
        victim = min(healthy, key=lambda one: self.killed[one["name"]])
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim["pid"], signal.SIGKILL)
            self.killed[victim["name"]] += 1
            self.done["kills"] += 1

    def guarded(self, work):
        try:
            work()
        except BaseException as failure:
            self.failure = failure
            raise

    def resize(self, least, most):
        self.cloud.policy(minNumReplicas=least, maxNumReplicas=most)
        self.done["changes of the policy"] += 1

    def aim_at(self, target):
        self.cloud.policy(cpuUtilization={"utilizationTarget": target})
        self.done["changes of the policy"] += 1

    def roll(self):
        """Gives the group a new template, to be rolled out at once."""
        self.templates += 1
        compute = self.cloud.compute
        current = compute("GET", GROUP)["instanceTemplate"].rsplit("/", 1)[1]
        template = compute("GET", f"global/instanceTemplates/{current}")
        name = f"{NAME}-chaos-{self.templates}"
        properties = {**template["properties"], "labels": {"release": str(self.templates)}}
        compute("POST", "global/instanceTemplates", {"name": name, "properties": properties})
        url = f"projects/{PROJECT}/global/instanceTemplates/{name}"
        policy = {"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 1}}
        compute("PATCH", GROUP, {"versions": [{"instanceTemplate": url}], "updatePolicy": policy})
        self.done["rolling updates"] += 1

    def recreate_one(self):
        """Recreates a healthy instance, which leaves two others."""
        self.cloud.wait_for(3)
        healthy = self.cloud.healthy()
        if len(healthy) < 3:
            return
        one = f"zones/{ZONE}/instances/{random.choice(healthy)['name']}"
        self.cloud.compute("POST", f"{GROUP}/recreateInstances", {"instances": [one]})
        self.done["instances recreated"] += 1

    def faults_struck(self):
        """How many calls each fault of the API has struck, the fleet's own calls among them."""
        listed = self.cloud.call("GET", "/_emulator/faults")["faults"]
        return {one["fault"].get("error", one["fault"]["type"]): one["times"] for one in listed}
