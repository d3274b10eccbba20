"""The loop: copy of the cluster, question, plan, decisions, intents, status.

Level-based: each turn looks at everything as it is and works out what is wanted; nothing depends
on having seen a change happen. Standbys keep their copy warm and write nothing.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from k8s_operator import names
from k8s_operator.actuators.native import Intent, advice, intent, release
from k8s_operator.applier import Applier, Bucket, Fenced
from k8s_operator.backoff import Backoff
from k8s_operator.cache import Cache
from k8s_operator.conditions import is_stale, plan_name
from k8s_operator.connection import Connection, Refused, Unreachable
from k8s_operator.ground import Ground, gpus_by_site
from k8s_operator.hands import Hands
from k8s_operator.lease import Leadership
from k8s_operator.observer import Observer
from k8s_operator.planning.planner import Planner
from k8s_operator.planning.question import Answer, Question
from k8s_operator.policies import read_policy
from k8s_operator.serving.demand import DemandWatch
from k8s_operator.serving.steward import Steward
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.state import (
    Managed,
    admissible,
    live,
    managed,
    modelled_kw,
    question,
    snapshot,
    timetable,
)
from k8s_operator.teller import Teller
from scheduler.planning.decide import Action, decide
from scheduler.planning.reasons import Reason
from scheduler.planning.snapshot import Phase, Timetable

log = logging.getLogger(__name__)
LONGEST_SLEEP_S = 5.0
STUCK_S = 30.0


class Operator:
    """One replica.

    Attributes:
        beat_s: When the event loop last went round, by the monotonic clock. [s]
        planned: Plans by how they ended.
        figures: What metrics and status show of the last plan and turn.
    """

    def __init__(
        self,
        connection: Connection,
        settings: OperatorSettings,
        world: Mapping[str, Any],
        planner: Planner | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings, self.world = settings, dict(world)
        self.clock = clock or Clock(settings)
        self._connection = connection
        self._changed = asyncio.Event()
        self.cache = Cache(connection, settings.watch, self._changed.set)
        self.leadership = Leadership(
            connection, settings.namespace, settings.identity, settings.lease
        )
        first_s, most_s = settings.watch.backoff_first_s, settings.watch.backoff_most_s
        self.applier = Applier(
            connection,
            Bucket(settings.writes_per_s, settings.write_burst),
            may_write=self.leadership.may_write,
            backoff=lambda: Backoff(first_s=first_s, most_s=most_s),
        )
        self.hands = Hands(self.applier, settings.identity, stored=self.cache.jobs.put)
        self.teller = Teller(
            self.applier, self.cache, settings.namespace, str(self.world["currency"])
        )
        self.observer = Observer(connection, settings, self.clock)
        self.demand = DemandWatch(connection, settings, self.clock)
        self.steward = Steward(
            connection, self.applier, self.cache, settings, demand=self.demand, clock=self.clock
        )
        self.planner = planner or Planner(settings)
        self.answer: Answer | None = None
        self.asked: Question | None = None
        self.plan: Timetable | None = None
        self.last_failure = ""
        self.planned: dict[str, int] = {}
        self.solve_s: list[float] = []
        self.states: dict[tuple[str, str], int] = {}
        self.modelled_kw: dict[str, float] = {}
        self.beat_s = time.monotonic()
        self._asked_revision: tuple[int, ...] = ()
        self._asked_at_s = float("-inf")
        self._missed: set[str] = set()
        self.missed = 0

    async def run(self) -> None:
        """Work for as long as the task lives."""
        async with asyncio.TaskGroup() as group:
            for one in (
                self.cache.run(),
                self.leadership.run(),
                self.hands.run(),
                self._beat(),
                self._observe(),
                self._plan(),
                self._decide(),
                self.steward.run(self.leadership.began),
            ):
                group.create_task(one)

    async def end(self) -> None:
        """End the planner's child and give the Lease back."""
        await self.planner.end()
        await self.leadership.release()

    async def _beat(self) -> None:
        while True:
            self.beat_s = time.monotonic()
            await asyncio.sleep(0.2)

    async def _observe(self) -> None:
        """Read what is measured; a standby too, so that it knows as much when it leads."""
        await self.cache.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.observer.run(self.cache.sites.objects.values))
            group.create_task(self.demand.run(self.cache.profiles.objects.values))

    @property
    def is_alive(self) -> bool:
        """Whether the event loop goes round."""
        return time.monotonic() - self.beat_s < STUCK_S

    async def _plan(self) -> None:
        """Plan anew when something changed, and every so often."""
        await self.planner.warm()
        await self.cache.wait()
        while True:
            await self.leadership.began.wait()
            await self._until_due()
            if not self.leadership.leads:
                continue
            try:
                await self._plan_once()
            except (Refused, Unreachable, Fenced) as error:
                log.warning("plan: not told: %s", error)

    def _revision(self) -> tuple[int, ...]:
        """What a plan depends on, by count of changes; a write of ours to a Job is none of them."""
        jobs = frozenset(
            (key, job.is_over, job.spec.suspend and names.HELD not in job.metadata.annotations)
            for key, job in self.cache.jobs.objects.items()
        )
        specs = tuple(
            hash(
                frozenset(
                    (one.metadata.uid, one.metadata.generation)
                    for one in reflector.objects.values()
                )
            )
            for reflector in (self.cache.sites, self.cache.policies, self.cache.profiles)
        )
        nodes = hash(
            frozenset(
                (n.metadata.uid, n.is_ready, n.status.allocatable.get(names.GPU_RESOURCE))
                for n in self.cache.nodes.objects.values()
            )
        )
        return (hash(jobs), nodes, *specs)

    async def _until_due(self) -> None:
        settings = self.settings
        while True:
            since_s = time.monotonic() - self._asked_at_s
            if since_s >= settings.replan_every_s:
                return
            if since_s >= settings.settle_s and self._revision() != self._asked_revision:
                return
            await asyncio.sleep(min(settings.settle_s, 1.0))

    async def _plan_once(self) -> None:
        now = self.clock.now()
        jobs, ground = self._look(now)
        self._asked_revision, self._asked_at_s = self._revision(), time.monotonic()
        asked = question(
            jobs=jobs,
            sites=self.cache.sites.objects.values(),
            gpus=ground.gpus,
            observed={name: self.observer.plants(name) for name in self.observer.seen},
            profiles=self.cache.profiles.objects.values(),
            came={key: self.demand.records(key) for key in self.demand.seen},
            world=self._priced_world(),
            settings=self.settings,
            now=now,
        )
        if not asked.sites:
            self.last_failure = "no Site has a Ready node"
            await self.teller.sites(self.answer, now, self.observer.seen)
            return
        answer = await self.planner.ask(asked)
        self.planned["failed" if answer.failed else answer.stage] = (
            self.planned.get("failed" if answer.failed else answer.stage, 0) + 1
        )
        self.last_failure = answer.failed
        if answer.failed:
            log.error("plan: %s; the last plan is kept until it expires", answer.failed)
            await self.teller.sites(self.answer, now, self.observer.seen)
            return
        self.solve_s.append(answer.seconds)
        changed = self.answer is None or self.answer.digest != answer.digest
        self.answer, self.asked = answer, asked
        self.plan = timetable(answer, asked)
        self.steward.learn(asked, answer)
        self._changed.set()
        await self.teller.plan(asked, answer, changed=changed)
        await self.teller.sites(self.answer, now, self.observer.seen)

    def _priced_world(self) -> dict[str, Any]:
        """The settings' world; the highest carbon price of any policy holds for the whole plan."""
        policies = [read_policy(one) for one in self.cache.policies.objects.values()]
        prices = [
            one.carbon_price_per_kg
            for one in policies
            if one.carbon_price_per_kg is not None and one.currency == self.world.get("currency")
        ]
        if not prices:
            return self.world
        return self.world | {"policy": {**self.world["policy"], "carbon_price_per_kg": max(prices)}}

    async def _decide(self) -> None:
        """Decide when something changed, and when the plan has something begin."""
        await self.cache.wait()
        while True:
            await self.leadership.began.wait()
            self._changed.clear()
            begun_s = time.monotonic()
            try:
                wake = await self._turn()
            except (Refused, Unreachable, Fenced) as error:
                log.info("turn: %s", error)
                wake = None
            spent_s = time.monotonic() - begun_s
            # A big turn must not fill the process's time.
            await asyncio.sleep(max(self.settings.decide_every_s, 2 * spent_s))
            await self._until(wake)

    async def _until(self, wake: datetime | None) -> None:
        left_s = LONGEST_SLEEP_S
        if wake is not None:
            wall_s = (self.clock.wall(wake) - self.clock.wall(self.clock.now())).total_seconds()
            left_s = min(left_s, max(0.0, wall_s))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await self._changed.wait()

    def _look(self, now: datetime) -> tuple[list[Managed], Ground]:
        policies = [read_policy(one) for one in self.cache.policies.objects.values()]
        jobs, self._orphans = managed(self.cache.jobs.objects.values(), policies, self.clock, now)
        sites = self.cache.sites.objects
        gpus = gpus_by_site(sites.values(), self.cache.nodes.objects.values())
        step = 0
        if self.asked is not None:
            step = int((now - self.asked.start) / timedelta(minutes=self.asked.step_min))
        ground = Ground(
            site_specs={name: one.spec for name, one in sites.items() if gpus[name][1]},
            gpus=gpus,
            outlooks=self.answer.sites if self.answer else {},
            step=max(0, step),
        )
        return jobs, ground

    async def _turn(self) -> datetime | None:
        """Look, decide, and want; return when something is due next."""
        if not self.leadership.may_write():
            return None
        now = self.clock.now()
        jobs, ground = self._look(now)
        self.modelled_kw = modelled_kw(jobs, ground)
        intents: dict[str, Intent] = {}
        for view in self._orphans:
            note = "its policy is gone: nothing holds it any more"
            intents[view.key] = release(view, None, Reason.RUN_NOW_ASKED, note)
        stale = any(
            is_stale(site, ground.outlooks.get(name), now)
            for name, site in self.cache.sites.objects.items()
        )
        for one in jobs:
            if one.facts.held_by_us and (one.policy.suspended or not one.policy.enforces):
                intents[one.facts.key] = self._let_go(one, ground, "its policy was suspended")
            elif stale and one.policy.advises_when_stale and _is_new(one):
                intents[one.facts.key] = self._let_go(one, ground, "the forecast is stale")
        deciding = [one for one in jobs if one.facts.key not in intents]
        living = live(deciding, ground, now)
        decisions = decide(snapshot(jobs, ground, living, now), self.plan, living, now)
        by_key = {one.facts.key: one for one in deciding}
        name = plan_name(self.asked) if self.asked else ""
        planned = self.plan.jobs if self.plan and now < self.plan.expires_at else {}
        troubles = self.answer.troubles if self.answer else {}
        self.states = {}
        for decided in decisions:
            one = by_key[decided.job]
            waits = decided.action in (Action.HOLD, Action.KEEP)
            if self.answer is None and waits and not one.facts.taken_over:
                # Before the first plan there is nothing to say yet.
                self._count(one, decided.action, decided.reason)
                continue
            decision, note = _overlaid(decided, one, troubles.get(decided.job))
            self._count(one, decision.action, decision.reason)
            wanted = intent(
                one, decision, planned=planned.get(decision.job), plan=name, note=note, now=now
            )
            if wanted is not None:
                intents[decision.job] = wanted
        for one in deciding:
            told = planned.get(one.facts.key)
            if not one.is_live and not one.policy.suspended and told is not None:
                self._count(one, Action.KEEP, Reason.AS_PLANNED)
                wanted = advice(one, told, name)
                if wanted is not None:
                    intents[one.facts.key] = wanted
        await self.hands.want(intents.values())
        await self.teller.policies(jobs, self.answer, self.last_failure, now)
        return self._next_instant(living, now)

    def _let_go(self, one: Managed, ground: Ground, why: str) -> Intent:
        """Release without a plan; where the law binds it, to a site that satisfies it."""
        bound = bool(one.facts.residency or one.facts.certifications)
        sites = admissible(one.facts, ground)
        site = sites[0] if bound and sites else None
        return release(one.view, site, Reason.RUN_NOW_ASKED, f"{why}: it starts at once")

    def _next_instant(self, living: list[Any], now: datetime) -> datetime | None:
        soon: datetime | None = None
        for job in living:
            planned = self.plan.jobs.get(job.name) if self.plan else None
            instants = [job.latest_start] if job.phase is not Phase.RUNNING else []
            if planned:
                instants += [at for run in planned.stretches for at in (run.begin, run.end)]
            for at in instants:
                if at > now and (soon is None or at < soon):
                    soon = at
        return soon

    def _count(self, one: Managed, action: Action, reason: Reason) -> None:
        state = "running" if one.facts.phase is Phase.RUNNING else one.facts.phase.value
        if one.facts.suspended_by_user:
            state = "suspended-by-user"
        elif one.facts.held_by_us and one.facts.phase is Phase.WAITING:
            state = "held"
        key = (state, one.facts.site or "")
        self.states[key] = self.states.get(key, 0) + 1
        if reason is Reason.LATEST_START_MISSED and one.facts.key not in self._missed:
            self._missed.add(one.facts.key)
            self.missed += 1


def _is_new(one: Managed) -> bool:
    """Held, and never told a start: nothing new is held on a stale forecast."""
    told = names.PLANNED_START in one.view.metadata.annotations
    return one.facts.held_by_us and one.facts.phase is Phase.WAITING and not told


def _overlaid(decision: Any, one: Managed, trouble: Any) -> tuple[Any, str]:
    """A held Job that no plan can place says why; a slip in its annotations is told with it."""
    note = "; ".join(one.facts.problems)
    if decision.action is not Action.HOLD or one.facts.suspended_by_user:
        return decision, note
    if trouble is not None and decision.reason is not Reason.LATEST_START_MISSED:
        decision = replace(decision, reason=Reason(trouble.reason))
        note = "; ".join(part for part in (trouble.message, note) if part)
    elif one.facts.problems and decision.reason is not Reason.LATEST_START_MISSED:
        decision = replace(decision, reason=Reason.MISCONFIGURED)
    return decision, note
