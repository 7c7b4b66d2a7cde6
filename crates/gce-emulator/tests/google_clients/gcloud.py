"""The life of groups through gcloud, unmodified. Its operations run for a while, and it waits for them."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(__file__))

from common import PROJECT, REGION, ZONE, answer_of, last, step, until, until_loaded

API = os.environ["API"]
SETTINGS = {
    "CLOUDSDK_CORE_PROJECT": PROJECT,
    "CLOUDSDK_AUTH_ACCESS_TOKEN": "offline-token",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{API}/compute/v1/",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING": f"{API}/",
    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
    "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
    "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
    "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "1",
    "CLOUDSDK_COMPUTE_ZONE": ZONE,
}
ENVIRONMENT = {**{k: v for k, v in os.environ.items() if not k.startswith("CLOUDSDK_PYTHON")}, **SETTINGS}

MIG = "instance-groups managed"


def run(command):
    words = ["gcloud", *command.split(), "--format=json"]
    if words[1] != "logging":
        words.insert(1, "compute")
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True)


def g(command):
    """What a command that must succeed answers."""
    done = run(command)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    try:
        return json.loads(done.stdout)
    except ValueError:
        return done.stdout  # a sentence, or nothing


def refused(words, command):
    done = run(command)
    assert done.returncode != 0, f"{command} was not refused"
    assert words in done.stderr, f"{command}: {done.stderr}"


def together(*jobs):
    """Runs commands that do not depend on each other at once; gcloud takes long to start."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda job: job(), jobs))


def all_of(*commands):
    return together(*[lambda command=command: g(command) for command in commands])


def names(found):
    return {one["name"] for one in found}


def members(where=f"--zone={ZONE}", group="web"):
    return g(f"{MIG} list-instances {group} {where}")


def look(path):
    """A resource as it is now. Whoever waits for something looks often, and gcloud takes long to start."""
    try:
        with urllib.request.urlopen(f"{API}/compute/v1/projects/{PROJECT}/{path}") as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return {}


def stable(size, scope=f"zones/{ZONE}", group="web"):
    def ask():
        got = look(f"{scope}/instanceGroupManagers/{group}")
        status = got["status"]
        return status["isStable"] and status["versionTarget"]["isReached"] and got["currentActions"]["none"] == size
    until(f"{size} instances that rest", ask)
    kind, place = scope.split("/")
    return members(f"--{kind[:-1]}={place}", group)


def creation():
    step("template, group of two, load balancer")
    template = "instance-templates create {} --machine-type=e2-micro --metadata=colour={} --tags=web"
    all_of(template.format("t1", "green"), template.format("t2", "blue"),
           "health-checks create http alive --port=5000 --request-path=/health",
           "addresses create web --global",
           "firewall-rules create probes --allow=tcp:5000 --source-ranges=35.191.0.0/16,130.211.0.0/22")
    made = g(f"{MIG} create web --size=2 --template=t1 --base-instance-name=web")
    assert made[0]["targetSize"] == 2 and last(made[0]["instanceTemplate"]) == "t1", made
    two = stable(2)
    assert "stable" in g(f"{MIG} wait-until web --stable --zone={ZONE}")
    assert [one["instanceStatus"] for one in two] == ["RUNNING", "RUNNING"], two
    _, ports, listed = g(f"{MIG} set-named-ports web --named-ports=http:5000"), *all_of(
        "instance-groups get-named-ports web", "instance-groups list-instances web")
    assert ports[0]["port"] == 5000, ports
    assert {last(one["instance"]) for one in listed} == names(two), listed
    g("backend-services create web --global --load-balancing-scheme=EXTERNAL_MANAGED --global-health-checks"
      " --health-checks=alive --protocol=HTTP --port-name=http --connection-draining-timeout=1")
    g(f"backend-services add-backend web --global --instance-group=web --instance-group-zone={ZONE}")
    g("url-maps create web --default-service=web")
    g("target-http-proxies create web --url-map=web")
    rule = g("forwarding-rules create front --global --load-balancing-scheme=EXTERNAL_MANAGED"
             " --address=web --ports=80 --target-http-proxy=web")
    rule = rule[0] if isinstance(rule, list) else rule
    address = g("addresses describe web --global")
    assert (rule["IPAddress"], rule["portRange"]) == (address["address"], "80-80"), rule
    assert address["status"] == "IN_USE", address
    port = int(g("forwarding-rules describe front --global")["labels"]["flaskscale-port"])
    until("an answer through the rule", lambda: answer_of(port) == 200)
    health = g("backend-services get-health web --global")
    states = health[0]["status"]["healthStatus"]
    assert {last(one["instance"]) for one in states} == names(two), health
    return port


def changes():
    step("instances are recreated, services and checks changed")
    first = members()[0]["name"]
    before = g(f"instances describe {first}")
    assert "green" in [item["value"] for item in before["metadata"]["items"]], before
    serial = g(f"instances get-serial-port-output {first}")
    assert "listening on" in serial["contents"], serial
    result = g(f"{MIG} recreate-instances web --instances={first}")
    assert result[0]["status"] == "SUCCESS", result

    def anew():
        now = look(f"zones/{ZONE}/instances/{first}")
        return now and now["creationTimestamp"] != before["creationTimestamp"]
    until("the recreated instance", anew)
    assert first in names(stable(2))
    all_of("health-checks update http alive --check-interval=6 --unhealthy-threshold=3",
           "backend-services update web --global --timeout=20s",
           "url-maps add-path-matcher web --path-matcher-name=api --default-service=web --new-hosts=api.example.com")
    check, service, url_map = all_of("health-checks describe alive", "backend-services describe web --global",
                                     "url-maps describe web")
    assert (check["checkIntervalSec"], check["unhealthyThreshold"]) == (6, 3), check
    assert check["httpHealthCheck"]["requestPath"] == "/health", check
    assert service["timeoutSec"] == 20, service
    assert url_map["hostRules"][0]["hosts"] == ["api.example.com"], url_map
    g(f"{MIG} update web --health-check=alive --initial-delay=60")
    policy = g(f"{MIG} describe web")["autoHealingPolicies"][0]
    assert last(policy["healthCheck"]) == "alive" and policy["initialDelaySec"] == 60, policy
    g(f"{MIG} update web --clear-autohealing")
    assert not g(f"{MIG} describe web").get("autoHealingPolicies")


def updates(port):
    step("a rolling update, a canary and the way back")
    def reached():
        status = look(f"zones/{ZONE}/instanceGroupManagers/web")["status"]
        return status["isStable"] and status["versionTarget"]["isReached"]

    def everywhere():
        assert answer_of(port) == 200
        return reached()

    # Without a health check an instance counts as soon as it runs, before the balancer has found it.
    g(f"{MIG} update web --health-check=alive --initial-delay=60")
    g(f"{MIG} rolling-action start-update web --version=template=t2 --max-surge=1 --max-unavailable=0")
    until("the new version everywhere", everywhere)
    two = members()
    assert {last(one["version"]["instanceTemplate"]) for one in two} == {"t2"}, two
    started = g(f"{MIG} rolling-action start-update web --version=template=t2"
                " --canary-version=template=t1,target-size=50% --max-unavailable=1")
    versions = (started[0] if isinstance(started, list) else started)["versions"]
    assert [last(one["instanceTemplate"]) for one in versions] == ["t2", "t1"], versions
    until("the canary", everywhere)
    assert sorted(last(one["version"]["instanceTemplate"]) for one in members()) == ["t1", "t2"]
    g(f"{MIG} rolling-action start-update web --version=template=t1 --max-surge=1 --max-unavailable=0")
    until("the old version everywhere", everywhere)
    before = {one["name"]: one for one in members()}
    # The same template under a new version name: everything is replaced once.
    g(f"{MIG} rolling-action replace web --max-surge=1 --max-unavailable=0")
    until("the replacement", everywhere)
    assert not set(before) & names(members())
    g(f"{MIG} set-instance-template web --template=t2")
    g(f"{MIG} rolling-action stop-proactive-update web")
    g(f"{MIG} update-instances web --all-instances --minimal-action=replace")
    # All instances at once are what was asked for, so nothing serves for a while.
    until("the update that was asked for", reached)
    assert {last(one["version"]["instanceTemplate"]) for one in stable(2)} == {"t2"}
    g(f"{MIG} update web --clear-autohealing")


def region():
    step("a regional group spreads over its zones")
    made = g(f"{MIG} create wide --region={REGION} --size=3 --template=t1")
    assert made[0]["distributionPolicy"]["targetShape"] == "EVEN", made
    three = stable(3, f"regions/{REGION}", "wide")
    where = {one["instance"].split("/zones/")[1].split("/")[0] for one in three}
    assert where == {f"{REGION}-a", f"{REGION}-b", f"{REGION}-c"}, where
    # With groups in two scopes, their autoscalers are asked for in a batch.
    listed = {one["name"]: one for one in g(f"{MIG} list")}
    assert set(listed) == {"web", "wide"} and int(listed["wide"]["size"]) == 3, listed
    g(f"{MIG} set-autoscaling wide --region={REGION} --min-num-replicas=3 --max-num-replicas=4")
    refused("autoscaled regional managed instance groups is not allowed", f"{MIG} resize wide --region={REGION} --size=1")
    result = g(f"{MIG} delete-instances wide --region={REGION} --instances={three[0]['name']}")
    assert result[0]["status"] == "SUCCESS", result
    until("another in its place", lambda: three[0]["name"] not in names(stable(3, f"regions/{REGION}", "wide")))
    g(f"{MIG} delete wide --region={REGION}")


def scaling(port):
    step("an autoscaler takes the group from two to six")
    g(f"{MIG} resize web --size=3")
    stable(3)
    g(f"{MIG} resize web --size=2")
    scaler = g(f"{MIG} set-autoscaling web --min-num-replicas=2 --max-num-replicas=6"
               " --target-cpu-utilization=0.5 --cool-down-period=15")
    assert scaler[0]["autoscalingPolicy"]["mode"] == "ON", scaler
    refused("autoscaled zonal managed instance groups is not allowed", f"{MIG} resize web --size=4")

    until_loaded(port, "the size of six", lambda: look(f"zones/{ZONE}/instanceGroupManagers/web")["targetSize"] == 6)
    listed = g(f"{MIG} list")
    assert listed[0]["autoscaled"] == "yes" and int(listed[0]["size"]) >= 2, listed
    # Set again: the collection is put, with the name in the query.
    g(f"{MIG} set-autoscaling web --min-num-replicas=2 --max-num-replicas=5 --target-cpu-utilization=0.6")
    g(f"{MIG} update-autoscaling web --mode=off")
    policy = g(f"{MIG} describe web")["autoscaler"]["autoscalingPolicy"]
    assert (policy["mode"], policy["maxNumReplicas"]) == ("OFF", 5), policy
    assert policy["cpuUtilization"]["utilizationTarget"] == 0.6, policy
    # The load ends with its instances.
    g(f"{MIG} resize web --size=0")
    stable(0)
    g(f"{MIG} resize web --size=2")
    g(f"{MIG} stop-autoscaling web")
    assert "autoscaler" not in g(f"{MIG} describe web")["status"]
    stable(2)


def lists():
    step("every list")
    asked = {
        "instance-templates list": {"t1", "t2"},
        "health-checks list": {"alive"},
        "backend-services list": {"web"},
        "url-maps list": {"web"},
        "target-http-proxies list": {"web"},
        "target-https-proxies list": set(),
        "ssl-certificates list": set(),
        "forwarding-rules list": {"front"},
        "addresses list": {"web"},
        "firewall-rules list": {"probes"},
        "firewall-rules list --filter=direction=EGRESS": set(),
        "networks list": {"default"},
        f"networks subnets list --filter=region:{REGION}": {"default"},
        "instance-groups list": {"web"},
        "instances list": names(members()),
        f"zones list --filter=name={ZONE}": {ZONE},
        f"regions list --filter=name={REGION}": {REGION},
        f"machine-types list --zones={ZONE} --filter=name=e2-micro": {"e2-micro"},
    }
    for (command, expected), found in zip(asked.items(), all_of(*asked)):
        assert names(found) == expected, f"{command}: {found}"
    image, project, resized, recorded, errors, family = all_of(
        "images list --filter=family=debian-12",
        "project-info describe",
        "operations list --filter=operationType=compute.instanceGroupManagers.resize",
        "logging read protoPayload.methodName:autoscalers.insert",
        f"{MIG} list-errors web",
        "images describe-from-family cos-stable --project=cos-cloud")
    assert image[0]["family"] == "debian-12" and family["family"] == "cos-stable", image
    assert project["name"] == PROJECT
    assert len(resized) == 4 and all(one["status"] == "DONE" for one in resized), resized
    assert recorded[0]["protoPayload"]["serviceName"] == "compute.googleapis.com", recorded
    assert all(one["error"]["code"] for one in errors), errors


def descriptions():
    step("every description")
    first = members()[0]["name"]
    asked = {
        "instance-templates describe t1": "t1",
        f"instances describe {first}": first,
        f"zones describe {ZONE}": ZONE,
        f"regions describe {REGION}": REGION,
        "networks describe default": "default",
        f"networks subnets describe default --region={REGION}": "default",
        "firewall-rules describe probes": "probes",
        "machine-types describe e2-micro": "e2-micro",
        "target-http-proxies describe web": "web",
        "instance-groups describe web": "web",
    }
    for (command, name), found in zip(asked.items(), all_of(*asked)):
        assert found["name"] == name, f"{command}: {found}"


def deletion():
    step("deletion, and the refusals on the way")
    used = "is already being used by"
    together(*[lambda command=command: refused(used, command) for command in [
        "health-checks delete alive",
        "instance-templates delete t2",
        "backend-services delete web --global",
        "url-maps delete web",
        "target-http-proxies delete web",
        "addresses delete web --global",
        f"{MIG} delete web",
    ]])
    for command in [
        "forwarding-rules delete front --global",
        "target-http-proxies delete web",
        "url-maps delete web",
        f"backend-services remove-backend web --global --instance-group=web --instance-group-zone={ZONE}",
        f"{MIG} delete web",
        "backend-services delete web --global",
        # Two at once go as a batch.
        "instance-templates delete t1 t2",
    ]:
        g(command)
    all_of("health-checks delete alive", "addresses delete web --global", "firewall-rules delete probes")
    until("the end of all instances", lambda: "items" not in look(f"zones/{ZONE}/instances"))
    for found in all_of("instance-templates list", f"{MIG} list", "backend-services list", "addresses list"):
        assert not found, found
    refused("was not found", "instance-templates describe t1")


front = creation()
changes()
updates(front)
scaling(front)
region()
lists()
descriptions()
deletion()
