"""What a Job says about itself is read with care: a slip is told, its default holds."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from k8s_operator import names
from k8s_operator.facts import Defaults, read_job
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.state import in_world_time
from scheduler.planning.snapshot import Phase
from tests.operator.objects import job, job_view

CREATED = datetime(2026, 3, 2, tzinfo=UTC)
DEFAULTS = Defaults(max_delay=timedelta(hours=24), run_time_h=2.0)


def facts(manifest, now=CREATED):
    return read_job(job_view(manifest, created=CREATED), DEFAULTS, now=now)


def hours(count):
    return CREATED + timedelta(hours=count)


def test_without_a_deadline_it_waits_as_long_as_its_policy_lets_it():
    assert facts(job("train", run_time="6h")).latest_start == hours(24)


def test_a_deadline_less_its_run_time_is_its_latest_start():
    found = facts(job("train", run_time="6h", DEADLINE="2026-03-02T10:00:00Z"))
    assert found.latest_start == hours(4)


def test_a_run_time_nobody_states_is_that_of_its_policy():
    assert facts(job("train", run_time=None)).work_h == 2.0


def test_a_width_is_that_of_all_pods_together():
    assert facts(job("train", gpus=8, pods=3)).modes[0].gpus == 24


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param({"RUN_TIME": "90"}, "must be a duration such as 90m or 6h", id="no unit"),
        pytest.param({"RUN_TIME": "9000h"}, "at most 1440h", id="a year"),
        pytest.param({"WATTS_PER_GPU": "0.7"}, "did you mean 700?", id="kilowatts"),
        pytest.param({"DEADLINE": "tomorrow"}, "must be an instant such as", id="no instant"),
        pytest.param({"DEADLINE": "2026-03-09T10:00"}, "must say its time zone", id="no zone"),
        pytest.param({"DEADLINE": "2026-03-01T00:00:00Z"}, "lies before", id="in the past"),
        pytest.param({"CHECKPOINTABLE": "yes"}, "must be true or false", id="a word"),
        pytest.param({"ELASTIC_MODES": "[{}]"}, "needs gpus, speed", id="an empty width"),
        pytest.param({"ELASTIC_MODES": "eight"}, names.ELASTIC_MODES, id="no JSON"),
        pytest.param({"PROGRESS": "40"}, "must be between 0 and 1", id="percent"),
        pytest.param({"PRIORITY": "-1"}, "must be above 0", id="a negative priority"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_repair(said, words):
    run_time = said.pop("RUN_TIME", "2h")
    found = facts(job("train", run_time=run_time, **said))
    said["RUN_TIME"] = run_time
    assert any(words in problem for problem in found.problems)
    assert found.work_h == 2.0


def suspended(**annotations):
    manifest = job("train", run_time="4h", **annotations)
    manifest["spec"]["suspend"] = True
    return manifest


@pytest.mark.parametrize(
    ("held", "ours"),
    [
        pytest.param({"HELD": "all"}, True, id="an admission policy"),
        pytest.param({}, False, id="its creator"),
        pytest.param({"HELD": names.LET_GO}, False, id="somebody after its release"),
    ],
)
def test_who_suspended_it(held, ours):
    found = facts(suspended(**held))
    assert (found.held_by_us, found.suspended_by_user) == (ours, not ours)


def running(started_h, **annotations):
    manifest = job("train", run_time="4h", **annotations)
    manifest["spec"]["suspend"] = False
    manifest["status"] = {"startTime": hours(started_h).isoformat()}
    return manifest


def test_progress_is_what_the_job_says_before_what_the_clock_says():
    found = facts(running(0, PROGRESS="0.9"), now=hours(1))
    assert (found.done_share, found.done_by) == (0.9, "annotation")


def test_progress_by_the_clock_goes_on_from_where_it_was_paused():
    found = facts(running(10, DONE="0.5"), now=hours(11))
    assert (found.done_share, found.done_by) == (0.75, "time")
    assert found.work_h == pytest.approx(1.0)


def test_progress_by_completed_indexes():
    manifest = running(0)
    manifest["spec"] |= {"completions": 4, "parallelism": 4}
    manifest["status"]["succeeded"] = 1
    found = facts(manifest, now=hours(1))
    assert (found.done_share, found.done_by) == (0.25, "indexes")


def test_a_job_that_ran_before_has_only_its_deadline_to_keep():
    manifest = suspended(HELD="all", PAUSED_AT="2026-03-02T01:00:00Z", DONE="0.25",
                         DEADLINE="2026-03-05T00:00:00Z")  # fmt: skip
    manifest["spec"]["template"]["spec"]["nodeSelector"] = {names.SITE: "clean"}
    found = facts(manifest, now=hours(30))
    assert found.phase is Phase.PAUSED
    assert found.site == "clean"
    assert found.latest_start == hours(72 - 3)


@pytest.mark.parametrize("speed", [1, 100])
def test_a_job_was_created_by_the_clock_of_the_world_at_any_speed(speed):
    origin = hours(-24 * 300)
    settings = OperatorSettings(clock_origin=origin, clock_wall=CREATED, clock_speed=speed)
    view = job_view(job("train"), created=CREATED + timedelta(seconds=36))
    created = in_world_time(view, Clock(settings)).metadata.creation_timestamp
    assert created == origin + timedelta(seconds=36 * speed)


def elastic(modes, **options):
    return job("train", pods=4, gpus=2, ELASTIC_MODES=json.dumps(modes), **options)


FOUR = {"gpus": 4, "speed": 0.5, "watts-per-gpu": 700}


def test_a_narrowed_job_keeps_the_width_it_declared_and_works_slower():
    """Half was done at 8 GPUs; an hour of a two-hour job at half speed adds a quarter."""
    manifest = elastic(
        [FOUR], run_time="2h", BASE_GPUS="8", DONE="0.5", RESIZED_AT="2026-03-02T01:00:00Z"
    )
    manifest["spec"] |= {"parallelism": 2, "completions": 2}
    manifest["status"] = {"startTime": "2026-03-02T00:00:00Z"}
    found = facts(manifest, now=hours(2))
    assert [one.gpus for one in found.modes] == [8, 4]
    assert found.mode == 1
    assert found.done_share == pytest.approx(0.75)


def test_a_width_that_is_no_whole_number_of_pods_is_told():
    [problem] = facts(elastic([FOUR | {"gpus": 3}])).problems
    assert "gpus must be whole pods of 2 each, got 3" in problem
