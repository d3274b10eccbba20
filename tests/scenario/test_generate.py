"""Synthetic jobs keep every promise made of them, for any seed, start and length."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.scenario import load
from scheduler.scenario.generate import generate

DAKHLA = load("dakhla")
ANY_SEED = st.integers(0, 2**32 - 1)
ANY_MONDAY = st.integers(0, 200).map(lambda n: datetime(2025, 1, 6, tzinfo=UTC) + timedelta(n * 7))
ANY_HOUR = st.integers(0, 20_000).map(
    lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(0, n * 3600)
)


def world(*, seed=7, start=None, days=None, step_min=60, **parameters):
    """The Dakhla world with another seed, horizon or generator."""
    base = DAKHLA.world
    horizon = {"step_min": step_min}
    horizon |= {"start": start} if start else {}
    horizon |= {"days": days} if days else {}
    generator = base.jobs.generate.model_copy(update=parameters)
    return base.model_copy(
        update={
            "seed": seed,
            "horizon": base.horizon.model_copy(update=horizon),
            "jobs": base.jobs.model_copy(update={"generate": generator}),
        }
    )


def work_share(jobs, chosen):
    total = sum(job.gpu_hours for job in jobs)
    return sum(job.gpu_hours for job in jobs if chosen(job)) / total


def slack_shares(jobs):
    return [
        work_share(jobs, lambda job: job.slack_h < 6),
        work_share(jobs, lambda job: 6 <= job.slack_h <= 24),
        work_share(jobs, lambda job: job.slack_h > 24),
    ]


def busy_gpus(jobs, world, site):
    """GPUs of a home pool when each job runs at once, by hour."""
    hours = np.zeros(round(world.horizon.n_steps * world.horizon.step_h))
    for job in jobs:
        if job.home == site:
            first = round((job.release - world.horizon.start) / timedelta(hours=1))
            hours[first : first + round(job.work_h)] += job.gpus
    return hours


@settings(max_examples=8)
@given(seed=ANY_SEED, start=ANY_HOUR, days=st.integers(2, 21))
def test_slack_is_mixed_by_gpu_hours_within_two_points(seed, start, days):
    shares = slack_shares(generate(world(seed=seed, start=start, days=days)).jobs)
    assert shares == pytest.approx([0.3, 0.4, 0.3], abs=0.02)


@settings(max_examples=6)
@given(shares=st.tuples(*[st.integers(1, 5)] * 3), seed=ANY_SEED)
def test_any_mix_of_slack_is_met(shares, seed):
    slack = DAKHLA.world.jobs.generate.slack_shares.model_copy(
        update=dict(zip(("below_6h", "from_6h_to_24h", "above_24h"), shares, strict=True))
    )
    generated = generate(world(seed=seed, slack_shares=slack))
    wanted = [share / sum(shares) for share in shares]
    if not generated.notes:
        assert slack_shares(generated.jobs) == pytest.approx(wanted, abs=0.02)


@settings(max_examples=8)
@given(seed=ANY_SEED, start=ANY_HOUR, days=st.integers(1, 21))
def test_every_job_run_at_once_ends_inside_the_horizon_and_can_meet_its_deadlines(
    seed, start, days
):
    described = world(seed=seed, start=start, days=days)
    for job in generate(described).jobs:
        ends = job.release + timedelta(hours=job.work_h)
        assert described.horizon.start <= job.release
        assert ends <= job.due <= job.deadline <= described.horizon.end


@settings(max_examples=8)
@given(seed=ANY_SEED, days=st.integers(7, 13))
def test_pools_are_filled_to_their_load_and_a_queue_is_rare_and_told(seed, days):
    described = world(seed=seed, days=days)
    generated = generate(described)
    queues = bool(generated.notes)
    assert all(
        note.startswith(("jobs.generate: 1 jobs", "jobs.generate: 2 jobs"))
        for note in generated.notes
    )
    for site, load_share in described.jobs.generate.load.items():
        busy, gpus = busy_gpus(generated.jobs, described, site), DAKHLA.sites[site].gpus["h100"][0]
        headroom = described.jobs.generate.services_headroom_gpus[site]
        assert busy.mean() / gpus == pytest.approx(load_share, rel=0.03)
        assert queues or busy.max() <= gpus - headroom


@settings(max_examples=3)
@given(seed=ANY_SEED, monday=ANY_MONDAY)
def test_a_week_has_the_same_jobs_in_every_horizon_of_whole_weeks_that_holds_it(seed, monday):
    month = generate(world(seed=seed, start=monday, days=28)).jobs
    second = monday + timedelta(days=7)
    alone = generate(world(seed=seed, start=second, days=7)).jobs
    inside = [job for job in month if second <= job.release < second + timedelta(days=7)]

    def but_for_the_deadline(job):
        return (job.name, job.kind, job.modes, job.work_h, job.release, job.due, job.home)

    assert [*map(but_for_the_deadline, inside)] == [*map(but_for_the_deadline, alone)]


@pytest.mark.parametrize("days", [7, 14, 28])
def test_a_longer_horizon_keeps_the_density(days):
    jobs = generate(world(days=days)).jobs
    assert len(jobs) == pytest.approx(200 * days / 7, rel=0.03)


def test_the_same_seed_gives_the_same_jobs_and_another_seed_others():
    assert generate(world(seed=1)) == generate(world(seed=1))
    assert generate(world(seed=1)) != generate(world(seed=2))


def test_slack_scaled_to_nothing_leaves_none_and_changes_nothing_else():
    usual, tight = generate(world()).jobs, generate(world(slack_scale=0.0)).jobs
    assert {job.slack_h for job in tight} == {0.0}
    assert [(j.name, j.release, j.modes) for j in tight] == [
        (j.name, j.release, j.modes) for j in usual
    ]


def test_kinds_and_restrictions_get_their_shares_of_the_gpu_hours():
    jobs = generate(world()).jobs
    assert work_share(jobs, lambda job: job.kind == "elastic") == pytest.approx(0.3, abs=0.02)
    assert work_share(jobs, lambda job: job.residency == {"MA"}) == pytest.approx(0.3, abs=0.02)
    assert work_share(jobs, lambda job: job.certifications == {"health"}) == pytest.approx(
        0.1, abs=0.02
    )


def test_a_restricted_job_may_only_run_where_the_law_allows():
    for job in generate(world()).jobs:
        allowed = {"dakhla", "casablanca"} if job.residency else {"dakhla", "casablanca", "paris"}
        assert set(job.sites) == allowed
        assert job.sites[0] == job.home


def test_an_elastic_job_is_slower_than_its_width_when_wide():
    elastic = [job for job in generate(world()).jobs if job.kind == "elastic"]
    assert all(len(job.modes) > 1 and job.modes[0].speed == 1 for job in elastic)
    for job in elastic:
        speeds = {mode.gpus / job.gpus: mode.speed for mode in job.modes}
        assert {w: s for w, s in speeds.items() if w != 1}.items() <= {0.5: 0.55, 2.0: 1.8}.items()


def test_a_working_hour_sees_more_releases_than_another_hour():
    """Twice as many are asked for; 50 of a week's 168 hours are working hours."""
    jobs = generate(world(days=28)).jobs
    # Clocks are at most an hour ahead of UTC.
    hours = Counter(8 <= job.release.hour < 18 and job.release.weekday() < 5 for job in jobs)
    assert hours[True] / 50 > 1.5 * hours[False] / (168 - 50)


@pytest.mark.parametrize("step_min", [15, 30, 120, 360])
def test_releases_and_lengths_are_whole_steps_at_any_resolution(step_min):
    described = world(step_min=step_min)
    for job in generate(described).jobs:
        assert (job.release - described.horizon.start) % described.horizon.step == timedelta(0)
        assert timedelta(hours=job.work_h) % described.horizon.step == timedelta(0)


@pytest.mark.parametrize(
    ("parameters", "note"),
    [
        pytest.param({"load": {"dakhla": 0.55}}, "would queue if each ran at once", id="too full"),
        pytest.param({"count_per_week": 20}, "count_per_week 20 is too few", id="too few jobs"),
        pytest.param(
            {"count_per_week": 2000, "load": {"dakhla": 0.01}},
            "count_per_week 2000 is too many",
            id="too many",
        ),
        pytest.param({"days": 1}, "24 h leave room for 0% of the GPU-hours", id="a day is short"),
    ],
)
def test_what_cannot_be_met_is_said(parameters, note):
    notes = generate(world(**parameters)).notes
    assert any(note in text for text in notes), notes
