"""Load on the balancer while the fleet behind it is killed, rolled and scaled and the API fails: no idempotent request may fail.

Everything is real: `flaskscale up` as it is released, its site as the workload, kill -9 by process id, and the rest
through Google's API. The report counts every request by its kind. Only idempotent ones must all succeed: a POST whose
backend dies under it cannot be repeated, and a stream ends with its backend.
"""

import argparse
import array
import collections
import http.client
import multiprocessing
import shutil
import socket
import sys
import tempfile
import threading
import time

from disturbances import Disturbances
from local_cloud import HANG_GUARD, PROGRAM, Cloud

IDEMPOTENT = [("GET", "/health"), ("GET", "/"), ("HEAD", "/"), ("GET", "/health?again"), ("PUT", "/health")]
WORKERS = 2
CONNECTIONS = 8
# Enough for a kill to fall into every phase of what else is going on.
KILLS = 25
ROUNDS = 2


class Failed(Exception):
    """An exchange without a whole answer."""


class Client:
    """One kept connection. The next request after a failure opens another."""

    def __init__(self, address):
        self.address = address
        self.stream = None
        self.buffer = b""

    def ask(self, method, path, body=b"", headers=""):
        """Sends a request; gives status and length of the body."""
        if self.stream is None:
            self.stream = socket.create_connection(self.address, timeout=HANG_GUARD)
            self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.buffer = b""
        length = f"content-length: {len(body)}\r\n" if method in ("POST", "PUT") else ""
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{self.address[1]}\r\n{length}{headers}\r\n"
        try:
            self.stream.sendall(head.encode() + body)
            return self.answer(method)
        except (OSError, Failed) as error:
            self.close()
            raise Failed(str(error)) from error

    def answer(self, method):
        head = self.until(b"\r\n\r\n")
        status = int(head[9:12])
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        if method == "HEAD" or status in (204, 304):
            length = 0
        elif fields.get(b"transfer-encoding") == b"chunked":
            length = self.chunks()
        elif b"content-length" in fields:
            length = len(self.exactly(int(fields[b"content-length"])))
        else:
            raise Failed("an answer without an end")
        if fields.get(b"connection") == b"close":
            self.close()
        return status, length

    def chunks(self):
        total = 0
        while size := int(self.until(b"\r\n"), 16):
            total += len(self.exactly(size + 2)) - 2
        self.until(b"\r\n")
        return total

    def until(self, mark):
        while (at := self.buffer.find(mark)) < 0:
            self.more()
        found, self.buffer = self.buffer[:at], self.buffer[at + len(mark):]
        return found

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def more(self):
        bytes_read = self.stream.recv(65536)
        if not bytes_read:
            raise Failed("the connection ended in the middle of an answer")
        self.buffer += bytes_read

    def close(self):
        if self.stream is not None:
            self.stream.close()
            self.stream = None


def idempotent_worker(address, results, counter, goal, over):
    """Several connections that ask one after the other until the goal is reached and the disturbances are over."""
    failures, latencies, lock = collections.Counter(), array.array("d"), threading.Lock()

    def connection(first):
        client, mine, at = Client(address), array.array("d"), first
        while counter.value < goal or not over.is_set():
            method, path = IDEMPOTENT[at % len(IDEMPOTENT)]
            at += 1
            began = time.perf_counter()
            try:
                status, _ = client.ask(method, path)
                # The site has no PUT: that it says so is an answer.
                if not (status == 200 or (method == "PUT" and status == 405)):
                    record(f"{method} {path}: status {status}")
            except Failed as error:
                record(f"{method} {path}: {error}")
            mine.append(time.perf_counter() - began)
            if len(mine) % 50 == 0:
                with counter.get_lock():
                    counter.value += 50
        with lock:
            latencies.extend(mine)

    def record(what):
        with lock:
            failures[f"{what} at {time.strftime('%H:%M:%S')}"] += 1

    threads = [threading.Thread(target=connection, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((latencies, failures))


def post_worker(address, over, counts):
    """Forms, at a pace that leaves the machine to the requests that must not fail."""
    client = Client(address)
    form = "content-type: application/x-www-form-urlencoded\r\n"
    while not over.wait(0.005):
        try:
            status, _ = client.ask("POST", "/api/public/theme", b"back=%2F&theme=dark", form)
            counts["POSTs answered" if status < 500 else f"POSTs answered with {status}"] += 1
        except Failed:
            counts["POSTs cut off"] += 1


def stream_worker(address, over, counts):
    """Watches the live stream of the public page, again and again."""
    while not over.is_set():
        connection = http.client.HTTPConnection(*address, timeout=HANG_GUARD)
        try:
            connection.request("GET", "/api/public/live", headers={"accept": "text/event-stream"})
            answer = connection.getresponse()
            if answer.status != 200:
                counts[f"streams refused with {answer.status}"] += 1
                answer.read()
                continue
            counts["streams begun"] += 1
            while line := answer.readline():
                counts["stream events"] += line.startswith(b"data:")
                if over.is_set():
                    break
            else:
                counts["streams ended by the site"] += 1
        except (OSError, http.client.HTTPException):
            counts["streams cut off"] += 1
        finally:
            connection.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=200_000, help="idempotent requests, at least")
    arguments.add_argument("--program", default=str(PROGRAM))
    given = arguments.parse_args()
    state = tempfile.mkdtemp(prefix="flaskscale-chaos-")
    cloud = Cloud(given.program, state=state, flags=["--speed", "20"])
    try:
        report = run(cloud, given.requests)
    finally:
        cloud.stop()
        shutil.rmtree(state, ignore_errors=True)
    sys.exit(report)


def run(cloud, goal):
    disturbances = Disturbances(cloud)
    disturbances.prepare()
    counter, over, results = multiprocessing.Value("q", 0), multiprocessing.Event(), multiprocessing.Queue()
    began = time.monotonic()
    workers = [
        multiprocessing.Process(target=idempotent_worker, args=(cloud.site, results, counter, goal, over))
        for _ in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    counts = collections.Counter()
    others = [threading.Thread(target=post_worker, args=(cloud.site, over, counts))]
    others += [threading.Thread(target=stream_worker, args=(cloud.site, over, counts)) for _ in range(2)]
    for other in others:
        other.start()
    try:
        disturbances.until(lambda kills, rounds: counter.value >= goal and kills >= KILLS and rounds >= ROUNDS)
    finally:
        over.set()
    latencies, failures = array.array("d"), collections.Counter()
    for _ in workers:
        some, failed = results.get(timeout=HANG_GUARD)
        latencies.extend(some)
        failures.update(failed)
    for thread in [*workers, *others]:
        thread.join(HANG_GUARD)
    return report(disturbances, latencies, failures, counts, time.monotonic() - began)


def report(disturbances, latencies, failures, counts, seconds):
    ordered = sorted(latencies)
    at = lambda part: ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000
    failed = sum(failures.values())
    print(f"chaos, {seconds:.0f} s")
    print(f"  idempotent requests {len(ordered):,}, failed {failed}, {len(ordered) / seconds:,.0f} a second")
    print(f"  latency p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, p99.9 {at(0.999):.2f} ms, longest {ordered[-1] * 1000:.0f} ms")
    for what, count in sorted(counts.items()) + sorted(disturbances.done.items()):
        print(f"  {what} {count:,}")
    struck = disturbances.faults_struck()
    print(f"  calls of the API struck by faults {sum(struck.values()):,}: {', '.join(f'{what} {n:,}' for what, n in struck.items())}")
    for what, count in failures.most_common(30):
        print(f"  FAILED {count} x {what}")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
