"""The operator on a real control plane: cold start, memory, writes, releases, quiet re-plans.

Figures come from the API server's audit log and from the kernel, not from the operator itself. The
control plane runs at stock controller limits.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.line import Line, Metric, line_of
from benchmarks.meter import Meter
from scheduler.errors import DataUnavailable, InputError

NAME = "operator"
SUMMARY = "the operator at size on a real control plane: start, memory, writes, releases"
METRICS = (
    Metric(
        name="first_plan_s",
        unit="s",
        better="lower",
        meaning="process start to an active EnergyPlan of all Jobs, verified, gap at most 5 %",
    ),
    Metric(
        name="first_plan_cpu_s",
        unit="s",
        better="lower",
        meaning="processor time of the operator and its planner until then",
    ),
    Metric(
        name="rss_mib",
        unit="MiB",
        better="lower",
        meaning="peak resident memory of the operator, without the planner's process",
    ),
    Metric(
        name="writes_per_s_max",
        unit="1/s",
        better="lower",
        meaning="most writes of the operator in any second",
    ),
    Metric(
        name="releases_s",
        unit="s",
        better="lower",
        meaning="first patch to the last Job stored with suspend: false",
    ),
    Metric(
        name="unchanged_patches",
        unit="patches",
        better="lower",
        meaning="patches of Jobs in re-plans of unchanged inputs",
    ),
)
REPLANS = 10
GPUS_A_NODE = 16
CREATORS = 8
OPERATOR = "system:serviceaccount:alize-system:alize-operator"
PLANS = "/apis/alize.dev/v1alpha1/energyplans"
REFUSED = 300
MOST_GAP = 0.05
QUIET_S = 10.0
KIB_A_MIB = 1024
SITES = ("clean", "dirty")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this case can be asked."""
    parser.add_argument("--jobs", type=int, default=10_000, help="held Jobs (%(default)s)")
    parser.add_argument("--nodes", type=int, default=1000, help="kwok nodes (%(default)s)")
    parser.add_argument(
        "--wait", type=float, default=900, metavar="S", help="longest wait for each figure"
    )


def run(options: argparse.Namespace) -> Iterator[Line]:
    """Lines of the one cluster asked for, each as soon as it is known."""
    if options.jobs < 1 or options.nodes < len(SITES):
        raise InputError(
            f"--jobs, --nodes: must be at least 1 and {len(SITES)}, "
            f"got {options.jobs} and {options.nodes}"
        )
    from tests.controlplane.controlplane import Options, control_plane
    from tests.controlplane.tools import NoControlPlane, programs

    try:
        tools = programs()
    except NoControlPlane as error:
        raise DataUnavailable(str(error)) from None
    with control_plane(Options(quick=False, node_lease_s=200), tools=tools) as plane:
        yield from measure(plane, options)


def measure(plane: Any, options: argparse.Namespace) -> Iterator[Line]:
    """The figures, in the order they come about."""
    from tests.operator.objects import policy
    from tests.operator.replica import Replica, install

    meter, jobs = Meter(), options.jobs
    conditions = {"jobs": jobs, "nodes": options.nodes, "kubernetes": plane.tools.kubernetes}
    by_name = {metric.name: metric for metric in METRICS}

    def line(name: str, value: float) -> Line:
        return line_of(NAME, by_name[name], value, cost=meter.read(), conditions=conditions, n=jobs)

    install(plane)
    furnish(plane, options.nodes)
    plane.apply(policy("all", "default", maxDelay="48h"))
    create(plane, jobs)
    settings = {
        "STEP_MIN": 60,
        "HORIZON_H": 72,
        "SETTLE_S": 5,
        "DECIDE_EVERY_S": 2,
        "REPLAN_EVERY_S": 20,
        "LEASE__LASTS_S": 15,
        "LEASE__RENEWS_WITHIN_S": 10,
        "LEASE__RETRIES_EVERY_S": 2,
        "WATCH__ENDS_AFTER_S": 290,
        "WATCH__SILENCE_S": 75,
        "REQUEST_TIMEOUT_S": 30,
        "SCRATCH": plane.folder,
    }
    with Replica(plane, "one", **settings) as one:
        begun = time.monotonic()
        assert one.process is not None
        await_(lambda: covered(plane) == jobs, options.wait, "the first plan")
        yield line("first_plan_s", round(time.monotonic() - begun, 2))
        yield line("first_plan_cpu_s", round(cpu_s(one.process.pid), 2))
        await_(lambda: told(plane) >= jobs, options.wait, "every Job's planned start")
        await_(lambda: quiet(plane), options.wait, "no more to tell")
        quiet_from, planned = datetime.now(UTC), plans(one)
        await_(lambda: plans(one) >= planned + REPLANS, options.wait, "ten re-plans")
        patches = sum(at > quiet_from for at, _ in patched(plane))
        yield line("unchanged_patches", patches)
        due_from = datetime.now(UTC)
        plane.apply(policy("all", "default", maxDelay="1s"))
        await_(lambda: not held(plane), options.wait, "every release")
        let_go = [at for at, body in patched(plane) if at > due_from and lets_go(body)]
        yield line("releases_s", round((max(let_go) - min(let_go)).total_seconds(), 2))
        yield line("rss_mib", round(peak_rss_mib(one.process.pid), 1))
    yield line("writes_per_s_max", most_writes_in_a_second(plane))


def furnish(plane: Any, nodes: int) -> None:
    """Two Sites, and their nodes."""
    from tests.operator.objects import node, site

    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    carbon = [800.0] * 12 + [20.0] * 60
    plane.apply(
        site("clean", carbon_g_per_kwh=carbon, start=start, step_min=60, import_limit_kw=1e6)
    )
    plane.apply(site("dirty", carbon_g_per_kwh=900, import_limit_kw=1e6))
    path = "/api/v1/nodes"
    for number in range(nodes):
        one = node(f"node-{number}", SITES[number % len(SITES)], GPUS_A_NODE)
        plane.admin.post(path, one)
    await_(lambda: ready(plane) == nodes, 300, "Ready nodes")


def ready(plane: Any) -> int:
    """Nodes that are Ready."""
    return sum(
        any(c["type"] == "Ready" and c["status"] == "True" for c in one["status"]["conditions"])
        for one in plane.admin.items("/api/v1/nodes")
        if "conditions" in one["status"]
    )


def create(plane: Any, jobs: int) -> None:
    """Held Jobs, created by several at once."""
    from k8s_operator import names
    from tests.operator.objects import job

    def one(number: int) -> None:
        made = job(f"job-{number}", run_time="1h")
        made["spec"]["suspend"] = True
        made["metadata"]["annotations"][names.HELD] = "all"
        plane.admin.post("/apis/batch/v1/namespaces/default/jobs", made)

    begun = time.monotonic()
    with ThreadPoolExecutor(CREATORS) as pool:
        list(pool.map(one, range(jobs)))
    say(f"{jobs} Jobs created in {time.monotonic() - begun:.1f} s")


def covered(plane: Any) -> int:
    """Jobs in the largest plan whose gap is small enough; others say so on the way."""
    found = [one["status"] for one in plane.admin.get(PLANS)["items"] if one.get("status")]
    close = [one for one in found if float(one["solver"]["gap"]) <= MOST_GAP]
    return max((one["totals"]["jobs"] for one in close), default=0)


def quiet(plane: Any) -> bool:
    """Whether no Job was patched for a while: the plan is told."""
    last = max((at for at, _ in patched(plane)), default=datetime.now(UTC))
    return (datetime.now(UTC) - last).total_seconds() > QUIET_S


def told(plane: Any) -> int:
    """Jobs that say their planned start."""
    from k8s_operator import names

    return sum(
        names.PLANNED_START in one["metadata"]["annotations"]
        for one in plane.admin.items("/apis/batch/v1/namespaces/default/jobs")
    )


def held(plane: Any) -> bool:
    """Whether any Job is still suspended."""
    jobs = plane.admin.items("/apis/batch/v1/namespaces/default/jobs")
    return any(one["spec"].get("suspend") for one in jobs)


def plans(replica: Any) -> float:
    """Plans that were made."""
    return float(sum(replica.metric("alize_plans_total").values()))


def own_writes(plane: Any) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Every write of the operator the audit log knows, with its time."""
    for one in plane.audit():
        if one["user"]["username"] == OPERATOR:
            yield datetime.fromisoformat(one["requestReceivedTimestamp"]), one


def patched(plane: Any) -> list[tuple[datetime, dict[str, Any]]]:
    """Accepted patches of Jobs by the operator, with their times."""
    return [
        (at, one.get("requestObject", {}))
        for at, one in own_writes(plane)
        if one["verb"] == "patch"
        and one["objectRef"]["resource"] == "jobs"
        and one["responseStatus"]["code"] < REFUSED
    ]


def lets_go(body: dict[str, Any]) -> bool:
    """Whether a patch releases its Job."""
    return body.get("spec", {}).get("suspend") is False


def most_writes_in_a_second(plane: Any) -> int:
    """Most writes of the operator in one second of the clock, its Lease among them."""
    seconds = Counter(int(at.timestamp()) for at, _ in own_writes(plane))
    return max(seconds.values(), default=0)


def cpu_s(pid: int) -> float:
    """Processor time of a process and the children it has, as the kernel counts it. [s]"""
    ticks = 0
    for one in (str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        user, system = fields[11:13]
        ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_rss_mib(pid: int) -> float:
    """Largest resident memory a process ever had, as the kernel kept it. [MiB]"""
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith("VmHWM:"):
            return int(row.split()[1]) / KIB_A_MIB
    raise DataUnavailable(f"process {pid}: the kernel does not tell its peak memory")


def await_(true: Any, within_s: float, what: str) -> None:
    """Wait for `true`; a case that comes to no figure says which."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > within_s:
            raise DataUnavailable(f"{what}: not within {within_s:g} s; give more with --wait")
        time.sleep(0.5)
    say(f"{what}: after {time.monotonic() - begun:.1f} s")


def say(text: str) -> None:
    """Talk."""
    print(f"{NAME}: {text}", file=sys.stderr, flush=True)
