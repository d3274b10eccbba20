"""The whole product on a laptop: a real control plane, a day of training jobs, what it saved.

The sites, their weather and the jobs are those of a world that ships; nodes and pods are kwok's,
and the clock runs fast. Every job comes when the world says so. What ran is read back from the
cluster and accounted for by the weather that came true, beside run-now: every job at its home as
soon as it came. In both accounts the batteries follow the same rule.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from k8s_operator import names
from k8s_operator.api.convert import bundle, job_manifest
from k8s_operator.install.admission import FIRST_MUTATING_MINOR
from optimizer.baselines import run_now, self_consumption
from optimizer.load import Load
from optimizer.plan import Placement, Plan, Run
from optimizer.problem import Problem
from optimizer.work import Job
from scheduler.accounting.kpis import Kpis, kpis_of
from scheduler.planning.actual import actual
from scheduler.scenario import Scenario, load
from scheduler.scenario.jobs import JobSpec
from tests.controlplane.controlplane import ControlPlane, control_plane
from tests.controlplane.tools import NoControlPlane, programs
from tests.operator.objects import node, policy
from tests.operator.replica import Replica, install

WORLD = "dakhla"
START_UP_S = 20.0
TOLD_EVERY = timedelta(hours=3)
GRACE_S = 60.0
STAGE = "pod-complete.stage.kwok.x-k8s.io"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
READ_EVERY_S = 1.0
#: Each pod of a job holds so many, as servers are shared among few.
GPUS_A_POD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a demonstration came to.

    Attributes:
        starts: Of each job that was let go: its site, and when it started, in world time.
        held: Jobs that were never let go.
        lived: The account of what ran.
        baseline: The account of run-now, of the same jobs in the same weather.
        idle: That of the same machines without any job, which is in both.
        moved: Jobs that ran away from their home.
        waited: Jobs that started an hour or more after they came.
    """

    starts: Mapping[str, tuple[str, datetime]]
    held: tuple[str, ...]
    lived: Kpis
    baseline: Kpis
    idle: Kpis
    moved: int
    waited: int


def scenario_of_the_day(world: str, most_jobs: int) -> Scenario:
    """A world's sites and the jobs of its first day, each in its base mode and without pauses.

    A kwok pod runs for a time that is fixed as it is made, so a job is not resized here.
    """
    whole = load(world)
    ends = whole.horizon.start + timedelta(days=1)
    coming = sorted((one for one in whole.jobs if one.release < ends), key=lambda j: j.release)
    chosen = coming[:most_jobs]
    known = {one.name for one in chosen}
    return replace(
        whole,
        jobs=tuple(
            replace(
                one,
                kind="contiguous",
                modes=one.modes[:1],
                resume_h=0.0,
                after=tuple(name for name in one.after if name in known),
            )
            for one in chosen
        ),
        services={},
        world=whole.world.model_copy(update={"services": {}}),
    )


def nodes_of(scenario: Scenario, count: int) -> Iterator[dict[str, Any]]:
    """`count` nodes that hold the GPUs of all sites, as evenly as may be, by the pod."""
    pods = {
        name: sum(_most(pool.gpus) for pool in site.pools.values()) // GPUS_A_POD
        for name, site in scenario.world.sites.items()
    }
    total = sum(pods.values())
    shares = {name: max(1, round(count * own / total)) for name, own in pods.items()}
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] += count - sum(shares.values())
    for name, share in shares.items():
        each, over = divmod(pods[name], share)
        for number in range(share):
            yield node(f"{name}-{number}", name, GPUS_A_POD * (each + (number < over)))


def _most(gpus: object) -> int:
    """The largest value of a series of GPUs."""
    return max(gpus) if isinstance(gpus, tuple) else int(str(gpus))


def demonstrate(
    *, nodes: int, jobs: int, speed: float, max_delay_h: float, plane: ControlPlane
) -> Shown:
    """Let the day pass on `plane`, saying how it goes."""
    scenario = scenario_of_the_day(WORLD, jobs)
    resources, start = bundle(scenario), scenario.horizon.start
    minor = int(plane.admin.get("/version")["minor"].rstrip("+"))
    install(plane, minor=minor)
    for one in resources.sites:
        plane.apply(one)
    for one in nodes_of(scenario, nodes):
        plane.admin.post("/api/v1/nodes", one)
    plane.apply(policy("training", "default", maxDelay=f"{max_delay_h:g}h"))
    world = plane.folder / "demo-world.yaml"
    world.write_text(yaml.safe_dump(dict(resources.world)))
    sites = ", ".join(scenario.world.sites)
    say(f"Kubernetes {plane.tools.kubernetes} on loopback, {nodes} nodes at {sites}")
    say(f"{len(scenario.jobs)} training jobs come in a day; one second is {speed / 60:.1f} minutes")
    clock_wall = datetime.now(UTC) + timedelta(seconds=START_UP_S)
    settings = {
        "WORLD": world,
        "CLOCK_ORIGIN": start.isoformat(),
        "CLOCK_WALL": clock_wall.isoformat(),
        "CLOCK_SPEED": speed,
        "STEP_MIN": scenario.horizon.step_min,
        "HORIZON_H": 72,
        "EXPIRES_AFTER_H": 24,
        "SETTLE_S": 2,
        "REPLAN_EVERY_S": 20,
        "SOLVE_LIMIT_S": 15,
        "LEASE__LASTS_S": 15,
        "LEASE__RENEWS_WITHIN_S": 10,
        "LEASE__RETRIES_EVERY_S": 2,
        "SCRATCH": plane.folder,
    }
    ends = max(one.release for one in scenario.jobs) + timedelta(hours=max_delay_h)

    def now() -> datetime:
        return start + (datetime.now(UTC) - clock_wall) * speed

    def world_time(wall: str) -> datetime:
        return start + (datetime.fromisoformat(wall) - clock_wall) * speed

    with Replica(plane, "demo", **settings) as replica:
        replica.wait_ready(120)
        day = _Day(plane, scenario, speed, holds=minor >= FIRST_MUTATING_MINOR)
        latest_wall = clock_wall + (ends - start) / speed + timedelta(seconds=GRACE_S)
        while datetime.now(UTC) < latest_wall and not day.is_over:
            day.turn(now())
            time.sleep(READ_EVERY_S)
        starts = day.starts(world_time)
    return account(scenario, starts)


class _Day:
    """Jobs as they come, and a line about them every so often."""

    def __init__(
        self, plane: ControlPlane, scenario: Scenario, speed: float, *, holds: bool
    ) -> None:
        """`holds` says whether the API server itself holds a Job as it is created."""
        self._plane, self._speed, self._holds = plane, speed, holds
        self._coming = list(scenario.jobs)
        self._next_line = scenario.horizon.start
        self.is_over = False

    def turn(self, now: datetime) -> None:
        """Create what has come by now, and look."""
        while self._coming and self._coming[0].release <= now:
            made = _manifest(self._coming.pop(0), self._speed, holds=self._holds)
            self._plane.admin.post(JOBS, made)
        there = list(self._plane.admin.items(JOBS))
        held = sum(bool(one["spec"].get("suspend")) for one in there)
        begun = sum(one["status"].get("startTime") is not None for one in there)
        self.is_over = not self._coming and not held and begun == len(there)
        if now < self._next_line and not self.is_over:
            return
        self._next_line = now + TOLD_EVERY
        done = sum(one["status"].get("completionTime") is not None for one in there)
        waiting = Counter(
            one["metadata"].get("annotations", {}).get(names.REASON, "PendingEvaluation")
            for one in there
            if one["spec"].get("suspend")
        )
        why = ", ".join(f"{count} {reason}" for reason, count in waiting.most_common())
        say(
            f"{now:%a %H:%M}  {len(there):3d} came, {len(there) - held - done:3d} run, "
            f"{done:3d} done, {held:3d} wait" + (f": {why}" if why else "")
        )

    def starts(self, world_time: Any) -> dict[str, tuple[str, datetime]]:
        """Site and start of every job that was let go, as the cluster tells them."""
        found = {}
        for one in self._plane.admin.items(JOBS):
            began = one["status"].get("startTime")
            site = one["spec"]["template"]["spec"].get("nodeSelector", {}).get(names.SITE)
            if began is not None and site is not None and not one["spec"].get("suspend"):
                found[one["metadata"]["name"]] = (site, world_time(began))
        return found


def _manifest(spec: JobSpec, speed: float, *, holds: bool) -> dict[str, Any]:
    """A Job whose pods run as long as the world says, on the fast clock."""
    made = job_manifest(spec, "default")
    pods, over = divmod(spec.modes[0].gpus, GPUS_A_POD)
    assert not over, f"{spec.name}: {spec.modes[0].gpus} GPUs are no whole pods"
    made["spec"] |= {"parallelism": pods, "completions": pods}
    # It comes now: its creation is its earliest start.
    del made["metadata"]["annotations"][names.EARLIEST_START]
    runs = f"{spec.work_h * 3600 / speed:.0f}s"
    template = made["spec"]["template"]
    room = {names.GPU_RESOURCE: str(GPUS_A_POD)}
    template["spec"]["containers"][0]["resources"] = {"requests": room, "limits": room}
    template["metadata"] = {"annotations": {f"{STAGE}/delay": runs, f"{STAGE}/jitter-delay": runs}}
    if not holds:
        made["spec"]["suspend"] = True
        made["metadata"]["annotations"][names.HELD] = "training"
    return made


def account(scenario: Scenario, starts: Mapping[str, tuple[str, datetime]]) -> Shown:
    """What ran beside run-now, by what came true of weather and carbon; to the plan's step.

    Jobs that never ran are in neither account.
    """
    held = tuple(one.name for one in scenario.jobs if one.name not in starts)
    ran = replace(scenario, jobs=tuple(one for one in scenario.jobs if one.name in starts))
    truth, later = actual(ran)
    placements = tuple(placed(truth, job, starts) for job in truth.jobs)
    lived = plan_of(truth, placements)
    away = [one for one in truth.jobs if starts[one.name][0] != one.home]
    hour = timedelta(hours=1)
    late = [one for one in truth.jobs if starts[one.name][1] - one.release >= hour]
    return Shown(
        starts=starts,
        held=(*held, *later),
        lived=kpis_of(truth, lived),
        baseline=kpis_of(truth, run_now(truth)),
        idle=kpis_of(truth, plan_of(truth, [Placement.none(job) for job in truth.jobs])),
        moved=len(away),
        waited=len(late),
    )


def placed(problem: Problem, job: Job, starts: Mapping[str, tuple[str, datetime]]) -> Placement:
    """A job where and when it ran."""
    site, at = starts[job.name]
    step = max(0, int((at - problem.horizon.start) / problem.horizon.step))
    run = Run(first_step=step, n_steps=problem.n_steps(job))
    return Placement(job=job.name, site=site, runs=(run,))


def plan_of(problem: Problem, placements: Sequence[Placement]) -> Plan:
    """A plan of what ran, its energy taken as run-now takes it."""
    drawn = Load.of(problem, placements, {}).facility_kw(problem)
    return Plan(
        placements=tuple(placements),
        servings={},
        dispatch=self_consumption(problem, drawn),
    )


def lines(shown: Shown, currency: str) -> Iterable[str]:
    """What it came to, for people."""
    lived, before, idle = shown.lived, shown.baseline, shown.idle
    by_site = Counter(site for site, _ in shown.starts.values())
    yield ""
    yield f"  {'what the jobs add':22} {'run-now':>12} {'Alizé':>12} {'change':>9}"
    for what, unit, was, now in (
        (
            "emissions",
            "kg CO2e",
            before.emissions_kg - idle.emissions_kg,
            lived.emissions_kg - idle.emissions_kg,
        ),
        ("cost", currency, before.cost - idle.cost, lived.cost - idle.cost),
    ):
        change = f"{100 * (now / was - 1):+.1f} %" if was > 0 else "-"
        yield f"  {f'{what} [{unit}]':22} {was:12,.0f} {now:12,.0f} {change:>9}"
    yield ""
    where = ", ".join(f"{count} at {site}" for site, count in by_site.most_common())
    yield f"  {len(shown.starts)} jobs ran: {where}."
    yield (
        f"  {shown.waited} waited an hour or more, {shown.moved} ran away from home, "
        f"{len(shown.held)} never started."
    )
    yield (
        f"  Beside them the idle machines emit {idle.emissions_kg:,.0f} kg in the week, planned or "
        "not."
    )
    yield "  Power is modelled, weather is synthetic; starts and sites are the cluster's own."


def say(text: str) -> None:
    """Talk."""
    print(text, flush=True)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operator.demo", description=__doc__)
    parser.add_argument("--nodes", type=int, default=200, help="kwok nodes (%(default)s)")
    parser.add_argument("--jobs", type=int, default=41, help="jobs of the day at most")
    parser.add_argument("--speed", type=float, default=520, help="world seconds a second")
    parser.add_argument("--max-delay", type=float, default=12, help="longest wait of a job [h]")
    options = parser.parse_args()
    try:
        tools = programs()
    except NoControlPlane as error:
        sys.stderr.write(f"{error}\n")
        return 3
    begun = time.monotonic()
    with control_plane(tools=tools) as plane:
        shown = demonstrate(
            nodes=options.nodes,
            jobs=options.jobs,
            speed=options.speed,
            max_delay_h=options.max_delay,
            plane=plane,
        )
    for line in lines(shown, load(WORLD).world.currency):
        say(line)
    say(f"\n  It took {(time.monotonic() - begun) / 60:.1f} minutes.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
