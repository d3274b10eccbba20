"""From a question to the scenario it describes; what is broken is left out, and named.

One bad Site or Job must not keep the others from being planned.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from pydantic import ValidationError

from k8s_operator.api.convert import service_content, site_content
from k8s_operator.planning.question import Ask, Question, SiteFacts, Trouble
from scheduler.planning.reasons import Reason
from scheduler.scenario import Scenario
from scheduler.scenario.jobs import Job, JobKind, JobSpec, job_spec
from scheduler.scenario.resolve import service_series, site_series
from scheduler.scenario.services import Service
from scheduler.scenario.sites import Site
from scheduler.scenario.world import World

Troubles = dict[str, Trouble]
DAY = timedelta(days=1)


class Unplannable(Exception):
    """Nothing can be planned at all; the message says why and what to do."""


def scenario_of(question: Question) -> tuple[Scenario, Troubles, Troubles, Troubles]:
    """The scenario, and what is wrong with Jobs, Sites and services that are left out of it.

    Raises:
        Unplannable: No Site is left, or the operator's settings of the world are broken.
    """
    step = timedelta(minutes=question.step_min)
    troubled: Troubles = {}
    sites: dict[str, Any] = {}
    for facts in question.sites:
        try:
            sites[facts.name] = Site.model_validate(_site(facts, question))
        except (ValidationError, ValueError, KeyError) as error:
            troubled[facts.name] = misconfigured(f"Site {facts.name}", error)
    if not sites:
        raise Unplannable("no Site can be planned with: " + (_told(troubled) or "there is none"))
    content = dict(question.world)
    links = [one for one in content.get("links", ()) if set(one["between"]) <= sites.keys()]
    services, silent = _services(question, sites, content.get("regions", {}))
    try:
        world = World.model_validate(
            {
                "version": 1,
                "name": "cluster",
                **content,
                "links": links,
                "sites": sites,
                "services": services,
                "horizon": {
                    "start": question.start,
                    "days": question.n_steps * step / DAY,
                    "step_min": question.step_min,
                },
            }
        )
    except ValidationError as error:
        raise Unplannable(misconfigured("settings of the world", error).message) from None
    jobs, troubles = _jobs(question.jobs, world)
    scenario = Scenario(
        world=world,
        jobs=tuple(jobs),
        sites={name: site_series(site, world.horizon) for name, site in world.sites.items()},
        services={
            name: service_series(one, world.regions, world.horizon)
            for name, one in world.services.items()
        },
        source="cluster",
    )
    return scenario, troubles, troubled, silent


def _site(facts: SiteFacts, question: Question) -> Any:
    """A site as a scenario has it, its GPUs no more than its Ready nodes hold."""
    step = timedelta(minutes=question.step_min)
    spec = dict(facts.spec)
    if facts.gpus is not None:
        spec["pools"] = [
            pool
            if "gpus" in pool
            else pool | {"gpus": {"constant": str(facts.gpus.get(pool["name"], 0))}}
            for pool in spec["pools"]
        ]
    content = site_content(spec, question.start, step, question.n_steps)
    if facts.gpus is not None:
        for gpu_type, pool in content["pools"].items():
            there = facts.gpus.get(gpu_type, 0)
            said = pool["gpus"]
            pool["gpus"] = (
                tuple(min(one, there) for one in said)
                if isinstance(said, list)
                else min(said, there)
            )
    for plant, hours in facts.observed.items():
        if "capacity_kw" not in content.get(plant, {}):
            raise ValueError(
                f"observations.{plant}: needs a plant described by capacityKw, whose forecast can "
                "rest on what it gave; describe it, or leave the observation out"
            )
        content[plant]["record"] = {"start": hours.start, "power_kw": hours.power_kw}
    return content


def _services(
    question: Question, sites: Mapping[str, Site], regions: Mapping[str, Any]
) -> tuple[dict[str, Service], Troubles]:
    step = timedelta(minutes=question.step_min)
    services: dict[str, Service] = {}
    silent: Troubles = {}
    for name, spec in question.services.items():
        try:
            content = service_content(spec, question.start, step, question.n_steps)
            for region, rates in question.came.get(name, {}).items():
                content["demand"][region]["record"] = {"start": rates.start, "rps": rates.rps}
            one = Service.model_validate(content)
            if one.home not in sites:
                # Its home is lost: where else it has replicas is home meanwhile.
                there = [t["site"] for t in spec.get("targets", ()) if t["site"] in sites]
                one = one.model_copy(update={"home": there[0]}) if there else one
            missing = {one.home} - sites.keys() | set(one.demand) - regions.keys()
        except (ValidationError, ValueError, KeyError) as error:
            silent[name] = misconfigured(f"InferenceProfile {name}", error)
            continue
        if missing:
            told = ValueError(f"names what is not there: {', '.join(sorted(missing))}")
            silent[name] = misconfigured(f"InferenceProfile {name}", told)
        else:
            services[name] = one
    return services, silent


def _jobs(asks: tuple[Ask, ...], world: World) -> tuple[list[JobSpec], Troubles]:
    """Each job with nothing left to look up, and those that no site could ever run."""
    specs: dict[str, JobSpec] = {}
    troubles: Troubles = {}
    for ask in asks:
        try:
            spec = _spec(ask, world)
        except ValueError as error:
            troubles[ask.name] = misconfigured(f"Job {ask.name}", error)
            continue
        if trouble := _hopeless(spec, world):
            troubles[ask.name] = trouble
        else:
            specs[ask.name] = spec
    # A job it names may have ended, or be none of ours; it waits only for those that are planned.
    known = specs.keys()
    return [
        replace(spec, after=tuple(name for name in spec.after if name in known))
        for spec in specs.values()
    ], troubles


def _spec(ask: Ask, world: World) -> JobSpec:
    allowed = [name for name in world.sites if not ask.sites or name in ask.sites]
    base, *others = ask.modes
    home = ask.home if ask.home in world.sites else None
    described = Job.model_construct(
        kind=cast(JobKind, ask.kind),
        gpu_type=ask.gpu_type,
        gpus=base.gpus,
        work_h=ask.work_h,
        power_kw_per_gpu=base.watts_per_gpu / 1000,
        release=ask.release,
        due=ask.due,
        deadline=ask.deadline,
        resume_h=ask.resume_h,
        modes=(),
        home=home or allowed[0] if allowed else next(iter(world.sites)),
        residency=ask.residency or None,
        certifications=ask.certifications,
        data_gb=ask.data_gb,
        priority=ask.priority,
        whole_nodes=ask.whole_nodes,
        after=ask.after,
        running_at=ask.running_at,
    )
    spec = job_spec(ask.name, described, world)
    modes = tuple(
        replace(spec.modes[0], gpus=m.gpus, speed=m.speed, power_kw_per_gpu=m.watts_per_gpu / 1000)
        for m in (base, *others)
    )
    sites = tuple(name for name in spec.sites if name in allowed)
    # Where nobody said where the data lie, they lie where the job may run.
    home = spec.home if home in sites or not sites else sites[0]
    confined = frozenset(sites) if ask.sites else None
    return replace(spec, modes=modes, sites=sites, home=home, allowed_sites=confined)


def _hopeless(spec: JobSpec, world: World) -> Trouble | None:
    if not spec.sites:
        return Trouble(
            reason=Reason.NO_ADMISSIBLE_SITE,
            message=(
                f"no Site has GPUs of type {spec.gpu_type} and satisfies its residency, "
                "certifications and policy; change one of them, or add a Site"
            ),
        )
    pools = {name: world.sites[name].pools[spec.gpu_type].gpus for name in spec.sites}
    most = {name: _most(gpus) for name, gpus in pools.items()}
    least = min(mode.gpus for mode in spec.modes)
    if least > max(most.values()):
        largest = max(most, key=lambda name: most[name])
        return Trouble(
            reason=Reason.EXCEEDS_CAPACITY,
            message=(
                f"asks for {least} GPUs of type {spec.gpu_type}, but the largest Site open to it, "
                f"{largest}, has {most[largest]}; ask for fewer, or allow a larger Site"
            ),
        )
    quickest_h = spec.work_h / max(mode.speed for mode in spec.modes)
    ends_at = world.horizon.start + timedelta(hours=quickest_h)
    if max(ends_at, spec.release + timedelta(hours=quickest_h)) > spec.deadline:
        return Trouble(
            reason=Reason.DEADLINE_UNREACHABLE,
            message=(
                f"needs {quickest_h:.3g} h, more than is left until its deadline "
                f"{spec.deadline.isoformat()}; set a later one"
            ),
        )
    return None


def _most(gpus: object) -> int:
    """The largest value of a series of GPUs; none comes from a file here."""
    assert isinstance(gpus, int | tuple)
    return max(gpus) if isinstance(gpus, tuple) else gpus


def misconfigured(where: str, error: Exception) -> Trouble:
    """A fault of the description, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(str(key) for key in first["loc"])
        text = f"{where}: {place}: {first['msg']}, got {first['input']!r}"
    else:
        text = f"{where}: {error}"
    return Trouble(reason=Reason.MISCONFIGURED, message=f"{text[:500]}; correct it")


def _told(troubles: Troubles) -> str:
    return "; ".join(one.message for one in troubles.values())
