"""What the life-cycle scripts share: waiting, and requests to the site behind a forwarding rule."""

import contextlib
import http.client
import time

PROJECT = "demo"
REGION = "us-central1"
ZONE = "us-central1-a"

STARTED = time.monotonic()

# Only a hang reaches it.
HANG = 300


def until(what, ask):
    """Asks until the answer is truthy; the answer."""
    started = time.monotonic()
    while not (answer := ask()):
        assert time.monotonic() - started < HANG, f"waited in vain for {what}"
        time.sleep(0.1)
    return answer


def until_loaded(port, what, ask):
    """The same under load: every few seconds some instance burns a core more, until the answer is truthy.

    One core is enough where nothing else runs. All at once would starve whoever asks."""
    burnt = -HANG

    def burn_and_ask():
        nonlocal burnt
        if time.monotonic() - burnt > 3:
            burnt = time.monotonic()
            assert answer_of(port, "/burn") == 200
        return ask()
    return until(what, burn_and_ask)


def last(url):
    """The name at the end of a URL."""
    return url.rsplit("/", 1)[-1]


def answer_of(port, path="/"):
    """Status of a GET at a loopback port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def step(text):
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)
