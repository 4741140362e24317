"""Grids that can't be, and methods that are configs."""

import pytest

from dg_keras import benchmark


def experiment(tmp_path, *overrides):
    config = benchmark.read("configs/smoke.yaml", ["trials=1", "targets=[photo]", *overrides])
    return benchmark.Experiment(config, results=tmp_path)


def test_a_method_that_is_a_keras_config_runs(tmp_path):
    noise = "{name: Noise, strategy: {class_name: agr_rand, config: {zero_agrees: false}}}"
    made = experiment(
        tmp_path, f"methods=[{noise}]", "baseline=Noise", "training.steps=2", "trials=1"
    )
    made.run()
    assert (tmp_path / "smoke" / "runs" / "noise--photo--trial1.json").exists()
    assert "concept" in (tmp_path / "smoke" / "split.csv").read_text()


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("methods=[Deep-All, {name: A+B}, {name: a b}]", "two runs called a-b--photo"),
        ("targets=[photo, photo]", "two runs called deep-all--photo"),
        ("targets=[]", "`targets` must be domains"),
        ("data.name=pax", "`data`: `name` must be"),
    ],
)
def test_a_grid_that_cannot_be_is_one_sentence(tmp_path, override, sentence):
    with pytest.raises(ValueError, match=sentence):
        experiment(tmp_path, override)


def test_nothing_left_to_validate_on_is_one_sentence(tmp_path):
    root = tmp_path / "few"
    for domain in ("a", "b"):
        for name in ("x", "y"):
            (root / domain / name).mkdir(parents=True)
            (root / domain / name / "only.png").touch()
    with pytest.raises(ValueError, match="No image is left to validate on where a is held out"):
        experiment(tmp_path, f"data.root={root}", "data.name=few", "targets=[a]")
