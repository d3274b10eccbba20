"""A sweep loses nothing and does nothing twice, whoever works and whatever dies."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from optimizer.limits import Limits
from scheduler.errors import DataUnavailable, InputError
from scheduler.planning.planner import plan_scenario
from scheduler.scenario import load
from scheduler.sweep.axes import axis, combined, one_at_a_time
from scheduler.sweep.crew import Dask, Local
from scheduler.sweep.folder import Folder
from scheduler.sweep.outcome import table
from scheduler.sweep.sweep import sweep
from scheduler.sweep.task import Task, work_out
from tests.sweep.small import BATTERY, CARBON, PLANNED, WORLD, Counting, text

WORLDS = combined([axis(f"{BATTERY}=5,10"), axis(f"{CARBON}=0,1")])


def swept(folder, crew, *, worlds=WORLDS, how=PLANNED, world=None, **options):
    return sweep(
        world or text(),
        worlds,
        how,
        folder=Folder(folder),
        crew=crew,
        version="0",
        **options,
    )


def test_what_a_world_comes_to_is_what_a_plan_of_it_comes_to():
    edits = (f"{BATTERY}=5", f"{CARBON}=1")
    row = work_out(Task(text=text(), edits=edits, how=PLANNED))
    kpis = plan_scenario(load(WORLD, edits=edits), limits=Limits(gap=1e-6)).kpis
    assert (row["status"], row["cost"], row["emissions_kg"]) == (
        "done",
        kpis.cost,
        kpis.emissions_kg,
    )
    assert row["run_now_cost"] > row["cost"]


def test_a_sweep_that_died_goes_on_where_it_was(tmp_path):
    first, second, third = Counting(dies_after=3), Counting(), Counting()
    with pytest.raises(OSError, match="the machine is gone"):
        swept(tmp_path, first)
    rows = swept(tmp_path, second)
    assert first.asked + second.asked == [one.edits for one in WORLDS]
    assert [row["cost"] for _, row in rows] == [0.0, 1.0, 2.0, 3.0]
    assert [one.number for one, _ in swept(tmp_path, third)] == [0, 1, 2, 3]
    assert third.asked == []


def test_a_stop_keeps_what_is_known_and_what_is_left_is_told(tmp_path):
    told = []
    rows = swept(tmp_path, Counting(), tell=told.append, stop=lambda: len(told) > 2)
    assert len(rows) == 2
    assert [(one.done, one.of) for one in told] == [(0, 4), (1, 4), (2, 4)]
    assert told[0].left_s is None
    assert told[2].left_s >= 0


def test_another_sweep_is_not_mixed_into_a_folder(tmp_path):
    swept(tmp_path, Counting())
    other = combined([axis(f"{BATTERY}=5,20")])
    with pytest.raises(InputError, match="holds a sweep of other worlds"):
        swept(tmp_path, Counting(), worlds=other)
    with pytest.raises(InputError, match="another scenario"):
        swept(tmp_path, Counting(), world=text().replace("seed: 0", "seed: 1"))


def test_two_sweeps_in_one_folder_at_once_are_one_too_many(tmp_path):
    class Nested(Counting):
        def rows(self, tasks):
            with pytest.raises(InputError, match="another sweep is at work"):
                swept(tmp_path, Counting())
            yield from super().rows(tasks)

    assert len(swept(tmp_path, Nested())) == 4


def test_a_refused_world_is_told_and_the_others_are_worked_out(tmp_path):
    rows = swept(tmp_path, Local(2), worlds=one_at_a_time([axis(f"{BATTERY}=5,-1")]))
    assert [row["status"] for _, row in rows] == ["done", "done", "refused"]
    assert "sites.home.battery.energy_kwh: must be" in rows[-1][1]["error"]


def test_local_processes_find_the_same_as_this_one(tmp_path):
    rows = swept(tmp_path, Local(2))
    for world, row in rows:
        mine = work_out(Task(text=text(), edits=world.edits, how=PLANNED))
        assert (row["cost"], row["digest"]) == (mine["cost"], mine["digest"])


def test_a_worker_that_is_killed_takes_no_other_world_with_it(tmp_path):
    class Murderous(Local):
        """Kills a worker as soon as there is one."""

        def _fill(self, pool, in_hand, tasks):
            left = super()._fill(pool, in_hand, tasks)
            if not self.killed:
                self.killed = True
                while not pool._processes:
                    time.sleep(0.01)
                os.kill(next(iter(pool._processes)), signal.SIGKILL)
            return left

        killed = False

    rows = swept(tmp_path, Murderous(2))
    assert [row["status"] for _, row in rows] == ["done"] * 4


@pytest.mark.slow
def test_a_killed_sweep_goes_on_from_its_folder(tmp_path):
    command = [
        *(sys.executable, "-c", "from scheduler.cli.main import run; run()"),
        *("sweep", WORLD, "--over", f"{BATTERY}=1:20:12", "--gap", "1e-6"),
        *("--workers", "2", "--out", str(tmp_path / "out")),
    ]
    begun = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    worlds = tmp_path / "out" / "worlds"
    for _ in range(600):
        if len(list(worlds.glob("[0-9]*.json"))) >= 2:
            break
        time.sleep(0.1)
    os.killpg(begun.pid, signal.SIGKILL)
    begun.wait()
    before = {path.name: path.stat().st_mtime_ns for path in worlds.glob("[0-9]*.json")}
    assert 2 <= len(before) < 12
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = {path.name: path.stat().st_mtime_ns for path in worlds.glob("[0-9]*.json")}
    assert len(after) == 12
    assert {name: after[name] for name in before} == before
    frame = pd.read_parquet(tmp_path / "out" / "results.parquet")
    assert list(frame["world"]) == list(range(12))
    assert set(frame["status"]) == {"done"}


def test_the_table_has_a_row_a_world_and_a_column_a_choice(tmp_path):
    rows = swept(tmp_path, Counting(), worlds=one_at_a_time([axis(f"{BATTERY}=5"), axis("seed=x")]))
    frame = table(rows, (BATTERY, "seed"))
    assert list(frame.columns[:3]) == ["world", BATTERY, "seed"]
    assert frame[BATTERY].isna().tolist() == [True, False, True]
    assert frame["seed"].dropna().tolist() == ["x"]


class TestDask:
    """On a cluster of this machine."""

    def test_it_finds_the_same_as_this_process(self, tmp_path, socket_enabled):
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster:
            rows = swept(tmp_path, Dask(cluster.scheduler_address))
        assert [row["status"] for _, row in rows] == ["done"] * 4
        for world, row in rows:
            mine = work_out(Task(text=text(), edits=world.edits, how=PLANNED))
            assert (row["cost"], row["digest"]) == (mine["cost"], mine["digest"])

    @pytest.mark.slow
    def test_a_worker_that_is_killed_takes_no_world_with_it(self, tmp_path, socket_enabled):
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster:
            told = []

            def tell(progress):
                told.append(progress)
                if progress.done == 1:
                    os.kill(next(iter(cluster.workers.values())).process.pid, signal.SIGKILL)

            rows = swept(tmp_path, Dask(cluster.scheduler_address), tell=tell)
        assert [row["status"] for _, row in rows] == ["done"] * 4

    def test_nobody_at_the_address_is_told(self, monkeypatch, socket_enabled):
        monkeypatch.setattr("scheduler.sweep.crew.CONNECT_S", 1)
        with pytest.raises(DataUnavailable, match=r"tcp://127\.0\.0\.1:9: nobody answers"):
            next(Dask("tcp://127.0.0.1:9").rows(iter(())))

    def test_what_is_no_address_is_told(self):
        with pytest.raises(InputError, match=r"must be an address such as tcp://"):
            Dask("localhost")
