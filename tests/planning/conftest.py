import pytest

from scheduler.planning.planner import plan_scenario
from scheduler.scenario import load


@pytest.fixture(scope="session")
def dakhla():
    return plan_scenario(load("dakhla"))


@pytest.fixture(scope="session")
def one_site():
    return plan_scenario(load("one-site-one-battery"))
