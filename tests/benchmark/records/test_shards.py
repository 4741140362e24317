"""Several processes run an experiment into one folder: no run twice, none lost."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest

import run_all
from dg_keras import benchmark
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.records import claims
from dg_keras.benchmark.records.claims import Claims
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.records.run_files import RunFiles
from dg_keras.benchmark.running import occupied, waiting
from dg_keras.benchmark.running.shard import Shard
from dg_keras.benchmark.running.waiting import Waiting
from dg_keras.common.write_whole import write_whole
from tests.benchmark.few_images import few_images
from tests.benchmark.made_records import record, write_records
from tests.benchmark.test_full_disk import full_disk
from tests.common.test_sole_user import used_elsewhere


@pytest.fixture
def config():
    (config,) = benchmark.read("configs/smoke.yaml", [f"data.name={few_images()}"]).configs
    return config


@pytest.fixture
def runs(config):
    return runs_of(config, ["photo", "sketch"])


@pytest.fixture
def records(tmp_path, monkeypatch):
    """Records that are there as soon as they are written, whatever is in them."""
    monkeypatch.setattr(
        Records, "read", lambda self, run: self._path(run).exists() or None, raising=True
    )
    return Records(tmp_path / "runs", None)


@pytest.fixture
def quick(monkeypatch):
    """Holders that are dead after a second."""
    monkeypatch.setattr(claims, "BEAT", 0.1)
    monkeypatch.setattr(claims, "DEAD", 1.0)
    monkeypatch.setattr(waiting, "BEAT", 0.1)


class TestClaims:
    def test_a_claim_that_there_is_no_space_for_is_none(self, tmp_path, runs):
        (tmp_path / "claims").mkdir()
        with full_disk(0), pytest.raises(benchmark.NoSpaceError, match="No space is left for"):
            Claims(tmp_path / "claims").take(runs[0])
        assert os.listdir(tmp_path / "claims") == []

    def test_one_alone_has_a_run(self, tmp_path, runs):
        first, second = Claims(tmp_path), Claims(tmp_path)
        assert first.take(runs[0])
        assert not second.take(runs[0])
        assert second.take(runs[1])
        first.release(runs[0])
        assert second.take(runs[0])
        assert len(first.holders()) == 2
        assert first.holders()[0].startswith(f"process {os.getpid()} on ")

    def test_one_that_goes_away_while_a_disk_over_a_network_looks_at_it_is_none(
        self, tmp_path, runs, monkeypatch
    ):
        holder, other = Claims(tmp_path), Claims(tmp_path)
        holder.take(runs[0])
        stat = Path.stat

        def stale(path, **how):
            if path.suffix == ".claim":
                raise OSError(errno.ESTALE, "Stale file handle")
            return stat(path, **how)

        monkeypatch.setattr(Path, "stat", stale)
        assert other.silent([runs[0]]) == [None]
        assert other.holders() == []
        assert not other.take(runs[0])

    def test_of_many_at_once_one_has_it(self, tmp_path, runs):
        taken = []
        threads = [
            threading.Thread(target=lambda: taken.append(Claims(tmp_path).take(runs[0])))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == [False] * 7 + [True]

    def test_that_of_a_dead_holder_is_taken_over(self, tmp_path, runs):
        dead, living = Claims(tmp_path), Claims(tmp_path)
        assert dead.take(runs[0])
        path = tmp_path / f"{runs[0].key}.claim"
        before = time.time() - claims.DEAD - 1
        os.utime(path, (before, before))
        assert dead.holders() == []
        assert living.take(runs[0])
        dead.release(runs[0])  # it was not dead after all
        assert not dead.take(runs[0])

    def test_one_that_is_let_go_of_and_taken_in_between_is_left_alone(
        self, tmp_path, runs, monkeypatch
    ):
        """Between the look at a holder and the claim another lets go, and a third is faster."""
        first, second, third = Claims(tmp_path), Claims(tmp_path), Claims(tmp_path)
        assert first.take(runs[0])

        def silent(asked):
            first.release(runs[0])
            told = Claims.silent(second, asked)
            assert third.take(runs[0])
            return told

        monkeypatch.setattr(second, "silent", silent)
        assert not second.take(runs[0])

    def test_a_holder_outlives_a_disk_that_falters(self, tmp_path, runs, quick, monkeypatch):
        holder, other, failures = Claims(tmp_path), Claims(tmp_path), []
        utime = os.utime

        def falters(path, *arguments):
            if len(failures) < 4:
                failures.append(path)
                raise OSError(errno.ESTALE, "Stale file handle")
            utime(path, *arguments)

        monkeypatch.setattr(os, "utime", falters)
        with holder.kept():
            assert holder.take(runs[0])
            time.sleep(2)
            assert failures
            assert not other.take(runs[0])

    def test_that_of_a_dead_holder_is_taken_over_though_the_clock_was_put_back(
        self, tmp_path, runs, quick
    ):
        dead, living, other = Claims(tmp_path), Claims(tmp_path), Claims(tmp_path)
        with living.kept():
            assert dead.take(runs[0])
            assert living.take(runs[1])
            tomorrow = time.time() + 86_400  # as files are told to be, of before the clock was
            for path in tmp_path.glob("*.*"):
                os.utime(path, (tomorrow, tomorrow))
            assert not other.take(runs[0])  # it may live
            time.sleep(1.5)
            assert other.take(runs[0])
            assert not other.take(runs[1])

    def test_a_holder_gives_signs_of_life(self, tmp_path, runs, quick):
        holder, other = Claims(tmp_path), Claims(tmp_path)
        with holder.kept():
            assert holder.take(runs[0])
            time.sleep(1.5)
            assert not other.take(runs[0])
        assert other.take(runs[0])


class TestShares:
    def test_are_begun_with_and_hold_all(self, runs):
        shares = [Shard(number, 3).own_first(runs) for number in (1, 2, 3)]
        firsts = [share[: len(runs[number::3])] for number, share in enumerate(shares)]
        assert sorted(run.key for first in firsts for run in first) == sorted(r.key for r in runs)
        assert all({r.key for r in share} == {r.key for r in runs} for share in shares)

    def work(self, runs, records, folder, made, dies_after=None):
        """Makes runs until none is left; returns what was claimed by one that died."""
        own = Claims(folder)
        left = Waiting(runs, records, own)
        if dies_after is not None:
            for _ in range(dies_after):
                self.make(left.next(), left, records, made)
            return left.next()
        with own.kept():
            while (run := left.next()) is not None:
                self.make(run, left, records, made)

    def make(self, run, left, records, made):
        time.sleep(0.02)
        made.append(run.key)
        records.write(run, record(run.method.name, run.target, run.trial, 0.5))
        left.done_with(run)

    def test_one_dies_one_comes_late_and_all_is_made_once(self, tmp_path, runs, records, quick):
        made = []
        begun = self.work(Shard(2, 3).own_first(runs), records, tmp_path, made, dies_after=1)
        shards = [
            threading.Thread(
                target=self.work, args=(Shard(n, 3).own_first(runs), records, tmp_path, made)
            )
            for n in (1, 3)
        ]
        for shard in shards:
            shard.start()
            time.sleep(0.1)
        for shard in shards:
            shard.join()
        assert sorted(made) == sorted(run.key for run in runs)
        assert begun.key in made

    def test_none_is_left_that_somebody_who_lives_makes(self, tmp_path, runs, records, quick):
        other = Claims(tmp_path)
        with other.kept():
            assert other.take(runs[0])
            assert not Waiting(runs[:1], records, Claims(tmp_path)).is_left()
            assert Waiting(runs[:2], records, Claims(tmp_path)).is_left()
        assert not Waiting([], records, Claims(tmp_path)).is_left()
        assert not Waiting(runs, records).is_left()

    def test_none_is_made_twice_where_a_disk_remembers_that_a_record_was_not_there(
        self, tmp_path, runs, monkeypatch
    ):
        """As one over a network does, until something in the folder is changed from here."""
        records, changed, touch = Records(tmp_path / "runs", None), [], Path.touch

        def noted(path, *arguments, **how):
            changed.append(path.parent)
            touch(path, *arguments, **how)

        monkeypatch.setattr(Path, "touch", noted)
        monkeypatch.setattr(Records, "read", lambda self, run: self.folder in changed or None)
        own = Claims(tmp_path / "claims")
        assert Waiting(runs[:1], records, own).next() is None
        assert own.silent(runs[:1]) == [None]
        assert list((tmp_path / "runs").iterdir()) == []

    def test_what_others_make_is_left_to_them(self, tmp_path, runs, records, quick):
        other = Claims(tmp_path)
        with other.kept():
            assert other.take(runs[0])
            left = Waiting(runs[:2], records, Claims(tmp_path))
            assert left.next() is runs[1]
            assert left.next() is None


def test_a_shard_keeps_one_that_runs_alone_away(tmp_path, config, monkeypatch):
    experiment = Experiment(config, tmp_path)
    (run, *_) = experiment.runs
    (tmp_path / "smoke").mkdir()
    assert Claims(tmp_path / "smoke" / "claims").take(run)
    with pytest.raises(benchmark.InUseError) as told, experiment.held():
        pass
    assert f"{tmp_path}/smoke is being run by shards, such as process {os.getpid()} on " in str(
        told.value
    )
    with Experiment(config, tmp_path, shard=Shard(1, 2)).held():
        pass


def test_a_shard_that_has_no_run_at_the_moment_keeps_one_that_runs_alone_away(tmp_path, config):
    """As it has none while it prepares what all runs share."""
    alone, shard = Experiment(config, tmp_path), Experiment(config, tmp_path, shard=Shard(1, 2))
    with shard.held():
        with pytest.raises(benchmark.InUseError, match="is being run by shards"), alone.held():
            pass
        with shard.held(), Experiment(config, tmp_path, shard=Shard(2, 2)).held():
            pass
        with pytest.raises(benchmark.InUseError, match="is being run by shards"), alone.held():
            pass
    with alone.held():
        pass


def test_what_a_dead_shard_left_is_cleared(tmp_path, quick):
    (tmp_path / "dead.present").touch()
    long_ago = time.time() - 10
    os.utime(tmp_path / "dead.present", (long_ago, long_ago))
    with Claims(tmp_path).kept():
        (left,) = tmp_path.glob("*.present")
        assert left.name != "dead.present"
    assert not list(tmp_path.glob("*.present"))


def test_files_that_dead_shards_left_are_cleared_and_no_others(tmp_path, runs, quick):
    files, claims_of = RunFiles(tmp_path), [Claims(tmp_path / "claims") for _ in range(3)]
    made, claimed, lost, _ = runs[:4]
    for run in runs[:4]:
        write_whole(files.checkpoint(run), b"")
        files.write_log(run, "")
    for folder in ("runs", "checkpoints", "."):
        for name, age in ((".old.npz.1-1.partial", 3700), (".new.npz.1-1.partial", 3500)):
            path = tmp_path / folder / name
            path.touch()
            os.utime(path, (time.time() - age,) * 2)
    assert claims_of[0].take(claimed)
    assert claims_of[1].take(lost)
    silent = time.time() - claims.DEAD - 1
    os.utime(tmp_path / "claims" / f"{lost.key}.claim", (silent, silent))
    files.clear_beside_others([made, claimed, lost], claims_of[2])
    assert [files.checkpoint(run).exists() for run in runs[:4]] == [False, True, False, True]
    assert [files.log(run).exists() for run in runs[:4]] == [False, True, False, True]
    assert [path.name[:4] for path in tmp_path.rglob(".*.partial")] == [".new"] * 3


def test_a_shard_clears_what_dead_ones_left(tmp_path, config):
    config = config.model_copy(update={"targets": ["photo"], "trials": 1})
    made = Experiment(config, tmp_path)
    write_records(made, made.runs)
    left = RunFiles(made.folder).checkpoint(made.runs[0])
    write_whole(left, b"")
    shard = Experiment(config, tmp_path, shard=Shard(1, 2))
    with used_elsewhere(made.folder):  # by another that begins
        shard._clear(RunFiles(made.folder))
    assert left.exists()
    shard.run()
    assert not left.exists()


def test_one_that_runs_alone_keeps_shards_away(tmp_path, config, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    (tmp_path / "smoke").mkdir()
    experiment = Experiment(config, tmp_path, shard=Shard(1, 2))
    with (
        used_elsewhere(tmp_path / "smoke"),
        pytest.raises(benchmark.InUseError, match="is being run by process"),
        experiment.held(),
    ):
        pass


def test_a_shard_among_many_that_begin_at_once_waits_for_its_turn(config, tmp_path, monkeypatch):
    monkeypatch.setattr(occupied, "_LOOKS", 1)
    first, second = (Experiment(config, tmp_path, shard=Shard(i, 2)) for i in (1, 2))
    with first.held(), used_elsewhere(tmp_path / "smoke"):
        # The third is there for a moment, as one is that looks who else is.
        waiting = threading.Thread(target=lambda: second.held().__enter__(), daemon=True)
        waiting.start()
        waiting.join(2)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()


@pytest.mark.parametrize("share", ["3", "0/2", "3/2", "-1/2", "1/2/3", "a/b", "1.5/2"])
def test_a_share_that_is_none_is_told(share, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run_all.py", "configs/smoke.yaml", f"--shard={share}"])
    assert run_all.main() == 2
    assert capsys.readouterr().err == (
        "run_all.py: `shard` must be K/N, the K-th of N shares, with K from 1 to N. Received: "
        f"shard={share!r}\n"
    )
