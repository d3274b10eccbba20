"""What a Job says about itself, read with care: a slip of the pen is told, and never guessed at.

A value that cannot be read is passed over, its default holds, and the Job's event says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec

from k8s_operator import names
from k8s_operator.instants import parse_duration_h, parse_instant
from k8s_operator.planning.question import Ask, Mode
from k8s_operator.views import JobView
from scheduler.planning.snapshot import Phase

T = TypeVar("T")
LONGEST_WORK_H = 1440.0
MOST_WATTS_PER_GPU = 20_000.0
LOOKS_LIKE_KW = 20.0
HIGHEST_PRIORITY = 1000
MOST_GIGABYTES = 1e9
#: By the clock alone nobody knows that a Job is done.
MOST_DONE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for a Job that does not say so itself; from its policy.

    Attributes:
        policy: Name of the policy.
        max_delay: From its creation to its latest start.
        run_time_h: Where it does not say how long it takes. [h]
        long_run_h: What latest starts are kept by then; as long unless known otherwise. [h]
        run_time_by: What says so: policy, history, or assumed.
        watts_per_gpu: IT power of each of its GPUs. [W]
        start_up: From its release to its first progress.
    """

    policy: str = ""
    max_delay: timedelta
    run_time_h: float = 1.0
    long_run_h: float | None = None
    run_time_by: str = "assumed"
    watts_per_gpu: float = 700.0
    gpu_type: str = "gpu"
    home: str | None = None
    residency: tuple[str, ...] = ()
    certifications: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    start_up: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """A Job as it is, and as it describes itself.

    Attributes:
        held_by_us: Whether an admission policy or the operator suspended it.
        suspended_by_user: Whether somebody else did; that is never lifted.
        taken_over: Whether somebody else has changed `spec.suspend` since the operator wrote it.
        started: When its present run began; None before.
        site: Where it is placed, None before.
        done_share: Of its work. [0..1]
        done_by: What says so: annotation, indexes or time.
        run_time_by: What says how long it takes: annotation, policy, history or assumed.
        problems: What could not be read, and what to do.
    """

    key: str
    uid: str
    policy: str
    phase: Phase
    kind: str
    gpu_type: str
    modes: tuple[Mode, ...]
    work_h: float
    resume_h: float
    created: datetime
    release: datetime
    due: datetime
    deadline: datetime
    latest_start: datetime
    home: str | None
    sites: tuple[str, ...]
    residency: tuple[str, ...]
    certifications: tuple[str, ...]
    data_gb: float
    priority: float
    whole_nodes: bool
    after: tuple[str, ...]
    run_now: bool
    held_by_us: bool
    suspended_by_user: bool
    taken_over: bool
    started: datetime | None
    site: str | None
    mode: int
    done_share: float
    done_by: str
    run_time_by: str
    pauses: int
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """Annotations of one Job, and what is wrong with them."""

    annotations: dict[str, str]
    problems: list[str] = field(default_factory=list)

    def read(self, name: str, parse: Callable[[str], T], otherwise: T) -> T:
        text = self.annotations.get(name)
        if text is None:
            return otherwise
        try:
            return parse(text)
        except (ValueError, msgspec.DecodeError) as error:
            self.problems.append(f"{name}: {error}; {names.VOCABULARY.get(name, 'take it off')}")
            return otherwise


def read_job(job: JobView, defaults: Defaults, *, now: datetime) -> JobFacts:
    """The facts of `job` at `now`.

    Args:
        job: Its view; its own times are already those of the world.
        defaults: Of its policy.
        now: The instant to judge progress at.
    """
    read = _Reader(job.metadata.annotations)
    created = job.metadata.creation_timestamp or now
    gpus = gpus_of(job)
    # As its user declared it, whatever its width is now.
    base_gpus = read.read(names.BASE_GPUS, int, gpus)
    watts = read.read(names.WATTS_PER_GPU, _watts, defaults.watts_per_gpu)
    own_h = read.read(names.RUN_TIME, _work_h, 0.0)
    stated_h = own_h or defaults.run_time_h
    # Whoever states a run time is taken at the word; what was learnt is kept with room to spare.
    long_h = stated_h if own_h else max(stated_h, defaults.long_run_h or 0.0)
    no_modes: tuple[Mode, ...] = ()
    no_words: tuple[str, ...] = ()
    elastic = read.read(names.ELASTIC_MODES, partial(_modes, each=_gpus_a_pod(job)), no_modes)
    checkpointable = read.read(names.CHECKPOINTABLE, _flag, False)
    release = max(created, read.read(names.EARLIEST_START, parse_instant, created))
    fastest = max([1.0, *(mode.speed for mode in elastic)])
    last_end = created + defaults.max_delay + timedelta(hours=long_h)
    deadline = read.read(names.DEADLINE, parse_instant, last_end)
    if names.DEADLINE in read.annotations and deadline <= created:
        read.problems.append(
            f"{names.DEADLINE}: lies before the Job's creation, got {deadline.isoformat()}; "
            "set one in the future: until then it starts at once"
        )
    if gpus == 0:
        read.problems.append(
            f"{names.GPU_RESOURCE}: none of its containers asks for GPUs; "
            f"say limits: {{{names.GPU_RESOURCE}: N}}, or take the label {names.MANAGED} off"
        )
    due = min(read.read(names.DUE, parse_instant, deadline), deadline)
    modes = (Mode(gpus=max(base_gpus, 1), watts_per_gpu=watts), *elastic)
    mode = next((number for number, one in enumerate(modes) if one.gpus == gpus), 0)
    done, done_by = _progress(job, read, stated_h / modes[mode].speed, now)
    resume_h = read.read(names.RESUME_TIME, parse_duration_h, 0.0)
    left_h = max(stated_h * (1 - done), 1 / 60)
    long_left_h = max(long_h * (1 - done), 1 / 60)
    is_ours = job.metadata.annotations.get(names.HELD, "") not in ("", names.LET_GO)
    site = job.spec.template.spec.node_selector.get(names.SITE)
    phase = _phase(job)
    latest = deadline - timedelta(hours=long_left_h / fastest) - defaults.start_up
    begun = phase is Phase.PAUSED or job.status.start_time is not None
    if not begun:
        # The longest wait is for a first start; a paused Job has only its deadline to keep.
        latest = min(latest, created + defaults.max_delay)
    return JobFacts(
        key=job.key,
        uid=job.metadata.uid,
        policy=defaults.policy,
        phase=phase,
        kind="elastic" if elastic else "checkpointable" if checkpointable else "contiguous",
        gpu_type=_gpu_type(job, defaults),
        modes=modes,
        work_h=left_h + (resume_h if phase is Phase.PAUSED else 0.0),
        resume_h=resume_h,
        created=created,
        release=release,
        due=due,
        deadline=deadline,
        latest_start=max(latest, created),
        home=read.read(names.HOME, str, defaults.home) or None,
        sites=defaults.sites,
        residency=read.read(names.RESIDENCY, _words, defaults.residency),
        certifications=read.read(names.CERTIFICATIONS, _words, defaults.certifications),
        data_gb=read.read(names.DATA_GIGABYTES, _not_negative, 0.0),
        priority=read.read(names.PRIORITY, _positive, 1.0),
        whole_nodes=read.read(names.WHOLE_NODES, _flag, False),
        after=tuple(
            f"{job.metadata.namespace}/{one}" for one in read.read(names.AFTER, _words, no_words)
        ),
        run_now=read.read(names.RUN_NOW, _flag, False),
        held_by_us=is_ours and job.spec.suspend,
        suspended_by_user=job.spec.suspend and not is_ours,
        taken_over=names.HELD in job.metadata.annotations and is_ours != job.spec.suspend,
        started=job.status.start_time,
        site=site,
        mode=mode,
        done_share=done,
        done_by=done_by,
        run_time_by="annotation" if own_h else defaults.run_time_by,
        pauses=read.read(names.PAUSES, int, 0) if names.PAUSES in read.annotations else 0,
        problems=tuple(read.problems),
    )


def ask_of(facts: JobFacts, *, now: datetime) -> Ask:
    """What the planner is asked about the Job."""
    running = facts.site if facts.phase is Phase.RUNNING else None
    return Ask(
        name=facts.key,
        kind=facts.kind,
        gpu_type=facts.gpu_type,
        modes=facts.modes,
        work_h=facts.work_h,
        release=max(facts.release, now) if running is None else now,
        due=facts.due,
        deadline=min(
            facts.deadline,
            max(facts.latest_start, now) + timedelta(hours=facts.work_h)
            if facts.phase is Phase.WAITING
            else facts.deadline,
        ),
        home=facts.home or facts.site,
        sites=facts.sites,
        residency=facts.residency,
        certifications=facts.certifications,
        resume_h=facts.resume_h,
        data_gb=facts.data_gb,
        priority=facts.priority,
        whole_nodes=facts.whole_nodes,
        after=facts.after,
        running_at=running,
    )


def gpus_of(job: JobView) -> int:
    """GPUs of all its pods together."""
    return _gpus_a_pod(job) * job.spec.parallelism


def _gpus_a_pod(job: JobView) -> int:
    each = 0
    for container in job.spec.template.spec.containers:
        asked = container.resources.limits or container.resources.requests
        each += int(float(asked.get(names.GPU_RESOURCE, 0)))
    return each


def _gpu_type(job: JobView, defaults: Defaults) -> str:
    selector = job.spec.template.spec.node_selector
    said = job.metadata.labels.get(names.GPU_TYPE) or selector.get(names.GPU_TYPE)
    return said or selector.get(names.GPU_PRODUCT) or defaults.gpu_type


def _phase(job: JobView) -> Phase:
    if not job.spec.suspend:
        return Phase.RUNNING
    placed = names.SITE in job.spec.template.spec.node_selector
    paused = names.PAUSED_AT in job.metadata.annotations and placed
    return Phase.PAUSED if paused else Phase.WAITING


def _progress(job: JobView, read: _Reader, takes_h: float, now: datetime) -> tuple[float, str]:
    """Share of its work that is done, and what says so: itself, its indexes, or the clock."""
    if names.PROGRESS in read.annotations:
        return read.read(names.PROGRESS, _share, 0.0), "annotation"
    if job.spec.completions and job.status.succeeded and job.spec.completion_mode == "Indexed":
        return min(1.0, job.status.succeeded / job.spec.completions), "indexes"
    before = read.read(names.DONE, _share, 0.0)
    if job.spec.suspend or job.status.start_time is None:
        return before, "time"
    # What it did at another width is in what was done before.
    resized = read.read(names.RESIZED_AT, parse_instant, job.status.start_time)
    begun = max(job.status.start_time, resized)
    passed_h = max(0.0, (now - begun) / timedelta(hours=1))
    return min(MOST_DONE, before + passed_h / takes_h), "time"


def _watts(text: str) -> float:
    watts = float(text)
    if 0 < watts < LOOKS_LIKE_KW:
        raise ValueError(
            f"must be in W, got {text}, which looks like kW; did you mean {watts * 1000:g}?"
        )
    if not 0 <= watts <= MOST_WATTS_PER_GPU:
        raise ValueError(f"must be between 0 and {MOST_WATTS_PER_GPU:g} W, got {text}")
    return watts


def _work_h(text: str) -> float:
    hours = parse_duration_h(text)
    if not 0 < hours <= LONGEST_WORK_H:
        raise ValueError(f"must be above nothing and at most {LONGEST_WORK_H:g}h, got {text!r}")
    return hours


def _modes(text: str, each: int) -> tuple[Mode, ...]:
    rows = msgspec.json.decode(text, type=list[dict[str, float]])
    known = {"gpus", "speed", "watts-per-gpu"}
    for row in rows:
        if set(row) != known or row["gpus"] < 1 or row["speed"] <= 0:
            raise ValueError(f"each width needs gpus, speed and watts-per-gpu above 0, got {row}")
        if row["gpus"] % max(1, each):
            raise ValueError(f"gpus must be whole pods of {each} each, got {row['gpus']:g}")
    return tuple(
        Mode(gpus=int(row["gpus"]), speed=row["speed"], watts_per_gpu=row["watts-per-gpu"])
        for row in rows
    )


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"must be true or false, got {text!r}")
    return text == "true"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(f"must be between 0 and 1, got {text}")
    return share


def _positive(text: str) -> float:
    if not 0 < float(text) <= HIGHEST_PRIORITY:
        raise ValueError(f"must be above 0 and at most 1000, got {text}")
    return float(text)


def _not_negative(text: str) -> float:
    if not 0 <= float(text) <= MOST_GIGABYTES:
        raise ValueError(f"must not be negative, got {text}")
    return float(text)
