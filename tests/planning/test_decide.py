"""What to do now: the plan is followed where law, room and deadlines let it, and never further."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.planning.decide import Action, Decision, decide
from scheduler.planning.explain import WaitReason
from scheduler.planning.reasons import Reason
from scheduler.planning.snapshot import (
    LiveJob,
    Phase,
    PlannedJob,
    Room,
    Snapshot,
    Stretch,
    Timetable,
    Width,
)

NOW = datetime(2026, 2, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def job(name="train", **said) -> LiveJob:
    """One that takes 8 GPUs and 10 kW, may go anywhere, and need not start today."""
    said = {
        "phase": Phase.WAITING,
        "gpu_type": "h100",
        "widths": (Width(gpus=8, power_kw=10), Width(gpus=16, power_kw=19)),
        "admissible_sites": ("dakhla", "casablanca"),
        "latest_start": NOW + 24 * HOUR,
        **said,
    }
    return LiveJob(name=name, **said)


def running(name="train", **said) -> LiveJob:
    return job(name, **{"phase": Phase.RUNNING, "site": "dakhla", "pausable": True, **said})


def rooms(dakhla=100, casablanca=100, power_kw=1000.0) -> Snapshot:
    gpus = {"dakhla": dakhla, "casablanca": casablanca}
    sites = {name: Room(gpus={"h100": n}, power_kw=power_kw) for name, n in gpus.items()}
    return Snapshot(taken_at=NOW, rooms=sites)


def runs(site="dakhla", begin=0, hours=4, mode=0, waits_for=None) -> PlannedJob:
    stretch = Stretch(begin=NOW + begin * HOUR, end=NOW + (begin + hours) * HOUR, mode=mode)
    return PlannedJob(site=site, stretches=(stretch,), waits_for=waits_for)


def plan(**jobs) -> Timetable:
    return Timetable(issued_at=NOW - HOUR, expires_at=NOW + 3 * HOUR, jobs=jobs)


def one(snapshot, timetable, live, now=NOW) -> Decision:
    (decision,) = decide(snapshot, timetable, [live], now)
    return decision


LATER = runs(begin=2, waits_for=Reason.WAITING_FOR_CLEANER_ENERGY)
WAITED = runs(waits_for=Reason.WAITING_FOR_CLEANER_ENERGY)


@pytest.mark.parametrize(
    ("live", "planned", "action", "reason", "place"),
    [
        pytest.param(
            job(), runs(), Action.START, Reason.AS_PLANNED, ("dakhla", 0), id="planned from release"
        ),
        pytest.param(
            job(),
            WAITED,
            Action.START,
            Reason.CLEANER_ENERGY_NOW,
            ("dakhla", 0),
            id="its time has come",
        ),
        pytest.param(
            job(), LATER, Action.HOLD, Reason.WAITING_FOR_CLEANER_ENERGY, (None, 0), id="later"
        ),
        pytest.param(
            job(phase=Phase.PAUSED, site="dakhla"),
            runs(mode=1),
            Action.RESUME,
            Reason.CLEANER_ENERGY_NOW,
            ("dakhla", 1),
            id="paused goes on, wider",
        ),
        pytest.param(
            job(phase=Phase.PAUSED, site="casablanca"),
            runs(),
            Action.MOVE,
            Reason.CLEANER_ENERGY_NOW,
            ("dakhla", 0),
            id="paused goes on elsewhere",
        ),
        pytest.param(
            running(), runs(begin=-1), Action.KEEP, Reason.AS_PLANNED, ("dakhla", 0), id="goes on"
        ),
        pytest.param(
            running(), runs(mode=1), Action.RESIZE, Reason.AS_PLANNED, ("dakhla", 1), id="wider"
        ),
        pytest.param(
            running(),
            runs("casablanca"),
            Action.MOVE,
            Reason.CLEANER_ENERGY_ELSEWHERE,
            ("casablanca", 0),
            id="elsewhere",
        ),
        pytest.param(
            running(),
            LATER,
            Action.PREEMPT,
            Reason.WAITING_FOR_CLEANER_ENERGY,
            (None, 0),
            id="paused for later",
        ),
        pytest.param(
            running(pausable=False),
            LATER,
            Action.KEEP,
            Reason.PAUSE_NOT_ALLOWED,
            ("dakhla", 0),
            id="not to be touched",
        ),
        pytest.param(
            running(),
            runs(begin=-4),
            Action.KEEP,
            Reason.AS_PLANNED,
            ("dakhla", 0),
            id="runs longer than the plan thought",
        ),
        pytest.param(
            job(suspended_by_user=True),
            runs(),
            Action.HOLD,
            Reason.SUSPENDED_BY_USER,
            (None, 0),
            id="a user holds it",
        ),
        pytest.param(
            job(admissible_sites=()),
            runs(),
            Action.HOLD,
            Reason.NO_ADMISSIBLE_SITE,
            (None, 0),
            id="no site may run it",
        ),
        pytest.param(
            job(admissible_sites=("casablanca",)),
            runs("dakhla"),
            Action.HOLD,
            Reason.PENDING_EVALUATION,
            (None, 0),
            id="a plan may not break the law",
        ),
        pytest.param(
            job(run_now=True),
            LATER,
            Action.START,
            Reason.RUN_NOW_ASKED,
            ("dakhla", 0),
            id="shall not wait",
        ),
    ],
)
def test_a_plan_becomes_deeds(live, planned, action, reason, place):
    site, mode = place
    decision = one(rooms(), plan(train=planned), live)
    assert decision == Decision(job="train", action=action, reason=reason, site=site, mode=mode)


def test_at_its_latest_start_a_job_starts_though_the_plan_has_it_wait():
    decision = one(rooms(), plan(train=LATER), job(latest_start=NOW))
    assert (decision.action, decision.reason) == (Action.START, Reason.LATEST_START_REACHED)


def test_at_its_latest_start_a_job_takes_any_site_it_may_with_room():
    decision = one(rooms(dakhla=7), plan(train=LATER), job(latest_start=NOW))
    assert decision.site == "casablanca"


def test_at_its_latest_start_a_job_never_goes_where_it_may_not():
    confined = job(latest_start=NOW, admissible_sites=("dakhla",))
    decision = one(rooms(dakhla=7), plan(train=LATER), confined)
    assert (decision.action, decision.reason) == (Action.HOLD, Reason.LATEST_START_MISSED)


def test_the_cap_on_power_stands_above_the_latest_start():
    decision = one(rooms(power_kw=9.0), plan(train=LATER), job(latest_start=NOW))
    assert (decision.action, decision.reason) == (Action.HOLD, Reason.LATEST_START_MISSED)


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        pytest.param(rooms(dakhla=7), Reason.WAITING_FOR_CAPACITY, id="GPUs"),
        pytest.param(rooms(power_kw=9), Reason.WAITING_FOR_POWER, id="power"),
    ],
)
def test_a_planned_start_waits_for_what_is_missing(snapshot, reason):
    decision = one(snapshot, plan(train=runs()), job())
    assert (decision.action, decision.reason) == (Action.HOLD, reason)


@pytest.mark.parametrize("timetable", [None, plan(train=LATER)], ids=["none", "expired"])
def test_without_a_plan_that_holds_nothing_is_paused_and_nothing_starts_early(timetable):
    now = NOW + 3 * HOUR
    assert one(rooms(), timetable, running(), now).action is Action.KEEP
    held = one(rooms(), timetable, job(), now)
    assert (held.action, held.reason) == (Action.HOLD, Reason.PLAN_EXPIRED)
    due = one(rooms(), timetable, job(latest_start=now), now)
    assert due.reason is Reason.LATEST_START_REACHED


def test_what_the_plan_stops_makes_room_for_what_it_starts():
    live = [job("next"), running("now")]
    start, stop = decide(rooms(dakhla=0), plan(now=LATER, next=runs()), live, NOW)
    assert (stop.action, start.action) == (Action.PREEMPT, Action.START)


def test_a_shrunken_pool_preempts_the_one_that_can_wait_longest():
    soon, late = running("soon", latest_start=NOW + HOUR), running("late")
    kept, stopped = decide(rooms(dakhla=-8), plan(soon=runs(), late=runs()), [soon, late], NOW)
    assert kept.action is Action.KEEP
    assert (stopped.action, stopped.reason) == (Action.PREEMPT, Reason.WAITING_FOR_CAPACITY)


def test_a_shrunken_pool_narrows_what_the_plan_has_narrower_and_preempts_nobody_for_it():
    wide = running(mode=1, latest_start=NOW + 2 * HOUR)
    decisions = decide(rooms(dakhla=-8), plan(train=runs()), [wide], NOW)
    assert [(one.action, one.mode) for one in decisions] == [(Action.RESIZE, 0)]
    beside = running("other", latest_start=NOW + HOUR)
    decisions = decide(rooms(dakhla=-8), plan(train=runs(), other=runs()), [wide, beside], NOW)
    assert [one.action for one in decisions] == [Action.RESIZE, Action.KEEP]


def test_a_lowered_cap_preempts_only_as_much_as_it_must_and_none_that_may_not_be_paused():
    live = [running("a"), running("b"), running("c", pausable=False)]
    timetable = plan(a=runs(), b=runs(), c=runs())
    a, b, c = decide(rooms(power_kw=-10), timetable, live, NOW)
    assert (a.action, b.action, c.action) == (Action.KEEP, Action.PREEMPT, Action.KEEP)
    assert b.reason is Reason.WAITING_FOR_POWER


def test_room_goes_first_to_the_job_at_its_latest_start():
    live = [job("planned", priority=9), job("due", latest_start=NOW)]
    timetable = plan(planned=runs(), due=LATER)
    planned, due = decide(rooms(dakhla=8, casablanca=0), timetable, live, NOW)
    assert (planned.action, due.action) == (Action.HOLD, Action.START)


def test_a_move_without_room_leaves_the_job_where_it_runs():
    decision = one(rooms(casablanca=7), plan(train=runs("casablanca")), running())
    assert (decision.action, decision.site) == (Action.KEEP, "dakhla")
    assert decision.reason is Reason.WAITING_FOR_CAPACITY


def test_every_reason_to_wait_is_in_the_one_list():
    assert {one.value for one in WaitReason} <= {one.value for one in Reason}


@st.composite
def live_jobs(draw) -> LiveJob:
    phase = draw(st.sampled_from(Phase))
    site = draw(st.sampled_from(["dakhla", "casablanca"]))
    return job(
        name=str(draw(st.integers(0, 10**9))),
        phase=phase,
        site=None if phase is Phase.WAITING else site,
        admissible_sites=draw(
            st.sampled_from([("dakhla",), ("casablanca",), ("dakhla", "casablanca"), ()])
        ),
        latest_start=NOW + draw(st.integers(-2, 5)) * HOUR,
        mode=draw(st.integers(0, 1)),
        pausable=draw(st.booleans()),
        run_now=draw(st.booleans()),
        suspended_by_user=draw(st.booleans()),
        priority=draw(st.sampled_from([1.0, 2.0])),
    )


planned_jobs = st.builds(
    runs,
    site=st.sampled_from(["dakhla", "casablanca"]),
    begin=st.integers(-2, 2),
    hours=st.integers(1, 3),
    mode=st.integers(0, 1),
)


@given(
    live=st.lists(live_jobs(), max_size=8, unique_by=lambda one: one.name),
    planned=st.lists(planned_jobs, min_size=8, max_size=8),
    gpus=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    power_kw=st.integers(0, 60),
    turned=st.randoms(use_true_random=False),
)
def test_decisions_respect_law_room_and_consent_in_any_order(live, planned, gpus, power_kw, turned):
    snapshot = rooms(*gpus, float(power_kw))
    timetable = plan(**{one.name: at for one, at in zip(live, planned, strict=False)})
    decisions = decide(snapshot, timetable, live, NOW)
    assert [one.job for one in decisions] == [one.name for one in live]
    left = {name: [room.gpus["h100"], room.power_kw] for name, room in snapshot.rooms.items()}
    for before, after in zip(live, decisions, strict=True):
        if before.phase is Phase.RUNNING:
            left[before.site][0] += before.widths[before.mode].gpus
            left[before.site][1] += before.widths[before.mode].power_kw
            if not before.pausable:
                assert (after.action, after.site) == (Action.KEEP, before.site)
        if after.site:
            left[after.site][0] -= before.widths[after.mode].gpus
            left[after.site][1] -= before.widths[after.mode].power_kw
            assert after.action is Action.KEEP or after.site in before.admissible_sites
            assert after.action is Action.KEEP or not before.suspended_by_user
    assert all(gpus >= 0 and kw >= -1e-6 for gpus, kw in left.values())
    shuffled = list(live)
    turned.shuffle(shuffled)
    again = {one.job: one for one in decide(snapshot, timetable, shuffled, NOW)}
    assert [again[one.job] for one in decisions] == list(decisions)


def test_a_job_that_runs_must_say_where():
    with pytest.raises(ValueError, match="site must be known of a job that is running"):
        replace(job(), phase=Phase.RUNNING)
