"""The life of groups through google-cloud-compute, unmodified."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1 as c

from common import PROJECT, REGION, ZONE, answer_of, last, step, until, until_loaded

API = os.environ["API"]


def client(kind):
    return kind(credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=API))


templates = client(c.InstanceTemplatesClient)
region_templates = client(c.RegionInstanceTemplatesClient)
managers = client(c.InstanceGroupManagersClient)
region_managers = client(c.RegionInstanceGroupManagersClient)
groups = client(c.InstanceGroupsClient)
region_groups = client(c.RegionInstanceGroupsClient)
autoscalers = client(c.AutoscalersClient)
region_autoscalers = client(c.RegionAutoscalersClient)
instances = client(c.InstancesClient)
checks = client(c.HealthChecksClient)
services = client(c.BackendServicesClient)
maps = client(c.UrlMapsClient)
proxies = client(c.TargetHttpProxiesClient)
https_proxies = client(c.TargetHttpsProxiesClient)
certificates = client(c.SslCertificatesClient)
rules = client(c.GlobalForwardingRulesClient)
addresses = client(c.GlobalAddressesClient)
firewalls = client(c.FirewallsClient)
networks = client(c.NetworksClient)
subnetworks = client(c.SubnetworksClient)
images = client(c.ImagesClient)
machine_types = client(c.MachineTypesClient)
zones = client(c.ZonesClient)
regions = client(c.RegionsClient)
projects = client(c.ProjectsClient)
zone_operations = client(c.ZoneOperationsClient)
region_operations = client(c.RegionOperationsClient)
global_operations = client(c.GlobalOperationsClient)

GLOBAL = dict(project=PROJECT)
ZONAL = dict(project=PROJECT, zone=ZONE)
REGIONAL = dict(project=PROJECT, region=REGION)
GROUP = dict(ZONAL, instance_group_manager="web")
REGION_GROUP = dict(REGIONAL, instance_group_manager="wide")


def refused(error, words, call, *args, **named):
    try:
        call(*args, **named)
    except error as refusal:
        assert words in refusal.message, refusal.message
        return
    raise AssertionError(f"not refused: {words}")


def template(name, colour):
    disk = c.AttachedDisk(boot=True, auto_delete=True, initialize_params=c.AttachedDiskInitializeParams(
        source_image="projects/cos-cloud/global/images/family/cos-stable"))
    return c.InstanceTemplate(name=name, properties=c.InstanceProperties(
        machine_type="e2-micro",
        disks=[disk],
        labels={"app": "web"},
        metadata=c.Metadata(items=[c.Items(key="colour", value=colour)]),
        network_interfaces=[c.NetworkInterface(network="global/networks/default")],
    ))


def template_url(name):
    return templates.get(project=PROJECT, instance_template=name).self_link


def managed(of=managers, group=GROUP):
    return list(of.list_managed_instances(**group))


def stable(size, of=managers, group=GROUP):
    def ask():
        got = of.get(**group)
        return got.status.is_stable and got.status.version_target.is_reached and got.current_actions.none == size
    until(f"{size} instances that rest", ask)
    return managed(of, group)


def creation():
    step("template, group of two, load balancer")
    checks.insert(**GLOBAL, health_check_resource=c.HealthCheck(
        name="alive", type_="HTTP", http_health_check=c.HTTPHealthCheck(port=5000, request_path="/health"))).result()
    check = checks.get(**GLOBAL, health_check="alive")
    assert (check.check_interval_sec, check.unhealthy_threshold) == (5, 2), check
    templates.insert(**GLOBAL, instance_template_resource=template("t1", "green")).result()
    managers.insert(**ZONAL, instance_group_manager_resource=c.InstanceGroupManager(
        name="web", base_instance_name="web", target_size=2, instance_template=template_url("t1"),
        named_ports=[c.NamedPort(name="http", port=5000)])).result()
    two = stable(2)
    assert [one.instance_status for one in two] == ["RUNNING", "RUNNING"], two
    assert all(last(one.version.instance_template) == "t1" for one in two), two
    refused(exceptions.Conflict, "already exists", templates.insert,
            **GLOBAL, instance_template_resource=template("t1", "green"))
    refused(exceptions.BadRequest, "resource.type", checks.insert,
            **GLOBAL, health_check_resource=c.HealthCheck(name="bad"))
    group = groups.get(**ZONAL, instance_group="web")
    assert (group.size, group.named_ports[0].port) == (2, 5000), group
    listed = list(groups.list_instances(**ZONAL, instance_group="web",
                  instance_groups_list_instances_request_resource=c.InstanceGroupsListInstancesRequest()))
    assert {last(one.instance) for one in listed} == {one.name for one in two}, listed


def balancing():
    step("the group answers through the forwarding rule")
    group = groups.get(**ZONAL, instance_group="web").self_link
    check = checks.get(**GLOBAL, health_check="alive").self_link
    services.insert(**GLOBAL, backend_service_resource=c.BackendService(
        name="web", load_balancing_scheme="EXTERNAL_MANAGED", health_checks=[check],
        connection_draining=c.ConnectionDraining(draining_timeout_sec=1),
        backends=[c.Backend(group=group, balancing_mode="UTILIZATION", max_utilization=0.8)])).result()
    service = services.get(**GLOBAL, backend_service="web")
    assert (service.protocol, service.timeout_sec) == ("HTTP", 30), service
    maps.insert(**GLOBAL, url_map_resource=c.UrlMap(name="web", default_service=service.self_link)).result()
    url_map = maps.get(**GLOBAL, url_map="web").self_link
    verdict = maps.validate(**GLOBAL, url_map="web", url_maps_validate_request_resource=c.UrlMapsValidateRequest(
        resource=c.UrlMap(name="web", default_service=service.self_link,
                          tests=[c.UrlMapTest(host="a.org", path="/", service=service.self_link)])))
    assert verdict.result.test_passed, verdict
    proxies.insert(**GLOBAL, target_http_proxy_resource=c.TargetHttpProxy(name="web", url_map=url_map)).result()
    addresses.insert(**GLOBAL, address_resource=c.Address(name="web")).result()
    address = addresses.get(**GLOBAL, address="web")
    assert address.status == "RESERVED", address
    rules.insert(**GLOBAL, forwarding_rule_resource=c.ForwardingRule(
        name="front", load_balancing_scheme="EXTERNAL_MANAGED", port_range="80", I_p_address=address.self_link,
        target=proxies.get(**GLOBAL, target_http_proxy="web").self_link)).result()
    certificates.insert(**GLOBAL, ssl_certificate_resource=c.SslCertificate(
        name="web", type_="MANAGED", managed=c.SslCertificateManagedSslCertificate(domains=["web.example.com"]))).result()
    https_proxies.insert(**GLOBAL, target_https_proxy_resource=c.TargetHttpsProxy(
        name="web", url_map=url_map,
        ssl_certificates=[certificates.get(**GLOBAL, ssl_certificate="web").self_link])).result()
    firewalls.insert(**GLOBAL, firewall_resource=c.Firewall(
        name="probes", allowed=[c.Allowed(I_p_protocol="tcp", ports=["5000"])],
        source_ranges=["35.191.0.0/16", "130.211.0.0/22"])).result()

    def healthy():
        health = services.get_health(**GLOBAL, backend_service="web",
                                     resource_group_reference_resource=c.ResourceGroupReference(group=group))
        return [one.health_state for one in health.health_status] == ["HEALTHY", "HEALTHY"]
    until("two healthy backends", healthy)
    rule = rules.get(**GLOBAL, forwarding_rule="front")
    assert (rule.I_p_address, rule.port_range) == (address.address, "80-80"), rule
    until("an answer through the rule", lambda: answer_of(int(rule.labels["flaskscale-port"])) == 200)
    return int(rule.labels["flaskscale-port"])


def recreation():
    step("an instance is recreated under its name")
    first = managed()[0]
    before = instances.get(**ZONAL, instance=first.name)
    assert last(before.machine_type) == "e2-micro", before
    assert dict(before.labels)["app"] == "web", before
    output = instances.get_serial_port_output(**ZONAL, instance=first.name)
    assert "listening on" in output.contents, output
    managers.recreate_instances(**GROUP, instance_group_managers_recreate_instances_request_resource=
                                c.InstanceGroupManagersRecreateInstancesRequest(instances=[first.instance])).result()

    def anew():
        try:
            now = instances.get(**ZONAL, instance=first.name)
        except exceptions.NotFound:
            return False
        return now.status == "RUNNING" and now.creation_timestamp != before.creation_timestamp
    until("the recreated instance", anew)
    assert first.name in {one.name for one in stable(2)}
    refused(exceptions.BadRequest, "Must be a member of", managers.recreate_instances, **GROUP,
            instance_group_managers_recreate_instances_request_resource=
            c.InstanceGroupManagersRecreateInstancesRequest(instances=[f"zones/{ZONE}/instances/stranger"]))


def scaling(port):
    step("an autoscaler takes the group from two to six")
    managers.resize(**GROUP, size=3).result()
    stable(3)
    managers.resize(**GROUP, size=2).result()
    stable(2)
    target = managers.get(**GROUP).self_link
    # With the longest stabilization a size once reached stays, also where others take the CPU away.
    policy = c.AutoscalingPolicy(
        min_num_replicas=2, max_num_replicas=6, cool_down_period_sec=15, stabilization_period_sec=3600,
        cpu_utilization=c.AutoscalingPolicyCpuUtilization(utilization_target=0.5))
    autoscalers.insert(**ZONAL, autoscaler_resource=c.Autoscaler(
        name="web", target=target, autoscaling_policy=policy)).result()
    refused(exceptions.BadRequest, "already has the autoscaler", autoscalers.insert, **ZONAL,
            autoscaler_resource=c.Autoscaler(name="second", target=target, autoscaling_policy=policy))
    refused(exceptions.PreconditionFailed, "autoscaled", managers.resize, **GROUP, size=4)
    assert last(managers.get(**GROUP).status.autoscaler) == "web"
    refused(exceptions.BadRequest, "utilizationTarget", autoscalers.patch, **ZONAL,
            autoscaler_resource=c.Autoscaler(name="web", autoscaling_policy=c.AutoscalingPolicy(
                cpu_utilization=c.AutoscalingPolicyCpuUtilization(utilization_target=1.5))))

    until_loaded(port, "the size of six", lambda: managers.get(**GROUP).target_size == 6
                 and autoscalers.get(**ZONAL, autoscaler="web").recommended_size == 6)
    status = autoscalers.get(**ZONAL, autoscaler="web")
    assert status.status == "ACTIVE", status
    # The flattened patch names the autoscaler in its body alone.
    autoscalers.patch(**ZONAL, autoscaler_resource=c.Autoscaler(
        name="web", autoscaling_policy=c.AutoscalingPolicy(mode="OFF"))).result()
    assert autoscalers.get(**ZONAL, autoscaler="web").autoscaling_policy.max_num_replicas == 6
    # The load ends with its instances.
    managers.resize(**GROUP, size=0).result()
    stable(0)
    managers.resize(**GROUP, size=2).result()
    stable(2)


def updates(port):
    step("a rolling update, a canary and the way back, without an unanswered request")
    templates.insert(**GLOBAL, instance_template_resource=template("t2", "blue")).result()
    old, new = template_url("t1"), template_url("t2")
    patched = c.InstanceGroupManager(
        versions=[c.InstanceGroupManagerVersion(instance_template=new)],
        update_policy=c.InstanceGroupManagerUpdatePolicy(
            type_="PROACTIVE", max_surge=c.FixedOrPercent(fixed=1), max_unavailable=c.FixedOrPercent(fixed=0)))
    before = {one.name for one in managed()}
    managers.patch(**GROUP, instance_group_manager_resource=patched).result()
    assert not managers.get(**GROUP).status.version_target.is_reached

    def updated():
        assert answer_of(port) == 200
        status = managers.get(**GROUP).status
        return status.is_stable and status.version_target.is_reached
    until("the new version everywhere", updated)
    two = stable(2)
    assert {last(one.version.instance_template) for one in two} == {"t2"}, two
    # Substituted one by one, under other names.
    assert not before & {one.name for one in two}, two
    colour = {item.key: item.value for item in instances.get(**ZONAL, instance=two[0].name).metadata.items}
    assert colour["colour"] == "blue", colour

    canary = c.InstanceGroupManager(versions=[
        c.InstanceGroupManagerVersion(name="stable", instance_template=new),
        c.InstanceGroupManagerVersion(name="canary", instance_template=old, target_size=c.FixedOrPercent(fixed=1))])
    managers.patch(**GROUP, instance_group_manager_resource=canary).result()
    def shared():
        assert answer_of(port) == 200
        return sorted(last(one.version.instance_template) for one in managed() if one.current_action == "NONE") == ["t1", "t2"]
    until("one canary", shared)
    refused(exceptions.BadRequest, "resource.versions", managers.patch, **GROUP,
            instance_group_manager_resource=c.InstanceGroupManager(versions=[
                c.InstanceGroupManagerVersion(instance_template=old),
                c.InstanceGroupManagerVersion(instance_template=new)]))
    # Back is another update: to the template that was there before.
    back = c.InstanceGroupManager(versions=[c.InstanceGroupManagerVersion(instance_template=old)])
    managers.patch(**GROUP, instance_group_manager_resource=back).result()
    until("the old version everywhere", updated)
    assert {last(one.version.instance_template) for one in stable(2)} == {"t1"}

    # What is opportunistic waits to be asked.
    waiting = c.InstanceGroupManager(
        versions=[c.InstanceGroupManagerVersion(instance_template=new)],
        update_policy=c.InstanceGroupManagerUpdatePolicy(type_="OPPORTUNISTIC"))
    managers.patch(**GROUP, instance_group_manager_resource=waiting).result()
    first = managed()[0]
    assert last(first.version.instance_template) == "t1", first
    managers.apply_updates_to_instances(**GROUP, instance_group_managers_apply_updates_request_resource=
                                        c.InstanceGroupManagersApplyUpdatesRequest(
                                            instances=[first.instance], minimal_action="REPLACE")).result()
    until("the instance that was asked for", lambda: "t2" in
          {last(one.version.instance_template) for one in managed() if one.current_action == "NONE"})
    managers.patch(**GROUP, instance_group_manager_resource=back).result()
    managers.apply_updates_to_instances(**GROUP, instance_group_managers_apply_updates_request_resource=
                                        c.InstanceGroupManagersApplyUpdatesRequest(all_instances=True)).result()
    stable(2)
    templates.delete(**GLOBAL, instance_template="t2").result()


def membership():
    step("instances are created by name, abandoned and deleted")
    managers.create_instances(**GROUP, instance_group_managers_create_instances_request_resource=
                              c.InstanceGroupManagersCreateInstancesRequest(
                                  instances=[c.PerInstanceConfig(name="named")])).result()
    three = stable(3)
    assert "named" in {one.name for one in three}, three
    named = instances.get(**ZONAL, instance="named").self_link
    managers.abandon_instances(**GROUP, instance_group_managers_abandon_instances_request_resource=
                               c.InstanceGroupManagersAbandonInstancesRequest(instances=[named])).result()
    assert managers.get(**GROUP).target_size == 2
    assert "named" not in {one.name for one in stable(2)}
    assert instances.get(**ZONAL, instance="named").status == "RUNNING"
    instances.delete(**ZONAL, instance="named").result()
    until("the end of the abandoned", lambda: "named" not in {one.name for one in instances.list(**ZONAL)})
    managers.resize(**GROUP, size=3).result()
    victim = stable(3)[0]
    managers.delete_instances(**GROUP, instance_group_managers_delete_instances_request_resource=
                              c.InstanceGroupManagersDeleteInstancesRequest(instances=[victim.instance])).result()
    assert managers.get(**GROUP).target_size == 2
    assert victim.name not in {one.name for one in stable(2)}


def region():
    step("a regional group spreads over its zones")
    region_templates.insert(**REGIONAL, instance_template_resource=template("r1", "red")).result()
    local = region_templates.get(**REGIONAL, instance_template="r1").self_link
    region_managers.insert(**REGIONAL, instance_group_manager_resource=c.InstanceGroupManager(
        name="wide", base_instance_name="wide", target_size=3, instance_template=local)).result()
    three = stable(3, region_managers, REGION_GROUP)
    where = {one.instance.split("/zones/")[1].split("/")[0] for one in three}
    assert where == {f"{REGION}-a", f"{REGION}-b", f"{REGION}-c"}, where
    assert region_groups.get(**REGIONAL, instance_group="wide").size == 3
    listed = list(region_groups.list_instances(
        **REGIONAL, instance_group="wide",
        region_instance_groups_list_instances_request_resource=c.RegionInstanceGroupsListInstancesRequest()))
    assert {one.instance for one in listed} == {one.instance for one in three}, listed
    target = region_managers.get(**REGION_GROUP).self_link
    region_autoscalers.insert(**REGIONAL, autoscaler_resource=c.Autoscaler(
        name="wide", target=target, autoscaling_policy=c.AutoscalingPolicy(
            min_num_replicas=4, max_num_replicas=5,
            cpu_utilization=c.AutoscalingPolicyCpuUtilization(utilization_target=0.5)))).result()
    refused(exceptions.PreconditionFailed, "autoscaled regional", region_managers.resize, **REGION_GROUP, size=1)
    stable(4, region_managers, REGION_GROUP)
    assert [one.name for one in region_managers.list(**REGIONAL)] == ["wide"]
    assert [one.name for one in region_autoscalers.list(**REGIONAL)] == ["wide"]
    both = dict(managers.aggregated_list(**GLOBAL))
    assert both[f"regions/{REGION}"].instance_group_managers[0].name == "wide"
    assert any(one.operation_type == "insert" for one in region_operations.list(**REGIONAL))
    refused(exceptions.BadRequest, "is already being used by", region_templates.delete, **REGIONAL, instance_template="r1")
    region_autoscalers.delete(**REGIONAL, autoscaler="wide").result()
    region_managers.delete(**REGION_GROUP).result()
    region_templates.delete(**REGIONAL, instance_template="r1").result()
    refused(exceptions.NotFound, "was not found", region_managers.get, **REGION_GROUP)


def lists():
    step("every list and every description")
    def names(found):
        return {one.name for one in found}

    def everywhere(of, field, scope):
        return names(getattr(dict(of.aggregated_list(**GLOBAL))[scope], field))
    zone, region = f"zones/{ZONE}", f"regions/{REGION}"
    assert names(templates.list(**GLOBAL)) == {"t1"}
    assert everywhere(templates, "instance_templates", "global") == {"t1"}
    assert names(managers.list(**ZONAL)) == {"web"}
    assert everywhere(managers, "instance_group_managers", zone) == {"web"}
    assert names(groups.list(**ZONAL)) == {"web"}
    assert everywhere(groups, "instance_groups", zone) == {"web"}
    assert names(autoscalers.list(**ZONAL)) == {"web"}
    assert everywhere(autoscalers, "autoscalers", zone) == {"web"}
    members = {one.name for one in managed()}
    assert names(instances.list(**ZONAL)) == members
    assert everywhere(instances, "instances", zone) == members
    filtered = c.ListInstancesRequest(**ZONAL, filter=f'name = "{min(members)}"')
    assert names(instances.list(request=filtered)) == {min(members)}
    paged = c.ListInstancesRequest(**ZONAL, max_results=1)
    assert names(instances.list(request=paged)) == members
    assert names(checks.list(**GLOBAL)) == {"alive"}
    assert everywhere(checks, "health_checks", "global") == {"alive"}
    for of, field in [(services, "backend_services"), (maps, "url_maps"), (proxies, "target_http_proxies"),
                      (https_proxies, "target_https_proxies"), (certificates, "ssl_certificates")]:
        assert names(of.list(**GLOBAL)) == {"web"}, field
        assert everywhere(of, field, "global") == {"web"}, field
    assert names(rules.list(**GLOBAL)) == {"front"}
    forwarding = client(c.ForwardingRulesClient)
    assert everywhere(forwarding, "forwarding_rules", "global") == {"front"}
    assert names(forwarding.list(**REGIONAL)) == set()
    assert names(addresses.list(**GLOBAL)) == {"web"}
    assert everywhere(client(c.AddressesClient), "addresses", "global") == {"web"}
    assert addresses.get(**GLOBAL, address="web").status == "IN_USE"
    assert names(firewalls.list(**GLOBAL)) == {"probes"}
    assert firewalls.get(**GLOBAL, firewall="probes").priority == 1000
    assert names(networks.list(**GLOBAL)) == {"default"}
    assert len(networks.get(**GLOBAL, network="default").subnetworks) == 6
    assert names(subnetworks.list(**REGIONAL)) == {"default"}
    assert everywhere(subnetworks, "subnetworks", region) == {"default"}
    assert "e2-micro" in names(machine_types.list(**ZONAL))
    assert machine_types.get(**ZONAL, machine_type="e2-micro").is_shared_cpu
    assert "e2-micro" in everywhere(machine_types, "machine_types", zone)
    assert ZONE in names(zones.list(**GLOBAL)) and zones.get(**ZONAL).status == "UP"
    assert REGION in names(regions.list(**GLOBAL)) and len(regions.get(**REGIONAL).zones) == 4
    assert projects.get(**GLOBAL).name == PROJECT
    family = images.get_from_family(project="debian-cloud", family="debian-12")
    assert images.get(project="debian-cloud", image=family.name).family == "debian-12"
    assert family.name in names(images.list(project="debian-cloud"))
    errors = list(managers.list_errors(**GROUP))
    assert all(one.error.code for one in errors), errors
    done = [one for one in zone_operations.list(**ZONAL) if one.operation_type == "compute.instanceGroupManagers.resize"]
    assert done and all(one.status == c.Operation.Status.DONE for one in done)
    everything = c.AggregatedListGlobalOperationsRequest(**GLOBAL, filter="operationType = insert")
    kinds = {one.operation_type for _, some in global_operations.aggregated_list(request=everything) for one in some.operations}
    assert kinds == {"insert"}, kinds
    receipt = done[0].name
    assert zone_operations.wait(**ZONAL, operation=receipt).name == receipt
    zone_operations.delete(**ZONAL, operation=receipt)
    refused(exceptions.NotFound, receipt, zone_operations.get, **ZONAL, operation=receipt)


def deletion():
    step("deletion, and the refusals on the way")
    used = "is already being used by"
    for call, named in [
        (addresses.delete, dict(address="web")),
        (proxies.delete, dict(target_http_proxy="web")),
        (maps.delete, dict(url_map="web")),
        (services.delete, dict(backend_service="web")),
        (certificates.delete, dict(ssl_certificate="web")),
        (checks.delete, dict(health_check="alive")),
        (templates.delete, dict(instance_template="t1")),
    ]:
        refused(exceptions.BadRequest, used, call, **GLOBAL, **named)
    refused(exceptions.BadRequest, used, managers.delete, **GROUP)
    rules.delete(**GLOBAL, forwarding_rule="front").result()
    addresses.delete(**GLOBAL, address="web").result()
    proxies.delete(**GLOBAL, target_http_proxy="web").result()
    https_proxies.delete(**GLOBAL, target_https_proxy="web").result()
    certificates.delete(**GLOBAL, ssl_certificate="web").result()
    maps.delete(**GLOBAL, url_map="web").result()
    services.delete(**GLOBAL, backend_service="web").result()
    refused(exceptions.BadRequest, used, managers.delete, **GROUP)
    autoscalers.delete(**ZONAL, autoscaler="web").result()
    managers.delete(**GROUP).result()
    refused(exceptions.NotFound, "was not found", managers.get, **GROUP)
    until("the end of all instances", lambda: not list(instances.list(**ZONAL)))
    templates.delete(**GLOBAL, instance_template="t1").result()
    checks.delete(**GLOBAL, health_check="alive").result()
    firewalls.delete(**GLOBAL, firewall="probes").result()
    for of in [templates, checks, services, maps, proxies, https_proxies, certificates, rules, addresses, firewalls]:
        assert not list(of.list(**GLOBAL)), of


creation()
front = balancing()
recreation()
updates(front)
membership()
scaling(front)
region()
lists()
deletion()
