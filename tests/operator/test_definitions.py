"""The API server itself refuses what makes no sense, in our words, with no operator running."""

import copy

import pytest

from k8s_operator import names
from k8s_operator.api.convert import bundle
from scheduler.scenario import load
from tests.controlplane.api import ApiError
from tests.operator.objects import policy, site

KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "chat"}
ROUTE = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "name": "chat"}
PROFILE = bundle(load("dakhla")).profiles[0]


def profile(**spec):
    one = copy.deepcopy(PROFILE)
    one["spec"] |= spec
    return one


def target(floor, ceiling):
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "chat"}
    return {"site": "dakhla", "scalerRef": scaler, "floor": floor, "ceiling": ceiling}


def objective(price, currency="MAD"):
    return {"carbonPricePerTonne": price, "currency": currency}


def broken(change):
    one = site("broken")
    change(one["spec"])
    return one


INVALID = {
    "a floor above its ceiling": (
        profile(targets=[target(5, 2)]),
        "floor must be at least 1 and at most ceiling",
    ),
    "a floor of nothing": (
        profile(targets=[target(0, 2)]),
        "floor must be at least 1 and at most ceiling",
    ),
    "an autoscaler that is none": (
        profile(targets=[target(1, 2) | {"scalerRef": KEDA}]),
        "scalerRef must be a HorizontalPodAutoscaler of autoscaling/v2",
    ),
    "a route without a backend of each site": (
        profile(routeRef=ROUTE, targets=[target(1, 2)]),
        "with a routeRef every target must name its backend",
    ),
    "a route that is none": (
        profile(routeRef=KEDA, targets=[target(1, 2) | {"backend": "chat"}]),
        "routeRef must be an HTTPRoute of gateway.networking.k8s.io",
    ),
    "two sources of one demand": (
        profile(
            demandSources=[{"region": "x", "http": {"url": "http://x"}, "configMap": {"name": "x"}}]
        ),
        "say one of prometheus, http and configMap",
    ),
    "a negative carbon price": (
        policy(objective=objective("-5")),
        "carbonPricePerTonne must not be negative",
    ),
    "an unknown currency": (policy(objective=objective("5", "XYZ")), 'Unsupported value: "XYZ"'),
    "a delay beyond two weeks": (
        policy(maxDelay="400h"),
        "maxDelay must be at most 336h, two weeks",
    ),
    "a delay of no unit": (policy(maxDelay="24"), "maxDelay"),
    "a mode that is none": (policy(mode="Sometimes"), 'Unsupported value: "Sometimes"'),
    "a PUE below one": (
        broken(lambda spec: spec.update(cooling={"pue": "0.8"})),
        "must be at least 1",
    ),
    "a PUE and a kind of cooling": (
        broken(lambda spec: spec.update(cooling={"pue": "1.2", "kind": "dry", "ratedItKw": "9"})),
        "say either kind or pue, with what belongs to it",
    ),
    "a series that is also constant": (
        broken(lambda spec: spec["grid"].update(importLimitKw={"constant": "1", "values": ["1"]})),
        "say either constant or values",
    ),
    "values of no time": (
        broken(lambda spec: spec["grid"].update(importLimitKw={"values": ["1"]})),
        "values need start and stepMinutes",
    ),
    "a number that is none": (
        broken(lambda spec: spec["grid"].update(importLimitKw={"constant": "many"})),
        "should match",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_the_api_server_refuses(api, case):
    manifest, message = INVALID[case]
    with pytest.raises(ApiError) as refused:
        api.apply(manifest)
    assert refused.value.code == 422
    assert message in refused.value.message


def test_a_sites_nodes_cannot_be_changed(api):
    one = site("fixed")
    api.apply(one)
    one["spec"]["nodeSelector"] = {names.SITE: "other"}
    with pytest.raises(ApiError, match="nodeSelector cannot be changed"):
        api.apply(one)
    api.admin.delete("/apis/alize.dev/v1alpha1/sites/fixed")


@pytest.mark.parametrize("world", ["one-site-one-battery", "dakhla", "dakhla-island"])
def test_the_api_server_keeps_every_world_as_it_was_written(api, world, namespace):
    resources = bundle(load(world), namespace=namespace)
    for one in (*resources.sites, *resources.profiles):
        stored = api.apply(one)["spec"]
        assert {key: stored[key] for key in one["spec"]} == one["spec"]
    for one in resources.sites:
        api.admin.delete(api.path_of(one))


def test_every_definition_is_established_and_every_field_documented(api):
    found = {
        one["metadata"]["name"]: one
        for one in api.admin.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
        if one["spec"]["group"] == names.GROUP
    }
    assert set(found) == {
        "sites.alize.dev",
        "energypolicies.alize.dev",
        "inferenceprofiles.alize.dev",
        "energyplans.alize.dev",
    }
    for one in found.values():
        states = {c["type"]: c["status"] for c in one["status"]["conditions"]}
        assert states["Established"] == "True"
        schema = one["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        undocumented = list(silent(schema["properties"]["spec"], "spec"))
        undocumented += silent(schema["properties"]["status"], "status")
        assert undocumented == []


def silent(schema, path):
    """Fields without a word."""
    if not schema.get("description"):
        yield path
    for name, one in schema.get("properties", {}).items():
        yield from silent(one, f"{path}.{name}")
    items = schema.get("items", {})
    for name, one in items.get("properties", {}).items():
        yield from silent(one, f"{path}[].{name}")


def test_kubectl_shows_columns_and_explains_fields(api, kubectl, namespace):
    api.apply(policy("shown", namespace))
    shown = kubectl(api, "get", "energypolicies", "-n", namespace)
    assert shown.stdout.split()[:7] == [
        "NAME", "MODE", "SUSPENDED", "HELD", "RELEASED", "PAUSED", "READY",
    ]  # fmt: skip
    assert "shown" in kubectl(api, "get", "energy", "-n", namespace).stdout
    told = kubectl(api, "explain", "energypolicy.spec.pause.minRun").stdout
    assert "It runs this long before a pause." in told
