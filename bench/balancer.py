"""The local balancer beside nginx, in front of the same two backends, one thread each."""

import contextlib
import json
import pathlib
import subprocess
import tempfile
import urllib.request

import bench

RIVAL = """
daemon off;
worker_processes 1;
pid {work}/pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  upstream backends {{
    {servers}
    keepalive 64;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://backends;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For "$remote_addr,$server_addr";
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Via "1.1 google";
      proxy_set_header X-Cloud-Trace-Context "$request_id/1;o=0";
      proxy_set_header Traceparent "00-$request_id-0000000000000001-00";
      add_header Via "1.1 google";
      add_header X-Served-By $upstream_addr;
    }}
  }}
}}
"""


def section():
    """The lines of the report."""
    ours_log, rival_log = [], []
    with tempfile.TemporaryDirectory() as work, our_balancer(work) as (process, port, backends):
        with rival_balancer(work, backends) as (rival, rival_port):
            for _ in range(bench.ROUNDS):
                ours_log.append(one_round(process, port))
                rival_log.append(one_round(rival, rival_port))
    ours, rival = bench.median_round(ours_log), bench.median_round(rival_log)
    return [
        "## The local balancer",
        "",
        f"`wrk -t1 -c{bench.CONNECTIONS} -d{bench.SECONDS}s --latency`, keep-alive, a page of 1 KiB from two backends "
        f"(nginx), which share a core with the generator; the balancer has the other one and one thread. "
        f"Median of {bench.ROUNDS} alternating rounds. The rival is {version()} with kept connections, setting the same "
        "headers, without an access log; ours counts every request for the load balancer's metrics.",
        "",
        "| balancer | requests/s | p50 | p99 | failed |",
        "|---|---:|---:|---:|---:|",
        row("FlaskScale `up`", ours),
        row("nginx", rival),
        "",
        f"Ratio: {ours['rps'] / rival['rps']:.2f} of nginx's requests per second, {ours['p99'] / rival['p99']:.2f} of its p99. "
        f"Rounds, ours: {rounds(ours_log)}; nginx: {rounds(rival_log)}.",
        "",
    ]


def rounds(log):
    return ", ".join(f"{one['rps']:,.0f}" for one in log)


def row(name, figures):
    return (
        f"| {name} | {figures['rps']:,.0f} | {figures['p50']:.2f} ms | {figures['p99']:.2f} ms | {figures['errors']} |"
    )


def one_round(process, port):
    bench.wait_for(f"http://127.0.0.1:{port}/", process)
    bench.wrk(port, 1)
    return bench.wrk(port, bench.SECONDS)


@contextlib.contextmanager
def our_balancer(work):
    """`up` with the backends as its workload, and where these listen."""
    backend = [*bench.pin(1), "sh", str(bench.ROOT / "bench/backend.sh"), "$PORT"]
    command = [
        *bench.pin(0), str(bench.PROGRAM), "up", "--speed", "20", "--site-port", "0", "--api-port", "0",
        "--state-dir", f"{work}/state", "--", *backend,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        said = dict(line.strip().partition(" ")[::2] for line in iter(process.stdout.readline, "ready\n") if line)
        hold(said["api"])
        instances = json.loads(bench.get(said["api"] + "/_emulator/instances"))
        yield process, int(said["site"].rsplit(":", 1)[1]), [one["port"] for one in instances]
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(bench.HANG_GUARD)


def hold(api):
    """Keeps the group at two: the rival does not learn of further backends."""
    url = f"{api}/compute/v1/projects/flaskscale-local/zones/us-central1-a/autoscalers?autoscaler=flaskscale"
    body = json.dumps({"autoscalingPolicy": {"minNumReplicas": 2, "maxNumReplicas": 2}}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"}, method="PATCH")
    with urllib.request.urlopen(request, timeout=bench.HANG_GUARD) as answer:
        answer.read()


@contextlib.contextmanager
def rival_balancer(work, backends):
    port = bench.free_port()
    servers = "\n    ".join(f"server 127.0.0.1:{backend};" for backend in backends)
    config = pathlib.Path(work) / "rival.conf"
    config.write_text(RIVAL.format(work=work, servers=servers, port=port), encoding="utf-8")
    process = subprocess.Popen([*bench.pin(0), "nginx", "-p", work, "-c", str(config)])
    try:
        yield process, port
    finally:
        process.terminate()
        process.wait(bench.HANG_GUARD)


def version():
    return subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip().rsplit(" ", 1)[1]


if __name__ == "__main__":
    print("\n".join(section()))
