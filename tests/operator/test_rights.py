"""The operator's account may do this list and no more; its pods pass the strictest rules."""

import pytest

from k8s_operator.install.manifests import manifests
from k8s_operator.install.rights import ACCOUNT, DEADMAN, rights

GOLDEN = {
    ACCOUNT: {
        "batch/jobs": {"get", "list", "watch", "patch"},
        "autoscaling/horizontalpodautoscalers": {"get", "list", "patch"},
        "apps/deployments": {"get"},
        "apps/statefulsets": {"get"},
        "gateway.networking.k8s.io/httproutes": {"get", "list", "patch"},
        "/nodes": {"get", "list", "watch"},
        "alize.dev/sites": {"get", "list", "watch"},
        "alize.dev/energypolicies": {"get", "list", "watch"},
        "alize.dev/inferenceprofiles": {"get", "list", "watch"},
        "alize.dev/energyplans": {"get", "list", "watch", "create", "patch", "delete"},
        "alize.dev/sites/status": {"patch"},
        "alize.dev/energypolicies/status": {"patch"},
        "alize.dev/inferenceprofiles/status": {"patch"},
        "alize.dev/energyplans/status": {"patch"},
        "events.k8s.io/events": {"create"},
        "coordination.k8s.io/leases": {"get", "create", "update"},
        "/configmaps": {"get", "create"},
    },
    DEADMAN: {
        "batch/jobs": {"get", "list", "patch"},
        "alize.dev/energypolicies": {"get", "list"},
        "events.k8s.io/events": {"create"},
        "coordination.k8s.io/leases": {"get"},
    },
}
#: What every account of a cluster may do: ask what it may do itself.
EVERYBODYS = {"authorization.k8s.io", "authentication.k8s.io"}


@pytest.mark.parametrize("account", GOLDEN)
def test_the_api_server_lets_the_account_do_this_and_no_more(api, account):
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "alize-system"},
    }
    answer = api.admin.call(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        review,
        impersonate=f"system:serviceaccount:alize-system:{account}",
    )
    found = {}
    for rule in answer["status"]["resourceRules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                if group not in EVERYBODYS:
                    found.setdefault(f"{group}/{resource}", set()).update(rule["verbs"])
    assert found == GOLDEN[account]


def test_no_right_is_a_wildcard_and_none_reaches_pods_or_secrets():
    for one in rights("alize-system"):
        for rule in one.get("rules", ()):
            words = [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert "*" not in words
            assert not {"pods", "secrets"} & set(rule["resources"])


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_the_pods_are_admitted_without_a_warning_where_the_strictest_rules_hold(api, kind):
    one = next(one for one in manifests() if one["kind"] == kind)
    spec = one["spec"]
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"try-{kind.lower()}", "namespace": "alize-system"},
        "spec": spec["template"]["spec"],
    }
    api.admin.post("/api/v1/namespaces/alize-system/pods", pod, dryRun="All")
    assert api.admin.warnings == []
