"""Wishes that are not met reach the user: in a sentence, in the run folder, and re-checked."""

from dataclasses import replace

import pytest

from optimizer.shortfalls.conflict import Limit, Remedy
from scheduler.planning import run_folder
from scheduler.planning.clauses import WORDS
from scheduler.planning.document import document
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.planning.wishes import Teller
from scheduler.reporting.texts import language
from scheduler.scenario import builtin, load

PLAIN = builtin.read("one-site-one-battery")
#: Each needs all 8 GPUs for 4 of the first 6 hours; the rival is worth five times as much, and the
#: cheap hours 3 to 5 make it run from 2 to 6.
BOTH = """    {name}:
      kind: contiguous
      gpu_type: gpu
      gpus: 8
      work_h: 4
      power_kw_per_gpu: 1
      release_h: 0
      due_h: 6
      deadline_h: 6
      home: home
      priority: {priority}
"""


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    path = tmp_path_factory.mktemp("world") / "short.yaml"
    jobs = BOTH.format(name="hurried", priority=1) + BOTH.format(name="rival", priority=5)
    path.write_text(PLAIN.rstrip() + "\n" + jobs, encoding="utf-8")
    return plan_scenario(load(path))


def test_a_wish_that_cannot_be_met_is_told_with_what_forces_it_and_what_would_do(short):
    (told,) = document(short)["conflicts"]
    assert told["sentence"] == (
        "hurried cannot end by its hard deadline Mon 2026-06-01 06:00: it needs 4 h on 8 gpu, the"
        " largest pool it may use has 8 (home), rival (priority 5 against 1) holds 8 GPUs between"
        " Mon 02:00 and Mon 06:00; it would do to add 8 GPUs at home, or to take away rival"
    )
    assert (told["wish"], told["cause"]) == ("finished", "beside")
    assert told["cost"] == 100 * 8 * 4


def test_it_is_said_in_french_too(short):
    said = language("fr").tell(Teller(short.problem).tell(short.conflicts[0]))
    assert said == (
        "hurried ne peut finir avant son échéance ferme, lun. 2026-06-01 06:00\u202f: il lui faut"
        " 4 h sur 8 gpu, le plus grand parc admis a 8 GPU (home), rival (priorité 5 contre 1) tient"
        " 8 GPU entre lun. 02:00 et lun. 06:00\u202f; il suffirait de disposer de 8 GPU de plus à"
        " home, ou de retirer rival"
    )


def test_conflicts_read_back_from_a_run_folder_equal_what_was_written(short, tmp_path):
    run_folder.write(short, tmp_path / "run")
    read = run_folder.read(tmp_path / "run")
    assert read.conflicts == short.conflicts
    assert run_folder.differing(tmp_path / "run", read) == ()


def test_a_conflict_that_was_touched_up_is_found(short):
    assert recheck(short).ok
    (conflict,) = short.conflicts
    fewer = tuple(one for one in conflict.constraints if one.limit is not Limit.OTHER_WORK)
    touched_up = replace(short, conflicts=(replace(conflict, constraints=fewer),))
    assert [one for one in recheck(touched_up).findings if one.startswith("conflicts:")]
    silent = replace(short, conflicts=())
    assert [one for one in recheck(silent).findings if one.startswith("conflicts:")]


def test_every_kind_of_limit_and_way_out_has_words():
    assert [one.value for one in Remedy if f"cure_{one.value}" not in WORDS] == []


def test_a_plan_that_meets_every_wish_says_nothing(one_site):
    assert one_site.conflicts == ()
    assert document(one_site)["conflicts"] == []
