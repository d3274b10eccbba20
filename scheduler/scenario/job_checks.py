"""Rules that join a job, or the job generator, to the rest of the world."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from scheduler.scenario.errors import Finding, Path
from scheduler.scenario.fields import SeriesFile, utc_text
from scheduler.scenario.generator import JobGenerator
from scheduler.scenario.jobs import Job, admissible_sites, instants
from scheduler.scenario.references import admitted, home_findings, unknown
from scheduler.scenario.sites import GpuPool
from scheduler.scenario.suggest import did_you_mean
from scheduler.scenario.world import World

Findings = Iterator[Finding]
ROUNDING = timedelta(seconds=1)


def jobs_findings(world: World) -> Findings:
    """Everything wrong with listed jobs, the defaults of job files, and the generator."""
    for name, job in world.jobs.listed.items():
        yield from job_findings(world, job, ("jobs", "list", name))
    for number, file in enumerate(world.jobs.files):
        path: Path = ("jobs", "files", number, "defaults")
        for key in file.defaults:
            if key not in Job.model_fields:
                yield Finding((*path, key), f"unknown key{did_you_mean(key, Job.model_fields)}")
    if world.jobs.generate is not None:
        yield from _generator(world, world.jobs.generate, ("jobs", "generate"))


def job_findings(world: World, job: Job, path: Path) -> Findings:
    """Everything wrong with one job beyond its single fields."""
    homeless = list(home_findings(world, job, path))
    yield from homeless
    yield from _kind(job, path)
    yield from _times(world, job, path)
    running = list(_running(world, job, path))
    yield from running
    if not homeless and not running:
        yield from _fits(world, job, path)


def _running(world: World, job: Job, path: Path) -> Findings:
    here = (*path, "running_at")
    if job.running_at is None:
        return
    if job.running_at not in world.sites:
        yield unknown(here, "site", job.running_at, world.sites)
    elif job.running_at not in admitted(world, job):
        text = "its GPU type, residency or certifications forbid"
        yield Finding(here, f"{text} {job.running_at}; correct one of them, or remove running_at")


def order_findings(jobs: Mapping[str, Job], names: Collection[str]) -> Findings:
    """Jobs that wait for what is none of the `names` of all jobs, or for themselves in the end."""
    missing = False
    for name, job in jobs.items():
        for number, before in enumerate(job.after):
            if before not in names:
                missing = True
                yield unknown(("jobs", "list", name, "after", number), "job", before, names)
        if job.after and job.running_at is not None:
            text = "a job that is running has started; remove after"
            yield Finding(("jobs", "list", name, "after"), text)
    waiting = {name: set(job.after) & jobs.keys() for name, job in jobs.items() if job.after}
    while ready := {name for name, before in waiting.items() if not before & waiting.keys()}:
        waiting = {name: before for name, before in waiting.items() if name not in ready}
    if waiting and not missing:
        text = f"goes in a circle among {', '.join(sorted(waiting))}; take one of them out"
        yield Finding(("jobs", "list", min(waiting), "after"), text)


def most_gpus(pool: GpuPool) -> float:
    """The most GPUs ever in service; not known before a file is read."""
    if isinstance(pool.gpus, SeriesFile):
        return float("inf")
    return max(pool.gpus, default=0) if isinstance(pool.gpus, tuple) else pool.gpus


def _kind(job: Job, path: Path) -> Findings:
    if job.kind == "contiguous" and job.resume_h > 0:
        text = "a contiguous job never resumes; remove it, or make the kind checkpointable"
        yield Finding((*path, "resume_h"), text)
    if job.kind != "elastic" and job.modes:
        yield Finding((*path, "modes"), "only an elastic job has modes; make the kind elastic")
    if job.kind == "elastic" and not job.modes:
        text = "an elastic job needs modes, such as [{gpus: 4, speed: 0.55, power_kw_per_gpu: 1}]"
        yield Finding((*path, "kind"), text)
    seen = {(job.gpus, job.power_kw_per_gpu)}
    for number, mode in enumerate(job.modes):
        if (mode.gpus, mode.power_kw_per_gpu) in seen:
            text = "the same gpus and power stand before; the job's own gpus are always a mode"
            yield Finding((*path, "modes", number), text)
        seen.add((mode.gpus, mode.power_kw_per_gpu))


def _times(world: World, job: Job, path: Path) -> Findings:
    twice = [
        n
        for n in ("release", "due", "deadline")
        if None not in (getattr(job, n), getattr(job, f"{n}_h"))
    ]
    for name in twice:
        yield Finding((*path, f"{name}_h"), f"{name} is given too; keep one of them")
    if twice:
        return
    release, due, deadline = instants(job, world)
    horizon = world.horizon

    def key(name: str) -> Path:
        for written in (f"{name}_h", name):
            if getattr(job, written) is not None:
                return (*path, written)
        return path

    if release >= horizon.end:
        text = (
            f"is at {utc_text(release)}, after the horizon ends at {utc_text(horizon.end)}; "
            "lengthen the horizon or remove the job"
        )
        yield Finding(key("release"), text)
        return
    start = horizon.start if job.running_at else max(release, horizon.start)
    finish = start + timedelta(hours=job.shortest_h)
    limits = (("due", due),) if due == deadline else (("due", due), ("deadline", deadline))
    for name, limit in limits:
        if limit < finish - ROUNDING:
            place = key(name) if key(name) != path or name == "deadline" else key("deadline")
            text = (
                f"deadline unreachable: {job.shortest_h:g} h of work released at "
                f"{utc_text(start)} end at {utc_text(finish)} or later, "
                f"after {utc_text(limit)}"
            )
            yield Finding(place, text)
            return
    if due > deadline:
        text = f"due {utc_text(due)} is after the hard deadline {utc_text(deadline)}; swap them"
        yield Finding(key("due"), text)


def _reserved(job: Job, gpus: int, pool: GpuPool) -> int:
    """GPUs reserved to use `gpus`."""
    return -(-gpus // pool.gpus_per_node) * pool.gpus_per_node if job.whole_nodes else gpus


def _fits(world: World, job: Job, path: Path) -> Findings:
    pools = {name: world.sites[name].pools[job.gpu_type] for name in admissible_sites(job, world)}
    origin = job.running_at or job.home
    home = pools[origin]
    if _reserved(job, job.gpus, home) > most_gpus(home):
        text = f"{origin} has {most_gpus(home):g} {job.gpu_type}, got {job.gpus}"
        if job.whole_nodes:
            text += f" on whole nodes of {home.gpus_per_node}"
        yield Finding((*path, "gpus"), text)
    for number, mode in enumerate(job.modes):
        most = max(most_gpus(pool) for pool in pools.values())
        if all(_reserved(job, mode.gpus, pool) > most_gpus(pool) for pool in pools.values()):
            text = f"no site where it may run has more than {most:g}, got {mode.gpus}"
            yield Finding((*path, "modes", number, "gpus"), text)
    idle_kw = max(pool.idle_kw_per_gpu for pool in pools.values())
    if job.power_kw_per_gpu < idle_kw:
        text = f"must include the idle draw of {idle_kw:g} kW, got {job.power_kw_per_gpu:g}"
        yield Finding((*path, "power_kw_per_gpu"), text)
    for number, mode in enumerate(job.modes):
        if mode.power_kw_per_gpu < idle_kw:
            text = f"must include the idle draw of {idle_kw:g} kW, got {mode.power_kw_per_gpu:g}"
            yield Finding((*path, "modes", number, "power_kw_per_gpu"), text)


def _generator(world: World, generator: JobGenerator, path: Path) -> Findings:
    gpu_types = {gpu_type for site in world.sites.values() for gpu_type in site.pools}
    if generator.gpu_type not in gpu_types:
        yield unknown((*path, "gpu_type"), "pool", generator.gpu_type, gpu_types)
        return
    for key in ("load", "services_headroom_gpus"):
        for name in getattr(generator, key):
            here = (*path, key, name)
            if name not in world.sites:
                yield unknown(here, "site", name, world.sites)
            elif generator.gpu_type not in world.sites[name].pools:
                yield Finding(here, f"{name} has no pool {generator.gpu_type}; remove it")
    if generator.duration_min_h > generator.duration_max_h:
        text = f"must be at most duration_max_h {generator.duration_max_h}"
        yield Finding((*path, "duration_min_h"), f"{text}, got {generator.duration_min_h}")
    hours = world.horizon.n_steps * world.horizon.step_h
    if generator.duration_min_h > hours:
        text = f"does not fit a horizon of {hours:g} h, got {generator.duration_min_h}"
        yield Finding((*path, "duration_min_h"), text)
    if generator.data_gb_min > generator.data_gb_max:
        text = f"must be at most data_gb_max {generator.data_gb_max:g}"
        yield Finding((*path, "data_gb_min"), f"{text}, got {generator.data_gb_min:g}")
    for key, shares in (
        ("widths", generator.widths.values()),
        ("kind_shares", generator.kind_shares.model_dump().values()),
        ("slack_shares", generator.slack_shares.model_dump().values()),
    ):
        if sum(shares) <= 0:
            yield Finding((*path, key), "all of them are 0; give at least one a share")
    yield from _generated_power(world, generator, path)
    narrowest = min((w for w, share in generator.widths.items() if share > 0), default=0)
    for name in generator.load:
        pool = world.sites[name].pools.get(generator.gpu_type) if name in world.sites else None
        free = generator.services_headroom_gpus.get(name, 0) + narrowest
        if pool is not None and generator.load[name] > 0 and free > most_gpus(pool):
            text = (
                f"{name} has {most_gpus(pool):g} GPUs, fewer than services_headroom_gpus and "
                f"the narrowest job together, {free}; lower one of them"
            )
            yield Finding((*path, "load", name), text)
    yield from _restricted(world, generator, path)


def _generated_power(world: World, generator: JobGenerator, path: Path) -> Findings:
    idle_kw = max(
        site.pools[generator.gpu_type].idle_kw_per_gpu
        for site in world.sites.values()
        if generator.gpu_type in site.pools
    )
    if generator.power_kw_per_gpu < idle_kw:
        text = f"must include the idle draw of {idle_kw:g} kW, got {generator.power_kw_per_gpu:g}"
        yield Finding((*path, "power_kw_per_gpu"), text)
    for number, mode in enumerate(generator.elastic_modes):
        if generator.power_kw_per_gpu * mode.power < idle_kw <= generator.power_kw_per_gpu:
            text = f"leaves less than the idle draw of {idle_kw:g} kW, got {mode.power:g}"
            yield Finding((*path, "elastic_modes", number, "power"), text)


def _restricted(world: World, generator: JobGenerator, path: Path) -> Findings:
    total = sum(rule.gpu_h_share for rule in generator.restricted.values())
    if total > 1:
        text = f"their gpu_h_share together must be at most 1, got {total:g}"
        yield Finding((*path, "restricted"), text)
    homes = [world.sites[name] for name in generator.load if name in world.sites]
    for name, rule in generator.restricted.items():
        if not any(
            (rule.residency is None or home.jurisdiction in rule.residency)
            and set(rule.certifications) <= set(home.certifications)
            for home in homes
        ):
            text = "no home site under load is in that residency with those certifications"
            yield Finding((*path, "restricted", name), f"{text}; change one of them")
