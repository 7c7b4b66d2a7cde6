"""Takes what a deployment needs beside Compute through its life, with google-api-python-client: APIs, billing,
accounts, roles, policies, secrets, a repository, DNS, a TLS policy and a certificate.
"""

import base64
import os

import httplib2
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from common import PROJECT, REGION, step, until

PARENT = f"projects/{PROJECT}"
EMAIL = f"web-vm@{PROJECT}.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{EMAIL}"


def api(name, version):
    # The paths of Compute's methods begin behind its version, those of all others with it.
    base = "/compute/v1/" if name == "compute" else "/"
    return discovery.build(name, version, http=httplib2.Http(), static_discovery=True,
                           client_options={"api_endpoint": os.environ["API"] + base})


def refused(status, request):
    """The message of a call that must be refused."""
    try:
        answer = request.execute()
    except HttpError as refusal:
        assert refusal.resp.status == status, refusal
        return refusal.reason
    raise AssertionError(f"{request.uri} was answered: {answer}")


def good(request):
    """The answer once there is one, or nothing."""
    try:
        return request.execute()
    except HttpError:
        return None


def done(operations, operation):
    """What an operation answers once it is done."""
    if not operation.get("done"):
        name = operation["name"]
        operation = until(name, lambda: (now := operations.get(name=name).execute()).get("done") and now)
    return operation["response"]


def services():
    usage = api("serviceusage", "v1")
    names = ["compute.googleapis.com", "certificatemanager.googleapis.com"]
    full = [f"{PARENT}/services/{name}" for name in names]
    known = usage.services().batchGet(parent=PARENT, names=full).execute()["services"]
    assert [service["state"] for service in known] == ["ENABLED", "DISABLED"], known
    operation = usage.services().batchEnable(parent=PARENT, body={"serviceIds": names}).execute()
    assert len(done(usage.operations(), operation)["services"]) == 2
    enabled = usage.services().list(parent=PARENT, filter="state:ENABLED", pageSize=200).execute()["services"]
    assert names[1] in {service["config"]["name"] for service in enabled}
    usage.services().get(name=full[1]).execute()
    operation = usage.services().disable(name=full[1], body={}).execute()
    assert done(usage.operations(), operation)["service"]["state"] == "DISABLED"
    refused(403, usage.services().enable(name=f"{PARENT}/services/pizza.googleapis.com", body={}))
    billing = api("cloudbilling", "v1").projects()
    account = billing.getBillingInfo(name=PARENT).execute()["billingAccountName"]
    billing.updateBillingInfo(name=PARENT, body={"billingAccountName": account}).execute()
    step("APIs and billing")


def identities():
    iam = api("iam", "v1").projects()
    accounts, roles = iam.serviceAccounts(), iam.roles()
    body = {"accountId": "web-vm", "serviceAccount": {"displayName": "Web", "description": "flaskscale:web;v=1"}}
    assert accounts.create(name=PARENT, body=body).execute()["email"] == EMAIL
    assert "already exists" in refused(409, accounts.create(name=PARENT, body=body))
    name = f"{PARENT}/serviceAccounts/{EMAIL}"
    until("the account", lambda: good(accounts.get(name=name)))
    assert accounts.list(name=PARENT).execute()["accounts"][0]["projectId"] == PROJECT
    accounts.patch(name=name, body={"serviceAccount": {"displayName": "W"}, "updateMask": "displayName"}).execute()
    policy = {"bindings": [{"role": "roles/iam.serviceAccountUser", "members": ["user:me@x.test"]}]}
    accounts.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert accounts.getIamPolicy(resource=name).execute()["bindings"] == policy["bindings"]
    role = {"roleId": "web_console", "role": {"title": "Console", "stage": "GA",
                                              "includedPermissions": ["compute.autoscalers.update"]}}
    made = roles.create(parent=PARENT, body=role).execute()
    refused(409, roles.create(parent=PARENT, body=role))
    changed = {"includedPermissions": ["compute.autoscalers.get", "compute.autoscalers.update"]}
    roles.patch(name=made["name"], body=changed, updateMask="includedPermissions").execute()
    assert roles.delete(name=made["name"]).execute()["deleted"]
    roles.undelete(name=made["name"], body={}).execute()
    assert roles.list(parent=PARENT).execute()["roles"][0]["title"] == "Console"
    step("an account and a role")
    return made["name"]


def policies(role):
    projects = api("cloudresourcemanager", "v3").projects()
    assert projects.get(name=PARENT).execute()["state"] == "ACTIVE"
    assert api("cloudresourcemanager", "v1").projects().get(projectId=PROJECT).execute()["projectId"] == PROJECT
    asked = {"permissions": ["compute.instances.create", "dns.changes.create"]}
    assert projects.testIamPermissions(resource=PARENT, body=asked).execute() == asked
    version = {"options": {"requestedPolicyVersion": 3}}
    policy = projects.getIamPolicy(resource=PARENT, body=version).execute()
    policy.update(version=3, bindings=[{"role": role, "members": [MEMBER]}])
    body = {"policy": policy, "updateMask": "bindings,etag,version"}
    written = projects.setIamPolicy(resource=PARENT, body=body).execute()
    assert written["bindings"][0]["members"] == [MEMBER]
    assert "concurrent policy changes" in refused(409, projects.setIamPolicy(resource=PARENT, body=body))
    step("the project's policy")


def secrets():
    secrets = api("secretmanager", "v1").projects().secrets()
    body = {"replication": {"automatic": {}}, "labels": {"flaskscale": "web"}}
    secrets.create(parent=PARENT, secretId="web-session", body=body).execute()
    assert "already exists" in refused(409, secrets.create(parent=PARENT, secretId="web-session", body=body))
    name = f"{PARENT}/secrets/web-session"
    data = base64.b64encode(b"123456789").decode()
    payload = {"payload": {"data": data, "dataCrc32c": "3808858755"}}
    added = secrets.addVersion(parent=name, body=payload).execute()
    assert added["clientSpecifiedPayloadChecksum"], added
    versions = secrets.versions()
    opened = versions.access(name=f"{name}/versions/latest").execute()["payload"]
    assert opened == payload["payload"], opened
    policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": [MEMBER]}]}
    secrets.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert secrets.getIamPolicy(resource=name, options_requestedPolicyVersion=3).execute()["bindings"]
    secrets.patch(name=name, updateMask="annotations", body={"annotations": {"release": "r1"}}).execute()
    versions.disable(name=f"{name}/versions/1", body={}).execute()
    assert "DISABLED" in refused(400, versions.access(name=f"{name}/versions/1"))
    versions.destroy(name=f"{name}/versions/1", body={}).execute()
    assert versions.list(parent=name).execute()["versions"][0]["state"] == "DESTROYED"
    assert secrets.list(parent=PARENT).execute()["secrets"][0]["annotations"] == {"release": "r1"}
    secrets.delete(name=name).execute()
    assert "not found" in refused(404, secrets.get(name=name))
    step("a secret")


def web_access():
    # The library has no path for what is guarded: a resource with slashes is one variable.
    access = api("iap", "v1").v1()
    name = f"{PARENT}/iap_web/compute/services/web-site"
    policy = access.getIamPolicy(resource=name, body={"options": {"requestedPolicyVersion": 3}}).execute()
    policy["bindings"] = [{"role": "roles/iap.httpsResourceAccessor", "members": ["user:ada@example.com"]}]
    written = access.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert written["bindings"] == policy["bindings"], written
    assert "concurrent policy changes" in refused(409, access.setIamPolicy(resource=name, body={"policy": policy}))
    refused(501, access.getIapSettings(name=name))
    step("who may come in")


def repository():
    locations = api("artifactregistry", "v1").projects().locations()
    repositories, parent = locations.repositories(), f"{PARENT}/locations/{REGION}"
    body = {"format": "DOCKER", "mode": "STANDARD_REPOSITORY", "labels": {"flaskscale": "web"}, "cleanupPolicies": {
        "keep": {"id": "keep", "action": "KEEP", "mostRecentVersions": {"keepCount": 20}},
        "old": {"id": "old", "action": "DELETE", "condition": {"tagState": "UNTAGGED", "olderThan": "2592000s"}}}}
    operation = repositories.create(parent=parent, repositoryId="web", body=body).execute()
    made = done(locations.operations(), operation)
    assert made["registryUri"] == f"{REGION}-docker.pkg.dev/{PROJECT}/web", made
    assert "already exists" in refused(409, repositories.create(parent=parent, repositoryId="web", body=body))
    name = f"{parent}/repositories/web"
    policy = {"bindings": [{"role": "roles/artifactregistry.reader", "members": [MEMBER]}]}
    repositories.setIamPolicy(resource=name, body={"policy": policy}).execute()
    repositories.getIamPolicy(resource=name, options_requestedPolicyVersion=3).execute()
    repositories.patch(name=name, updateMask="description", body={"description": "images"}).execute()
    assert repositories.list(parent=parent).execute()["repositories"][0]["description"] == "images"
    done(locations.operations(), repositories.delete(name=name).execute())
    refused(404, repositories.get(name=name))
    step("a repository")


def organisation():
    policies = api("orgpolicy", "v2").projects().policies()
    name = f"{PARENT}/policies/iam.disableServiceAccountCreation"
    assert policies.getEffectivePolicy(name=name).execute()["spec"] == {}
    body = {"name": name, "spec": {"rules": [{"enforce": True}]}}
    made = policies.create(parent=PARENT, body=body).execute()
    assert "already exists" in refused(409, policies.create(parent=PARENT, body=body))
    accounts = api("iam", "v1").projects().serviceAccounts()
    asked = accounts.create(name=PARENT, body={"accountId": "not-to-be", "serviceAccount": {}})
    assert "iam.disableServiceAccountCreation" in refused(400, asked)
    changed = {"name": name, "etag": made["etag"], "spec": {"rules": [{"enforce": False}]}}
    policies.patch(name=name, body=changed).execute()
    assert policies.get(name=name).execute()["spec"]["rules"] == [{"enforce": False}]
    assert len(policies.list(parent=PARENT).execute()["policies"]) == 1
    policies.delete(name=name).execute()
    refused(404, policies.get(name=name))
    step("a policy of the organisation")


def records():
    dns = api("dns", "v1")
    zones, sets, changes = dns.managedZones(), dns.resourceRecordSets(), dns.changes()
    zone = {"name": "web", "dnsName": "example.test.", "description": "", "visibility": "public"}
    assert len(zones.create(project=PROJECT, body=zone).execute()["nameServers"]) == 4
    at = {"project": PROJECT, "managedZone": "web"}
    record = {"name": "app.example.test.", "type": "A", "ttl": 300, "rrdatas": ["203.0.113.7"]}
    change = changes.create(body={"additions": [record]}, **at).execute()
    assert change["status"] == "pending", change
    until("the change", lambda: changes.get(changeId=change["id"], **at).execute()["status"] == "done")
    refused(409, changes.create(body={"additions": [record]}, **at))
    stale = dict(record, ttl=60)
    refused(412, changes.create(body={"deletions": [stale], "additions": [record]}, **at))
    found = sets.list(name=record["name"], type="A", **at).execute()["rrsets"]
    assert found[0]["rrdatas"] == record["rrdatas"]
    text = {"name": "_flaskscale.app.example.test.", "type": "TXT", "ttl": 300, "rrdatas": ['"web"']}
    sets.create(body=text, **at).execute()
    sets.delete(name=text["name"], type="TXT", **at).execute()
    assert len(changes.list(**at).execute()["changes"]) == 1
    refused(400, zones.delete(**at))
    changes.create(body={"deletions": [record]}, **at).execute()
    assert zones.list(project=PROJECT, dnsName="example.test.").execute()["managedZones"][0]["name"] == "web"
    zones.delete(**at).execute()
    refused(404, zones.get(**at))
    step("a zone")


def front():
    compute = api("compute", "v1")

    def wait(operation):
        compute.globalOperations().wait(project=PROJECT, operation=operation["name"]).execute()

    def insert(collection, **body):
        wait(getattr(compute, collection)().insert(project=PROJECT, body=body).execute())

    insert("sslPolicies", name="tls", profile="MODERN", minTlsVersion="TLS_1_2")
    policy = compute.sslPolicies().get(project=PROJECT, sslPolicy="tls").execute()
    change = {"profile": "RESTRICTED", "fingerprint": policy["fingerprint"]}
    wait(compute.sslPolicies().patch(project=PROJECT, sslPolicy="tls", body=change).execute())
    assert compute.sslPolicies().list(project=PROJECT).execute()["items"][0]["profile"] == "RESTRICTED"
    insert("sslCertificates", name="cert", type="MANAGED", managed={"domains": ["app.test"]})
    insert("backendServices", name="site", loadBalancingScheme="EXTERNAL_MANAGED")
    insert("urlMaps", name="map", defaultService=f"{PARENT}/global/backendServices/site")
    insert("targetHttpsProxies", name="https", urlMap=f"{PARENT}/global/urlMaps/map", sslPolicy=policy["selfLink"],
           sslCertificates=[f"{PARENT}/global/sslCertificates/cert"])
    refused(400, compute.sslPolicies().delete(project=PROJECT, sslPolicy="tls"))
    wait(compute.targetHttpsProxies().setSslPolicy(project=PROJECT, targetHttpsProxy="https", body={}).execute())
    insert("globalForwardingRules", name="https", portRange="443-443",
           target=f"{PARENT}/global/targetHttpsProxies/https", loadBalancingScheme="EXTERNAL_MANAGED")

    def state():
        certificate = compute.sslCertificates().get(project=PROJECT, sslCertificate="cert").execute()
        return certificate["managed"]["status"]
    until("the certificate", lambda: state() == "ACTIVE")
    wait(compute.sslPolicies().delete(project=PROJECT, sslPolicy="tls").execute())
    quotas = compute.regions().get(project=PROJECT, region=REGION).execute()["quotas"]
    assert {"CPUS", "INSTANCES"} <= {quota["metric"] for quota in quotas}
    assert compute.projects().get(project=PROJECT).execute()["quotas"]
    step("a TLS policy, a certificate, quotas")


services()
role = identities()
secrets()
web_access()
repository()
organisation()
records()
front()
policies(role)
