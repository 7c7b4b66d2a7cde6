"""Measures FlaskScale beside its rivals, all in one run, and writes docs/benchmarks.md.

Every figure comes from this machine and this run; the settings stand beside it in the report.
The server under load is pinned to one core and the load generator to another where there are two.
"""

import contextlib
import datetime
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("BENCH_PROGRAM", ROOT / "target/release/flaskscale"))
# What production runs has no local cloud in it, and an allocator that takes less memory.
SERVER = pathlib.Path(os.environ.get("BENCH_SERVER", ROOT / "target/image/release/flaskscale"))
SITE = ROOT / "target/site"
CONNECTIONS = 32
RIVAL_THREADS = 4
SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
STARTS = 20
READIES = 5
HANG_GUARD = 180


def main():
    # They build on this file, so this file can only need them late.
    import backtest
    import balancer
    import cloud
    import deploy

    lines = ["# Benchmarks", "", *header()]
    lines += pages()
    lines += balancer.section()
    lines += cloud.section()
    lines += deploy.section()
    lines += starts()
    lines += readies()
    lines += backtest.section()
    lines += sizes()
    report = "\n".join(lines) + "\n"
    (ROOT / "docs/benchmarks.md").write_text(report, encoding="utf-8")
    print(report)


def header():
    cpu = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    cores = len(os.sched_getaffinity(0))
    return [
        f"Written by `make bench` on {datetime.date.today().isoformat()}.",
        f"Machine: {cpu}, {cores} cores, Linux {platform.release()}.",
        "",
    ]


def pages():
    """Our public page and the rival's, alternating rounds, each alone on the first core."""
    ours_log, rival_log = [], []
    with tempfile.TemporaryDirectory() as work:
        body = our_page()
        template = pathlib.Path(work) / "page.html"
        template.write_text(jinja_template(body), encoding="utf-8")
        for _ in range(ROUNDS):
            ours_log.append(one_round(our_server))
            rival_log.append(one_round(lambda port: rival_server(port, template)))
    ours, rival = median_round(ours_log), median_round(rival_log)
    ratio = ours["rps"] / rival["rps"]
    return [
        "## The public page",
        "",
        f"`wrk -t1 -c{CONNECTIONS} -d{SECONDS}s --latency`, keep-alive, server pinned to one core, generator to another; "
        f"median of {ROUNDS} alternating rounds. The rival is Flask {version('flask')} with Jinja under gunicorn "
        f"{version('gunicorn')} (gthread, 1 worker, {RIVAL_THREADS} threads, which was its fastest of several), sending the same page. "
        "Memory after the load: all that is resident, and how much of it is the processes' own; the rest are pages of "
        "files, which the kernel can drop.",
        "",
        "| server | requests/s | p50 | p99 | failed | resident | own | body |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        row("FlaskScale `serve`", ours),
        row("Flask + Jinja + gunicorn", rival),
        "",
        f"Ratio: {ratio:.1f} times the requests per second per core; "
        f"p99 {ours['p99']:.2f} ms against {rival['p99']:.2f} ms; resident memory 1/{rival['rss'] / ours['rss']:.1f}, own memory 1/{rival['own'] / ours['own']:.1f}.",
        "",
    ]


def row(name, figures):
    return (
        f"| {name} | {figures['rps']:,.0f} | {figures['p50']:.2f} ms | {figures['p99']:.2f} ms | {figures['errors']} "
        f"| {figures['rss'] / 1024:.1f} MiB | {figures['own'] / 1024:.1f} MiB | {figures['bytes']:,} B |"
    )


def median_round(rounds):
    return sorted(rounds, key=lambda one: one["rps"])[len(rounds) // 2]


def one_round(start):
    port = free_port()
    with start(port) as process:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        body = get(f"http://127.0.0.1:{port}/")
        wrk(port, 2)
        figures = wrk(port, SECONDS)
        figures["rss"] = memory(process.pid, "VmRSS")
        figures["own"] = memory(process.pid, "RssAnon")
        figures["bytes"] = len(body)
        return figures


@contextlib.contextmanager
def our_server(port):
    environment = dict(os.environ, PORT=str(port), FLASKSCALE_BIND="127.0.0.1", RUST_LOG="warn", LEPTOS_SITE_ROOT=str(SITE))
    yield from run([*pin(0), str(SERVER), "serve", "--cloud", "none"], environment)


@contextlib.contextmanager
def rival_server(port, template):
    environment = dict(os.environ, RIVAL_TEMPLATE=str(template), PYTHONPATH=str(ROOT / "bench"))
    command = [
        *pin(0), sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1",
        "--worker-class", "gthread", "--threads", str(RIVAL_THREADS), "--keep-alive", "75",
        "--log-level", "warning", "rival:app",
    ]
    yield from run(command, environment)


def run(command, environment):
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wrk(port, seconds, path="/"):
    command = [*pin(1), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", text))
    errors += int((re.search(r"Non-2xx or 3xx responses: (\d+)", text) or [0, 0])[1])
    return {
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p50": milliseconds(re.search(r"^ +50%\s+(\S+)", text, re.MULTILINE)[1]),
        "p99": milliseconds(re.search(r"^ +99%\s+(\S+)", text, re.MULTILINE)[1]),
        "errors": errors,
    }


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def our_page():
    port = free_port()
    with our_server(port) as process:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        return get(f"http://127.0.0.1:{port}/").decode()


def jinja_template(page):
    """Keeps the page as it is and makes what changes between answers a variable."""
    raw = page.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
    return re.sub(r'nonce="[^"]+"', 'nonce="{{ nonce }}"', raw)


def starts():
    """From exec to the first answer 200 of /health."""
    times = []
    for _ in range(STARTS):
        port = free_port()
        began = time.perf_counter()
        with our_server(port) as process:
            wait_for(f"http://127.0.0.1:{port}/health", process, pause=0.001)
            times.append((time.perf_counter() - began) * 1000)
    return [
        "## Start",
        "",
        f"`flaskscale serve` from exec to the first 200 of `/health`, {STARTS} starts: "
        f"median {statistics.median(times):.0f} ms, slowest {max(times):.0f} ms.",
        "",
    ]


def readies():
    """From exec of `up` on an empty state directory to the line `ready`."""
    times = []
    for _ in range(READIES):
        state = tempfile.mkdtemp(prefix="flaskscale-bench-")
        command = [
            str(PROGRAM), "up", "--speed", "20", "--site-port", "0", "--api-port", "0", "--state-dir", state,
        ]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in process.stdout:
            if line.strip() == "ready":
                times.append(time.perf_counter() - began)
                break
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        process.wait(HANG_GUARD)
        shutil.rmtree(state, ignore_errors=True)
    return [
        f"`flaskscale up --speed 20` on an empty state directory to `ready` with two healthy instances, {len(times)} runs: "
        f"median {statistics.median(times):.2f} s, slowest {max(times):.2f} s.",
        "",
    ]


def sizes():
    """What a public page makes a browser load, and what the console adds."""
    port = free_port()
    with our_server(port) as process:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        url = f"http://127.0.0.1:{port}/"
        page = get(url).decode()
        links = sorted(set(re.findall(r'(?:href|src)="(/[^"]+\.(?:css|js|wasm|svg))"', page)))
        links += [link for link in wasm_of(page) if link not in links]
        lines = [
            "## What the public page loads",
            "",
            "| file | raw | brotli |",
            "|---|---:|---:|",
            f"| the page itself | {len(page.encode()):,} B | {brotli(page.encode()):,} B |",
        ]
        total_wasm = 0
        for link in links:
            raw = get(f"http://127.0.0.1:{port}{link}")
            packed = encoded_length(f"http://127.0.0.1:{port}{link}") or brotli(raw)
            total_wasm += packed if link.endswith(".wasm") else 0
            lines.append(f"| `{link}` | {len(raw):,} B | {packed:,} B |")
    lines += ["", f"WASM of the public page: {total_wasm / 1024:.1f} KiB brotli.", "", "Every file of `target/site/pkg`:", ""]
    lines += ["| file | raw | brotli |", "|---|---:|---:|"]
    for path in sorted(SITE.glob("pkg/*")):
        if path.suffix in (".wasm", ".js", ".css"):
            packed = path.with_name(path.name + ".br")
            size = packed.stat().st_size if packed.exists() else brotli(path.read_bytes())
            lines.append(f"| `{path.name}` | {path.stat().st_size:,} B | {size:,} B |")
    return lines


def wasm_of(page):
    return re.findall(r'["\'](/pkg/[^"\']+\.wasm)["\']', page)


def encoded_length(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "br"})
    with urllib.request.urlopen(request, timeout=HANG_GUARD) as answer:
        return len(answer.read()) if answer.headers.get("Content-Encoding") == "br" else None


def brotli(data):
    """Node brings brotli; nothing else needs to be installed for a size."""
    script = (
        "const z=require('zlib');const c=[];process.stdin.on('data',d=>c.push(d)).on('end',()=>"
        "console.log(z.brotliCompressSync(Buffer.concat(c)).length))"
    )
    return int(subprocess.run(["node", "-e", script], input=data, capture_output=True, check=True).stdout)


def pin(core):
    available = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(available[core % len(available)])]


def memory(group, kind):
    """KiB of one kind over all processes of a group: gunicorn's master counts, as it must be there."""
    total = 0
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if os.getpgid(int(status.parent.name)) == group:
                total += int(re.search(rf"{kind}:\s+(\d+)", status.read_text())[1])
    return total


def resident_of(pid):
    """KiB of one process."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def version(package):
    import importlib.metadata

    return importlib.metadata.version(package)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=HANG_GUARD) as answer:
        return answer.read()


def wait_for(url, process, pause=0.02):
    end = time.monotonic() + HANG_GUARD
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, OSError):
            get(url)
            return
        time.sleep(pause)
    raise SystemExit(f"{url} did not answer within {HANG_GUARD} s")


if __name__ == "__main__":
    main()
