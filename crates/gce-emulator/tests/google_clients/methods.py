"""Asks the local cloud for every method that Google's discovery documents know, and compares what it
says with the table of docs/emulator.md. A 501 is a method that is not emulated; any other answer is
one that is. With WRITE=1 the table is written anew.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import googleapiclient

API = os.environ["API"]
DOCUMENTS = os.path.join(os.path.dirname(googleapiclient.__file__), "discovery_cache/documents")
BEGIN, END = "<!-- methods: begin -->\n", "<!-- methods: end -->\n"
NAMES = {"project": "demo", "projectsId": "demo", "projectId": "demo", "resource": "demo", "v1Id": "projects",
         "v1Id1": "demo", "locationsId": "us-central1", "zone": "us-central1-a", "region": "us-central1",
         "metricDescriptorsId": "custom.googleapis.com/probe"}


def methods(resources, prefix=""):
    """Pairs of a collection and a method of it."""
    for name, resource in resources.items():
        for method in resource.get("methods", {}).values():
            yield prefix + name, method
        yield from methods(resource.get("resources", {}), f"{prefix}{name}.")


def is_emulated(base, method, names):
    path = method.get("flatPath") or method["path"]
    path = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "probe"), path)
    body = b"{}" if method["httpMethod"] in ("POST", "PUT", "PATCH") else None
    request = urllib.request.Request(f"{API}{base}{path}", data=body, method=method["httpMethod"],
                                     headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request):
            return True
    except urllib.error.HTTPError as refusal:
        return refusal.code not in (405, 501)


def table(title, file, **names):
    with open(os.path.join(DOCUMENTS, file)) as document:
        parsed = json.load(document)
    found = list(methods(parsed["resources"]))
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda pair: is_emulated("/" + parsed["servicePath"], pair[1], NAMES | names), found))
    collections = {}
    for (collection, method), emulated in zip(found, verdicts):
        sides = collections.setdefault(collection, ([], []))
        sides[not emulated].append("`" + method["id"].rsplit(".", 1)[1] + "`")
    lines = [f"### {title}\n\n", "| collection | emulated | answers 501 |\n", "|---|---|---|\n"]
    for collection, (emulated, refused) in sorted(collections.items()):
        if emulated:
            lines.append(f"| `{collection}` | {' '.join(sorted(emulated))} | {' '.join(sorted(refused))} |\n")
    nothing = [f"`{name}`" for name, (emulated, _) in sorted(collections.items()) if not emulated]
    lines.append(f"\nNothing of: {', '.join(nothing)}.\n\n" if nothing else "\n")
    return "".join(lines)


def main(path):
    measured = "\n" + "".join([
        table("Compute v1", "compute.v1.json"),
        table("Monitoring v3", "monitoring.v3.json"),
        table("Logging v2", "logging.v2.json"),
        table("Service Usage v1", "serviceusage.v1.json"),
        table("Cloud Resource Manager v1", "cloudresourcemanager.v1.json"),
        table("Cloud Resource Manager v3", "cloudresourcemanager.v3.json"),
        table("Organization Policy v2", "orgpolicy.v2.json"),
        table("IAM v1", "iam.v1.json"),
        table("Identity-Aware Proxy v1", "iap.v1.json", v1Id="projects/demo/iap_web/compute/services/probe"),
        table("Secret Manager v1", "secretmanager.v1.json"),
        table("Artifact Registry v1", "artifactregistry.v1.json"),
        table("Cloud DNS v1", "dns.v1.json"),
        # The last one, since asking it for a change leaves nobody who pays.
        table("Cloud Billing v1", "cloudbilling.v1.json"),
    ])
    with open(path) as guide:
        text = guide.read()
    before, rest = text.split(BEGIN)
    written, after = rest.split(END)
    if os.environ.get("WRITE") == "1":
        with open(path, "w") as guide:
            guide.write(before + BEGIN + measured + END + after)
    elif written != measured:
        print("the table of docs/emulator.md is not what the local cloud answers; WRITE=1 writes it anew")
        ours, theirs = set(written.splitlines()), set(measured.splitlines())
        print("\n".join(f"- {line}" for line in sorted(ours - theirs)))
        print("\n".join(f"+ {line}" for line in sorted(theirs - ours)))
        sys.exit(1)


main(sys.argv[1])
