"""Synthetic jobs, drawn so that what is promised of them holds, not only on average.

The horizon is cut into weeks from its start; what is left over joins the last. Each week is drawn
alone, by a generator seeded with the scenario's seed and the week's first minute. So

- the same seed and parameters give the same jobs;
- a week has the same jobs in every horizon that starts a whole number of weeks before it and
  contains it whole, but for hard deadlines, which end with the horizon, and but for a last week
  that has days left over;
- density does not change with length.

In each week every home pool is filled to its load, within the narrowest job; kinds, slack and
restrictions get their shares of the GPU-hours, slack within two points from two days up; every job
run at once at home ends inside its week, and leaves the services' GPUs free: no saving comes from
a queue in the baseline. Where the parameters leave no room for that, a note says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from scheduler.scenario.generator import JobGenerator
from scheduler.scenario.jobs import Job, JobKind, JobSpec, ModeSpec, admissible_sites
from scheduler.scenario.releases import place, rhythm
from scheduler.scenario.resolve import whole
from scheduler.scenario.split import BoolArray, FloatArray, IntArray, split, trimmed
from scheduler.scenario.world import World

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOURS_A_WEEK = 168
LONGEST_SHARE_OF_BLOCK = 3
BUSIEST = 0.85
LARGEST_SHARE_OF_POOL = 2
KINDS: tuple[JobKind, ...] = get_args(JobKind)
CLASSES = ("below_6h", "from_6h_to_24h", "above_24h")


@dataclass(frozen=True, slots=True)
class Generated:
    """Jobs in the order of their release, and what could not be met."""

    jobs: tuple[JobSpec, ...]
    notes: tuple[str, ...]


def generate(world: World) -> Generated:
    """The synthetic jobs of `world`; its files must have been read."""
    parameters = world.jobs.generate
    if parameters is None:
        return Generated((), ())
    blocks = [_Block(world, parameters, first, last) for first, last in _weeks(world)]
    jobs = tuple(job for block in blocks for job in block.jobs())
    return Generated(jobs, tuple(dict.fromkeys(n for block in blocks for n in block.notes)))


def _weeks(world: World) -> Iterator[tuple[int, int]]:
    """First step of each week, and the step after its last."""
    week = round(HOURS_A_WEEK / world.horizon.step_h)
    count = max(1, world.horizon.n_steps // week)
    for number in range(count):
        end = world.horizon.n_steps if number == count - 1 else (number + 1) * week
        yield number * week, end


class _Block:
    """The jobs of one week, in slots of an hour, or of a step where steps are longer.

    Attributes:
        notes: What could not be met.
    """

    def __init__(self, world: World, parameters: JobGenerator, first: int, last: int) -> None:
        self.notes: list[str] = []
        self._world, self._p = world, parameters
        horizon = world.horizon
        self._start = horizon.start + first * horizon.step
        self._slot_h = max(1.0, horizon.step_h)
        self._slots = int((last - first) * horizon.step_h / self._slot_h + 1e-9)
        self._minute = abs(int((self._start - EPOCH) / timedelta(minutes=1)))
        self._gpus = {name: self._pool(name, first) for name in parameters.load}
        self._homes = [name for name in parameters.load if self._target(name) > 0]

    def jobs(self) -> list[JobSpec]:
        """The jobs, in the order of their release."""
        if self._slots == 0 or not self._homes:
            return []
        home, width = self._sizes()
        length, most = self._lengths(home, width)
        slack_shares, allowed = self._slack_classes(length)
        label = split(_work(width, length), slack_shares, allowed, self._chance("class"))
        lacking = slack_shares * _work(width, length).sum() - np.bincount(
            label, weights=_work(width, length), minlength=len(CLASSES)
        )
        length = trimmed(width, length, lacking, label, self._longest(label, most))
        kind = self._kinds(width, length)
        rule = self._rules(home, width, length)
        release, queued = place(
            home,
            width,
            length,
            last=self._slots - length - np.array([b[0] for b in self._bounds()])[label],
            free=[self._free(name) for name in self._homes],
            rhythm=[self._rhythm(name) for name in self._homes],
            chance=self._chance("release"),
        )
        if queued:
            self.notes.append(
                f"jobs.generate: {queued} jobs would queue if each ran at once at home; "
                "lower load or services_headroom_gpus"
            )
        slack = self._slack(label, self._slots - release - length)
        data_gb = np.exp(
            self._chance("data").uniform(
                np.log(self._p.data_gb_min), np.log(self._p.data_gb_max), len(home)
            )
        )
        order = np.lexsort((np.arange(len(home)), release))
        return [
            self._spec(
                name=f"job-{self._start:%m%d}-{number:03d}",
                home=self._homes[home[j]],
                kind=KINDS[kind[j]],
                width=int(width[j]),
                slots=(int(release[j]), int(length[j]), int(slack[j])),
                rule=int(rule[j]),
                data_gb=round(float(data_gb[j])),
            )
            for number, j in enumerate(order, start=1)
        ]

    def _chance(self, what: str) -> np.random.Generator:
        """A source of chance for `what` alone: changing one parameter redraws nothing else."""
        letters = int.from_bytes(what.encode(), "big")
        return np.random.default_rng([self._world.seed, self._minute, letters])

    def _pool(self, name: str, first: int) -> IntArray:
        """GPUs of a home pool by slot: the fewest of its steps."""
        pool = self._world.sites[name].pools[self._p.gpu_type]
        steps = round(self._slot_h / self._world.horizon.step_h)
        gpus = whole(pool.gpus, self._world.horizon)[first : first + self._slots * steps]
        fewest: IntArray = gpus.reshape(self._slots, steps).min(axis=1)
        return fewest

    def _free(self, name: str) -> IntArray:
        """GPUs of a home pool that jobs may fill, by slot."""
        free: IntArray = self._gpus[name] - self._p.services_headroom_gpus.get(name, 0)
        return np.maximum(free, 0)

    def _target(self, name: str) -> float:
        return self._p.load[name] * float(self._gpus[name].sum())

    def _least_and_most(self) -> tuple[int, int]:
        """Shortest and longest job, in slots: a short horizon has shorter ones."""
        least = max(1, round(self._p.duration_min_h / self._slot_h))
        longest = max(1, self._slots // LONGEST_SHARE_OF_BLOCK)
        return least, max(least, min(round(self._p.duration_max_h / self._slot_h), longest))

    def _widths(self, name: str) -> tuple[IntArray, FloatArray]:
        """Widths of jobs at a home, none above half of its room, and how likely each is."""
        room = int(self._free(name).max()) / LARGEST_SHARE_OF_POOL
        fitting = {w: share for w, share in self._p.widths.items() if w <= room and share > 0}
        if not fitting:
            fitting = {min(self._p.widths): 1.0}
        likely = np.array(list(fitting.values()), dtype=np.float64)
        return np.array(list(fitting), dtype=np.int64), likely / likely.sum()

    def _sizes(self) -> tuple[IntArray, IntArray]:
        """Home, by number, and width of each job."""
        targets = np.array([self._target(name) for name in self._homes])
        count = self._p.count_per_week * self._slots * self._slot_h / HOURS_A_WEEK
        counts = np.maximum(1, np.rint(count * targets / targets.sum())).astype(np.int64)
        most = self._least_and_most()[1]
        chance = self._chance("width")
        drawn = []
        for number, (name, target) in enumerate(zip(self._homes, targets, strict=True)):
            widths, likely = self._widths(name)
            if most < round(self._p.duration_max_h / self._slot_h):
                # Shorter jobs for a short horizon: more of them, so that half the longest is
                # enough for the load.
                enough = int(np.ceil(2 * target / (widths @ likely * most)))
                counts[number] = max(counts[number], enough)
            drawn.append(chance.choice(widths, size=int(counts[number]), p=likely))
        return np.repeat(np.arange(len(targets)), counts), np.concatenate(drawn)

    def _lengths(self, home: IntArray, width: IntArray) -> tuple[IntArray, IntArray]:
        """Slots of each job, log-normal, their median such that every load is met."""
        least, most = self._least_and_most()
        factor = np.exp(self._p.duration_sigma * self._chance("length").standard_normal(len(home)))
        length = np.ones(len(home), dtype=np.int64)
        for number, name in enumerate(self._homes):
            own = home == number
            target = self._target(name)
            low, high = np.log(least / 100), np.log(most * 100)
            for _ in range(50):
                middle = (low + high) / 2
                drawn = np.clip(np.rint(np.exp(middle) * factor[own]), least, most)
                low, high = (middle, high) if drawn @ width[own] < target else (low, middle)
            length[own] = drawn.astype(np.int64)
        ceiling = np.full(len(home), most)
        targets = np.array([self._target(name) for name in self._homes])
        work = np.bincount(home, weights=_work(width, length), minlength=len(targets))
        length = trimmed(width, length, targets - work, home, ceiling)
        work = np.bincount(home, weights=_work(width, length), minlength=len(targets))
        for name, target, got in zip(self._homes, targets, work, strict=True):
            if abs(got / target - 1) > 0.02 and abs(got - target) > width.min():  # noqa: PLR2004
                word = "few" if got < target else "many"
                self.notes.append(
                    f"jobs.generate: count_per_week {self._p.count_per_week} is too {word} to "
                    f"load {name} by {self._p.load[name]:g}; "
                    f"got {self._p.load[name] * got / target:.2f}"
                )
        return length, ceiling

    def _bounds(self) -> list[tuple[int, int]]:
        """Least and largest slack of each class, in slots."""
        six, day = 6 / self._slot_h, 24 / self._slot_h
        largest = max(int(day) + 1, int(self._p.slack_max_h / self._slot_h))
        return [
            (0, int(np.ceil(six)) - 1),
            (int(np.ceil(six)), int(day)),
            (int(day) + 1, largest),
        ]

    def _slack_classes(self, length: IntArray) -> tuple[FloatArray, BoolArray]:
        """Share of each class of slack, and which class each job has room for."""
        shares = np.array([getattr(self._p.slack_shares, name) for name in CLASSES], np.float64)
        shares /= shares.sum()
        free = np.sum([self._free(name) for name in self._homes], axis=0)
        work = sum(self._target(name) for name in self._homes)
        allowed = np.ones((len(length), len(CLASSES)), dtype=np.bool_)
        for number, (least, _) in reversed(list(enumerate(self._bounds()))):
            if number == 0:
                break
            allowed[:, number] = length + least < self._slots
            room = BUSIEST * float(free[: max(0, self._slots - least)].sum())
            if shares[number] * work > room:
                self.notes.append(
                    f"jobs.generate: {self._slots * self._slot_h:g} h leave room for "
                    f"{room / work:.0%} of the GPU-hours with slack {CLASSES[number]}, "
                    f"not {shares[number]:.0%}; the rest got less"
                )
                shares[number - 1] += shares[number] - room / work
                shares[number] = room / work
        return shares, allowed

    def _longest(self, label: IntArray, most: IntArray) -> IntArray:
        """Largest length of each job that leaves its class of slack possible."""
        least = np.array([bounds[0] for bounds in self._bounds()])
        longest: IntArray = np.minimum(most, np.maximum(1, self._slots - least[label]))
        return longest

    def _kinds(self, width: IntArray, length: IntArray) -> IntArray:
        shares = np.array([getattr(self._p.kind_shares, kind) for kind in KINDS], np.float64)
        allowed = np.ones((len(width), len(KINDS)), dtype=np.bool_)
        widest = max(int(self._gpus[name].max()) for name in self._homes)
        elastic = KINDS.index("elastic")
        allowed[:, elastic] = [bool(self._modes(int(w), widest)) for w in width]
        return split(_work(width, length), shares / shares.sum(), allowed, self._chance("kind"))

    def _modes(self, width: int, widest: int) -> tuple[ModeSpec, ...]:
        """Other widths and power caps of an elastic job, as far as a pool holds them."""
        modes = {
            (round(width * mode.width), mode.power): ModeSpec(
                gpus=round(width * mode.width),
                speed=float(mode.speed),
                power_kw_per_gpu=self._p.power_kw_per_gpu * mode.power,
            )
            for mode in self._p.elastic_modes
        }
        return tuple(
            mode
            for (gpus, power), mode in modes.items()
            if 1 <= gpus <= widest and (gpus, power) != (width, 1)
        )

    def _rules(self, home: IntArray, width: IntArray, length: IntArray) -> IntArray:
        """Number of the restriction each job is under; the last number is none."""
        rules = list(self._p.restricted.values())
        shares = np.array([rule.gpu_h_share for rule in rules], np.float64)
        shares = np.append(shares, max(0.0, 1 - shares.sum()))
        sites = [self._world.sites[name] for name in self._homes]
        fits = np.array(
            [
                [
                    (rule.residency is None or site.jurisdiction in rule.residency)
                    and set(rule.certifications) <= set(site.certifications)
                    for rule in rules
                ]
                + [True]
                for site in sites
            ]
        )
        return split(_work(width, length), shares / shares.sum(), fits[home], self._chance("rule"))

    def _rhythm(self, name: str) -> FloatArray:
        """How likely a release is at a home, by slot."""
        starts = pd.date_range(self._start, periods=self._slots, freq=timedelta(hours=self._slot_h))
        local = starts.tz_convert(ZoneInfo(self._world.sites[name].timezone))
        return rhythm(local, self._p.working_hours_factor)

    def _slack(self, label: IntArray, room: IntArray) -> IntArray:
        """Slack of each job in slots, inside its class and the week."""
        least, most = np.array(self._bounds()).T
        drawn = least[label] + np.floor(
            self._chance("slack").uniform(size=len(label)) * (most[label] - least[label] + 1)
        )
        clipped = np.minimum(drawn, room)
        slack: IntArray = np.minimum(np.rint(clipped * self._p.slack_scale), room).astype(np.int64)
        return slack

    def _spec(
        self,
        *,
        name: str,
        home: str,
        kind: JobKind,
        width: int,
        slots: Sequence[int],
        rule: int,
        data_gb: float,
    ) -> JobSpec:
        release, work, slack = (timedelta(hours=n * self._slot_h) for n in slots)
        rules = list(self._p.restricted.values())
        bound = rules[rule] if rule < len(rules) else None
        residency = None if bound is None else bound.residency
        certifications = () if bound is None else bound.certifications
        job = Job(
            kind=kind,
            gpu_type=self._p.gpu_type,
            gpus=width,
            work_h=work / timedelta(hours=1),
            power_kw_per_gpu=self._p.power_kw_per_gpu,
            home=home,
            residency=residency,
            certifications=certifications,
            data_gb=data_gb,
        )
        sites = admissible_sites(job, self._world)
        widest = max(self._widest(site) for site in sites)
        base = ModeSpec(gpus=width, speed=1.0, power_kw_per_gpu=self._p.power_kw_per_gpu)
        modes = self._modes(width, widest) if kind == "elastic" else ()
        due = self._start + release + work + slack
        return JobSpec(
            name=name,
            kind=kind,
            gpu_type=self._p.gpu_type,
            modes=(base, *modes),
            work_h=work / timedelta(hours=1),
            release=self._start + release,
            due=due,
            deadline=min(due + timedelta(hours=self._p.hard_grace_h), self._world.horizon.end),
            resume_h=0.0 if kind == "contiguous" else float(self._p.resume_h),
            home=home,
            sites=sites,
            residency=None if residency is None else frozenset(residency),
            certifications=frozenset(certifications),
            data_gb=float(data_gb),
        )

    def _widest(self, site: str) -> int:
        pool = self._world.sites[site].pools[self._p.gpu_type]
        return int(whole(pool.gpus, self._world.horizon).max())


def _work(width: IntArray, length: IntArray) -> FloatArray:
    """GPU-slots of each job."""
    return (width * length).astype(np.float64)
