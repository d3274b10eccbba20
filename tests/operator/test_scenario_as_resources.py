"""A scenario put into a cluster asks the optimizer the very question it asks on a desk."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from k8s_operator import names
from k8s_operator.api.convert import bundle
from k8s_operator.facts import Defaults, ask_of, read_job
from k8s_operator.planning.question import Question, Rates, SiteFacts
from k8s_operator.planning.world import scenario_of
from optimizer.fingerprint import fingerprint
from scheduler.planning.assemble import assemble
from scheduler.planning.forecasts import look_ahead
from scheduler.scenario import Scenario, load
from tests.operator.objects import job_view


def asked(scenario: Scenario) -> Question:
    """The question a cluster with the scenario's resources puts, as the horizon begins."""
    resources, horizon = bundle(scenario), scenario.horizon
    views = [job_view(one, created=horizon.start) for one in resources.jobs]
    jobs = []
    for view in views:
        facts = read_job(view, Defaults(max_delay=timedelta(days=366)), now=horizon.start)
        assert not facts.problems
        jobs.append(ask_of(facts, now=horizon.start))
    return Question(
        taken_at=horizon.start,
        start=horizon.start,
        step_min=horizon.step_min,
        n_steps=horizon.n_steps,
        expires_at=horizon.end,
        world=dict(resources.world),
        sites=tuple(
            SiteFacts(name=one["metadata"]["name"], spec=one["spec"]) for one in resources.sites
        ),
        services={one["metadata"]["name"]: one["spec"] for one in resources.profiles},
        jobs=tuple(jobs),
    )


@pytest.mark.parametrize("world", ["one-site-one-battery", "dakhla", "dakhla-island"])
def test_scenario_to_resources_to_problem_is_scenario_to_problem(world):
    scenario = load(world)
    found, troubles, *others = scenario_of(asked(scenario))
    assert not troubles
    assert others == [{}, {}]
    desk, later = assemble(scenario, look_ahead(scenario, scenario.horizon.start))
    cluster, later_there = assemble(found, look_ahead(found, found.horizon.start))
    assert fingerprint(unprefixed(cluster)) == fingerprint(desk)
    assert [name.removeprefix("default/") for name in later_there] == list(later)


def test_requests_that_came_are_what_forecasts_of_them_rest_on():
    scenario = load("dakhla")
    question = asked(scenario)
    name, spec = next(iter(question.services.items()))
    region = spec["demand"][0]["name"]
    hours = 24 * 40
    came = Rates(
        start=question.start - timedelta(hours=hours),
        rps=tuple(20.0 + hour % 24 for hour in range(hours)),
    )
    told = msgspec.structs.replace(question, came={name: {region: came}})
    found, *_ = scenario_of(told)
    forecast = look_ahead(found, question.start).forecasts.demand_rps[name, region]
    assert forecast.provenance.source.startswith("own record")
    # Every day was the same: 20 requests a second at midnight and one more each hour.
    assert forecast.expected[0] == pytest.approx(20, abs=1)


def unprefixed(problem):
    """A cluster's Jobs are named by their namespace too."""
    jobs = tuple(
        replace(
            job,
            name=job.name.removeprefix("default/"),
            after=tuple(one.removeprefix("default/") for one in job.after),
        )
        for job in problem.jobs
    )
    return replace(problem, jobs=jobs)


def test_every_word_a_job_may_say_is_documented():
    spelled = {
        value
        for key, value in vars(names).items()
        if isinstance(value, str) and value.startswith("alize.dev/") and key.isupper()
    }
    labels = {names.MANAGED, names.SITE, names.GPU_TYPE, names.ACTIVE}
    others = labels | {names.API_VERSION, names.PROCESS}
    assert spelled - others - set(names.WRITTEN) == set(names.VOCABULARY)
