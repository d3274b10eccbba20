"""One YAML file says a whole world; here it is described, read, checked and made ready.

`load` is the door in. What comes out, a `Scenario`, needs no knowledge of YAML, files, units or
local time. Nothing here knows how to plan.
"""

from scheduler.scenario.builtin import BuiltIn, copy, names, read, worlds
from scheduler.scenario.dump import dump
from scheduler.scenario.errors import Problem, ScenarioError
from scheduler.scenario.jobs import JobSpec, ModeSpec
from scheduler.scenario.load import load
from scheduler.scenario.scenario import GridSeries, Scenario, ServiceSeries, SiteSeries
from scheduler.scenario.world import World, schema_json

__all__ = [
    "BuiltIn",
    "GridSeries",
    "JobSpec",
    "ModeSpec",
    "Problem",
    "Scenario",
    "ScenarioError",
    "ServiceSeries",
    "SiteSeries",
    "World",
    "copy",
    "dump",
    "load",
    "names",
    "read",
    "schema_json",
    "worlds",
]
