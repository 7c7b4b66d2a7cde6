"""A local cloud under test: `flaskscale up` as it is released, steered through Google's API as any client would."""

import collections
import http.client
import json
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target/release/flaskscale"
NAME = "flaskscale"
PROJECT = "flaskscale-local"
ZONE = "us-central1-a"
GROUP = f"zones/{ZONE}/instanceGroupManagers/{NAME}"
AUTOSCALER = f"zones/{ZONE}/autoscalers?autoscaler={NAME}"
HANG_GUARD = 180

# What Google's clients try again: it passes by itself.
PASSING = (403, 429, 500, 502, 503, 504)


class Cloud:
    """A running `flaskscale up`, and what can be done to it."""

    def __init__(self, *program, state, flags=()):
        # An instance that is killed is worth a warning, and here there are hundreds.
        self.log = open(f"{state}.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [*program, "up", "--site-port", "0", "--api-port", "0", "--state-dir", state, *flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=clean_environment(),
        )
        lines = {}
        for line in self.process.stdout:
            word, _, value = line.strip().partition(" ")
            lines[word] = value
            if word == "ready":
                break
        if "ready" not in lines:
            self.log.seek(0)
            raise SystemExit(f"`flaskscale up` ended before it was ready: {self.log.read()}")
        self.site, self.api = address(lines["site"]), address(lines["api"])
        self.done = collections.Counter()

    def call(self, method, path, body=None):
        """A call of the API, repeated as Google's clients do while it fails for a reason that passes."""
        payload = json.dumps(body) if body is not None else None
        for attempt in range(50):
            connection = http.client.HTTPConnection(*self.api, timeout=HANG_GUARD)
            try:
                connection.request(method, path, payload, {"content-type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                status, text = 503, b""
            finally:
                connection.close()
            if status < 300:
                return json.loads(text) if text else {}
            if status not in PASSING:
                raise SystemExit(f"{method} {path} was refused with {status}: {text.decode(errors='replace')}")
            self.done["API calls repeated"] += 1
            time.sleep(min(1.0, 0.05 * (attempt + 1)))
        raise SystemExit(f"{method} {path} failed 50 times")

    def compute(self, method, path, body=None):
        return self.call(method, f"/compute/v1/projects/{PROJECT}/{path}", body)

    def policy(self, **changes):
        """Changes fields of the autoscaling policy."""
        self.compute("PATCH", AUTOSCALER, {"autoscalingPolicy": changes})

    def instances(self):
        return self.call("GET", "/_emulator/instances")

    def healthy(self):
        """The instances that serve: healthy and not about to leave."""
        return [one for one in self.instances() if one.get("healthy") and one.get("action") in ("NONE", None)]

    def wait_for(self, count):
        self.wait_until(f"{count} healthy instances", lambda: len(self.healthy()) >= count)

    def wait_until(self, what, is_so, pause=0.05):
        end = time.monotonic() + HANG_GUARD
        while not is_so():
            if time.monotonic() > end:
                raise SystemExit(f"the group did not come to {what} within {HANG_GUARD} s")
            time.sleep(pause)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.stdout.close()
        self.log.close()
        os.unlink(self.log.name)
        try:
            self.process.wait(HANG_GUARD)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def address(url):
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    return host, int(port)


def clean_environment():
    ours = ("FLASKSCALE_", "LEPTOS_", "GCE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours) and name != "PORT"}
