"""The README's and the docstrings' examples, run."""

import base64
import dataclasses
import doctest
import importlib
import inspect
import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import typing
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import keras
import mlflow
import nbformat
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import dg_keras
import run_all
from dg_keras import benchmark
from dg_keras.benchmark.config.config import Config, Section
from dg_keras.benchmark.records.records import Records
from dg_keras.objectives.get import BY_NAME as OBJECTIVES
from dg_keras.strategies.get import BY_NAME as STRATEGIES
from docs._narrow import narrow, shown
from docs._notebooks import FOLDER, PAGES, executed, notebook_of
from docs._outputs import on_page_markdown
from docs._pictures import on_page_content
from tests import nets
from tests.benchmark.few_images import few_images
from tests.benchmark.made_records import record
from tests.benchmark.report.test_trackers import curve, in_mlflow
from tests.test_requirements import PROJECT

ROOT = Path.cwd()
README = Path("README.md").read_text("utf-8")
MODULES = [
    info.name
    for info in pkgutil.walk_packages(dg_keras.__path__, "dg_keras.")
    if info.name != "dg_keras._keras2"  # for another Keras than this
]


def code_blocks(language, text=README):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("module", MODULES)
def test_docstrings(module):
    globs = {"dg_keras": dg_keras, "keras": keras, "np": np, "tf": tf}
    results = doctest.testmod(importlib.import_module(module), extraglobs=globs)
    assert results.failed == 0


def test_the_tests_that_hold_a_promise_are_there():
    """A name without a folder is of the same folder as the one before."""
    text = Path("docs/guarantees.md").read_text("utf-8")
    held_by = " ".join(re.findall(r"^\|.*\|(.*)\|$", text, flags=re.MULTILINE))
    folder, cited = None, []
    for path in re.findall(r"`([a-z_/]+(?:\.py|/))`", held_by):
        folder = path.rpartition("/")[0] if "/" in path else folder
        cited.append(Path("tests", folder, path.rpartition("/")[2]))
    assert len(cited) > 30
    assert not [str(path) for path in cited if not path.exists()]


def test_examples_were_found():
    finder = doctest.DocTestFinder()
    examples = [
        test.name
        for module in MODULES
        for test in finder.find(importlib.import_module(module))
        if test.examples
    ]
    assert len(examples) >= 10


@pytest.mark.slow
def test_readme_python_examples_work_when_pasted(tmp_path):
    """All blocks in one process, in the README's order; fewer and smaller images and one epoch."""
    blocks = [b for b in code_blocks("python") if "import" in b]
    assert len(blocks) == 2
    script = (
        "\n".join(blocks).replace("image_size=96", "image_size=32").replace("epochs=2", "epochs=1")
    )
    script = script.replace("batch_size=16", "batch_size=64")
    script = script.replace('load("styleshift"', f"load({f'{few_images()}/images'!r}")
    script = script.replace('"travels.keras"', repr(str(tmp_path / "travels.keras")))
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "travels.keras").exists()


def test_the_sites_first_page_begins_as_the_readme():
    first, *_ = code_blocks("python")
    (on_site,) = code_blocks("python", Path("docs/index.md").read_text("utf-8"))
    lines = [line.partition("  #")[0] for line in on_site.splitlines()]
    assert first.splitlines()[: len(lines) - 1] == lines[:-1]
    assert lines[-1] in first


def test_averaging_works_when_pasted(capsys):
    (code,) = code_blocks("python", method_page("swad"))
    assert "every=25" in code
    assert "steps_per_epoch=300" in code
    code = code.replace("every=25", "every=1").replace("steps_per_epoch=300", "steps_per_epoch=4")
    images = dg_keras.data.load(f"{few_images()}/images", target="sketch", image_size=12)
    net = keras.Sequential([nets.alexnet_like(), keras.layers.Dense(len(images.classes))])
    model = nets.compiled(dg_keras.DomainGeneralizer(net))
    exec(code, {"dg_keras": dg_keras, "images": images, "model": model})
    assert re.fullmatch(r"\(\d, 4\)\n", capsys.readouterr().out.splitlines(True)[-1])


@pytest.mark.slow
@pytest.mark.parametrize("machines", ["one", "several"])
def test_what_trains_on_many_devices_works_when_pasted(machines, tmp_path):
    """On two devices, and as the only one of several machines; few images, and a small net."""
    one, several = code_blocks("python", Path("docs/replicas.md").read_text("utf-8"))
    script = one if machines == "one" else several
    for written, here in (
        (
            'dg_keras.backbones.EfficientNetLite0(len(images.classes), weights="imagenet")',
            "build()",
        ),
        ("epochs=100", "epochs=2"),
        ('"/shared/backup"', repr(str(tmp_path))),
    ):
        script = script.replace(written, here)
    devices = 2 if machines == "one" else 1
    before = f"""
import keras, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
logical = [tf.config.LogicalDeviceConfiguration()] * {devices}
tf.config.set_logical_device_configuration(cpu, logical)
import dg_keras
images = dg_keras.data.load({f"{few_images()}/images"!r}, target="sketch", image_size=32)
domains = images.train
def build():
    layers = [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(8)]
    return keras.Sequential(layers)
"""
    after = "print(model.optimizer.iterations.numpy(), model.distribute_strategy)"
    code = "\n".join([before, script, after])
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    kind = "MirroredStrategy" if machines == "one" else "CollectiveAllReduceStrategy"
    assert re.fullmatch(rf"[1-9]\d* .*{kind}.*", done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("name", "argument"), [("Median", "strategy"), ("SameMeans", "objective")])
def test_what_the_readme_makes_of_its_own_trains(name, argument):
    (block,) = [b for b in code_blocks("python") if f"class {name}" in b]
    given = {"dataclasses": dataclasses, "dg_keras": dg_keras, "keras": keras, "tf": tf}
    lines = [
        line for line in block.splitlines() if line and not line.startswith(("import", "model"))
    ]
    assert len(lines) < 10
    exec("\n".join(lines), given)
    model = dg_keras.DomainGeneralizer(nets.alexnet_like(), **{argument: given[name]()})
    nets.compiled(model).fit(nets.domains(3), batch_size=4, steps_per_epoch=2, verbose=0)


def method_page(name):
    return Path("docs/methods", f"{name}.md").read_text("utf-8")


METHODS = {
    **{name: f"strategies.{cls.__name__}" for name, cls in STRATEGIES.items()},
    **{name: f"objectives.{cls.__name__}" for name, cls in OBJECTIVES.items()},
}
del METHODS["empirical_risk"]  # the same as Deep-All, which is the page of `mean`


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_page(name):
    text = method_page(name)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    assert headings[1:] == ["When", "When not", "What it takes", "In code"]
    assert code_blocks("math", text)
    assert text.endswith(f"::: dg_keras.{METHODS[name]}\n")
    assert f"methods/{name}.md" in Path("mkdocs.yml").read_text("utf-8")


# The names of `dg_keras` that are modules are rooms, with pages of their own.
ROOMS = [dg_keras, benchmark, *filter(inspect.ismodule, map(vars(dg_keras).get, dg_keras.__all__))]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_public_name_is_on_its_rooms_page(room):
    """Or, where it is a method, on that one's."""
    page = "api/model.md" if room is dg_keras else f"api/{room.__name__.rpartition('.')[2]}.md"
    shown = re.findall(r"^::: (\S+)$", Path("docs", page).read_text("utf-8"), flags=re.MULTILINE)
    elsewhere = {*(other.__name__ for other in ROOMS), *(f"dg_keras.{m}" for m in METHODS.values())}
    assert sorted(shown) == sorted({f"{room.__name__}.{n}" for n in room.__all__} - elsewhere)
    assert f": {page}\n" in Path("mkdocs.yml").read_text("utf-8")


class TestConfigsPage:
    page = Path("docs/configs.md").read_text("utf-8")

    def keys(self, section, before=""):
        """Every key that a section takes, dotted, with its default as the page shows it."""
        for name, field in section.model_fields.items():
            kind = field.annotation
            kinds = (kind,) if typing.get_origin(kind) is dict else (kind, *typing.get_args(kind))
            for inner in kinds:
                if isinstance(inner, type) and issubclass(inner, Section):
                    yield from self.keys(inner, f"{before}{name}.")
            if kinds[0] not in Section.__subclasses__():
                if field.is_required():
                    shown = "required"
                elif field.default is None:
                    shown = ""
                else:
                    is_text = isinstance(field.default, str)
                    shown = f"`{field.default if is_text else json.dumps(field.default)}`"
                yield f"{before}{name}", shown

    def test_lists_every_key_with_its_default(self):
        rows = re.findall(r"^\| `([\w.]+)` \| ?(\S*) \| .*\|$", self.page, flags=re.MULTILINE)
        assert sorted(rows) == sorted(self.keys(Config))

    def test_config_is_one(self, tmp_path):
        (text,) = code_blocks("yaml", self.page)
        (tmp_path / "mine.yaml").write_text(text, "utf-8")
        (config,) = benchmark.read(tmp_path / "mine.yaml").configs
        assert [method.name for method in config.methods] == ["Deep-All", "Agr-Sum", "Mine"]


def test_every_page_is_of_a_method():
    pages = {path.stem for path in Path("docs/methods").iterdir()}
    assert pages == {*METHODS, "swad"}


class TestStrategiesPage:
    page = Path("docs/strategies.md").read_text("utf-8")
    rows: ClassVar = re.findall(
        r"^\| \[`(\w+)`\]\(methods/\1\.md\) \|.*\| ([^|]+) \| ([\d.]+) \|$",
        page,
        flags=re.MULTILINE,
    )

    def test_values_are_what_the_strategies_make(self):
        assert sorted(name for name, _, _ in self.rows) == sorted(STRATEGIES)
        for name, value, _ in self.rows:
            (merged,) = dg_keras.strategies.get(name)([[[-4.0, 1.0, 1.0]], [[6.0, 1.0, 1.0]]])
            numbers = value.removesuffix(" in the first step").split(", ")
            for component, number in zip(merged.numpy(), numbers, strict=True):
                if number == "6 or -4":
                    assert component in (6, -4)
                elif number != "a draw":
                    digits = len(number.partition(".")[2])
                    rounded = 0.51 * 10**-digits if digits else 1e-4
                    assert component == pytest.approx(float(number), abs=rounded)

    def test_what_a_step_costs_is_what_the_pages_say(self):
        for name, _, step in self.rows:
            assert f"| a step takes | {step} of a plain " in method_page(name)

    def test_examples_work_when_pasted(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        compares, own = code_blocks("python", self.page)
        exec(compares, {})
        assert "geometric_mean" in capsys.readouterr().out
        assert (tmp_path / "strategies.png").stat().st_size > 10_000
        defined = {}
        exec(own, defined)
        gradients, state = [[np.array([4.0, 0.0])], [np.array([0.0, 2.0])]], {}
        strategy = defined["WithMomentum"]()
        state = strategy.initial_state(2)
        _, state = strategy.advance(gradients, 0, state)
        np.testing.assert_allclose(state["weights"], [0.47, 0.53], rtol=1e-5)


@pytest.mark.slow
def test_the_tutorial_works_when_pasted(tmp_path, monkeypatch):
    """Fewer and smaller images, and a few steps."""
    script = "\n".join(code_blocks("python", Path("docs/tutorial.md").read_text("utf-8")))
    for name, value in {"image_size": 32, "steps_per_epoch": 2, "epochs": 1, "every": 1}.items():
        script, replaced = re.subn(rf"{name}=\d+", f"{name}={value}", script)
        assert replaced
    script = script.replace('"styleshift"', repr(f"{few_images()}/images"))
    script = script.replace('"agreement.png"', repr(str(tmp_path / "agreement.png")))
    script = script.replace('"travels.keras"', repr(str(tmp_path / "travels.keras")))
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
    assert {path.name for path in tmp_path.iterdir()} == {"agreement.png", "travels.keras"}


@pytest.mark.slow
def test_what_is_said_of_conflict_works_when_pasted(tmp_path):
    """Smaller images, and a few steps."""
    script = "\n".join(code_blocks("python", Path("docs/conflict.md").read_text("utf-8")))
    for name, value in {"image_size": 32, "steps_per_epoch": 2, "every": 1}.items():
        script, replaced = re.subn(rf"{name}=\d+", f"{name}={value}", script)
        assert replaced
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert "by chance: 0.25" in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_notebooks_are_those_of_the_pages(page):
    """Written anew by `python -m docs._notebooks`."""
    stored = nbformat.read(FOLDER / f"{page}.ipynb", nbformat.NO_CONVERT)
    made = notebook_of(page)
    assert [(c.id, c.cell_type, c.source) for c in stored.cells] == [
        (c.id, c.cell_type, c.source) for c in made.cells
    ]
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert not any(o.output_type == "error" for cell in code for o in cell.outputs)
    assert any("image/png" in o.get("data", {}) for cell in code for o in cell.outputs)


@pytest.mark.parametrize("page", PAGES)
def test_the_site_shows_below_a_pages_code_what_it_comes_to(page):
    text = Path(f"docs/{page}.md").read_text("utf-8")
    shown = on_page_markdown(text, SimpleNamespace(file=SimpleNamespace(src_uri=f"{page}.md")))
    notebook = nbformat.read(FOLDER / f"{page}.ipynb", nbformat.NO_CONVERT)
    _, *cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    _, *behind = shown.split("```python\n")
    assert len(behind) == len(cells)
    for cell, part in zip(cells, behind, strict=True):
        assert part.startswith(f"{cell.source}\n```\n")
        printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
        assert printed.strip() in part
        pictures = sum("image/png" in o.get("data", {}) for o in cell.outputs)
        assert part.count("(data:image/png;base64,") == pictures


def test_a_phone_is_shown_figures_of_one_column():
    """Else their text is too small to read, or they scroll. Drawn by `python -m docs._narrow`."""

    def width(png):
        return int.from_bytes(png[16:20])

    figures = set(shown())
    assert len(figures) >= 10
    for picture in figures:
        if width(picture.read_bytes()) > 750:  # 5 inches
            assert width(narrow(picture).read_bytes()) <= 650
    notebooks = [nbformat.read(FOLDER / f"{page}.ipynb", nbformat.NO_CONVERT) for page in PAGES]
    outputs = [o for notebook in notebooks for c in notebook.cells for o in c.get("outputs", [])]
    drawn = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    assert drawn
    for picture in drawn:
        assert width(base64.b64decode(picture)) <= 580


def test_the_site_shows_a_phone_the_narrow_figure():
    wide = '<p><img alt="a" src="../experiment/gains.png" /></p>'
    page = SimpleNamespace(url="pacs/results/")

    def files(*there):
        return SimpleNamespace(get_file_from_path=dict.fromkeys(there, "it").get)

    made = on_page_content(wide, page=page, files=files("pacs/experiment/gains.narrow.png"))
    assert made == (
        '<p><picture><source media="(max-width: 600px)" srcset="../experiment/gains.narrow.png">'
        '<img alt="a" src="../experiment/gains.png" /></picture></p>'
    )
    assert on_page_content(wide, page=page, files=files("gains.narrow.png")) == wide
    inside = '<img alt="a" src="data:image/png;base64,/x.png">'
    assert on_page_content(inside, page=page, files=files()) == inside


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_notebooks_run_and_come_to_what_is_shown(page):
    def shown(notebook):
        # What is printed may come in one piece or in several.
        kinds = [{o.output_type for o in cell.get("outputs", [])} for cell in notebook.cells]
        pictures = [
            sum("image/png" in o.get("data", {}) for o in cell.get("outputs", []))
            for cell in notebook.cells
        ]
        return kinds, pictures

    stored = nbformat.read(FOLDER / f"{page}.ipynb", nbformat.NO_CONVERT)
    assert shown(executed(page)) == shown(stored)


class TestYourOwnData:
    blocks = code_blocks("python", Path("docs/your_data.md").read_text("utf-8"))

    @pytest.mark.slow
    def test_folders(self):
        """Smaller images, and one epoch."""
        script = self.blocks[0].replace('"hospitals", target="berlin"', "folder, target='sketch'")
        script = script.replace("image_size=224", "image_size=32").replace("epochs=10", "epochs=1")
        given = {"folder": f"{few_images()}/images"}
        exec(script, given)
        assert given["model"].optimizer.iterations > 0

    def test_a_table_for_each_hospital(self):
        rng = np.random.default_rng(0)
        columns = {"age": rng.normal(size=40), "ward": rng.normal(size=40)}
        table = pd.DataFrame({**columns, "readmitted": rng.integers(2, size=40)})
        of_table = {name: table[name] for name in columns}, table["readmitted"]
        given = {
            "tables": {"berlin": table, "paris": table},
            "of_other_years": {"paris": of_table},
            "of_a_new_hospital": of_table,
            **{"dg_keras": dg_keras, "keras": keras},
        }
        exec(self.blocks[1].replace("epochs=10", "epochs=1"), given)
        assert given["model"].optimizer.iterations == 2

    def test_sentences(self):
        sentences = (["a good film", "a bad film"] * 20, np.arange(40) % 2)
        given = {
            "reviews": {"films": sentences, "books": sentences},
            **{"dg_keras": dg_keras, "keras": keras},
        }
        exec(self.blocks[2].replace("epochs=3", "epochs=1"), given)
        assert given["model"].optimizer.iterations == 2


def test_what_is_ones_own_is_saved_and_loaded(tmp_path):
    example, weighing = code_blocks("python", Path("docs/own.md").read_text("utf-8"))
    example, replaced = re.subn(r"^net = .*\n", "", example, flags=re.MULTILINE)
    assert replaced == 1
    given = {"net": nets.alexnet_like()}
    exec(example, given)
    exec(weighing, given)
    model = nets.compiled(given["model"])
    model.fit(nets.domains(3), batch_size=4, steps_per_epoch=2, verbose=0)
    model.save(tmp_path / "own.keras")
    loaded = keras.saving.load_model(tmp_path / "own.keras")
    assert loaded.objective == given["SameMeans"](weight=0.5)
    assert loaded.strategy == given["Median"]()
    weighing = nets.compiled(given["weighing"])
    weighing.fit(nets.domains(3), batch_size=4, steps_per_epoch=2, verbose=0)
    assert (weighing.objective_state["losses"] != 1).all()


def test_what_is_ones_own_is_known_in_a_config(tmp_path, monkeypatch):
    text = Path("docs/own.md").read_text("utf-8")
    example, _ = code_blocks("python", text)
    (config,) = code_blocks("yaml", text)
    (tmp_path / "my_module.py").write_text(example.partition("\nnet = ")[0], "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    smoke = Path("configs/smoke.yaml").read_text("utf-8")
    before, ours, _ = smoke.partition("\nmethods:")
    assert ours
    (tmp_path / "mine.yaml").write_text(f"{before}\ntrials: 1\n{config}", "utf-8")
    (made,) = benchmark.read(tmp_path / "mine.yaml").configs
    _, median, means = made.methods
    module = importlib.import_module("my_module")
    assert dg_keras.strategies.get(median.strategy) == module.Median()
    assert dg_keras.objectives.get(means.objective) == module.SameMeans(weight=0.5)


class TestTrackersOfTheToolsPage:
    page = Path("docs/tools.md").read_text("utf-8")

    @pytest.fixture(scope="class")
    def fitted(self, tmp_path_factory):
        """The folder that the example was run in, and its names.

        The tests are in it, too: MLflow puts figures where a process is as it opens the database.
        """
        example, _ = code_blocks("python", self.page)
        folder, given = tmp_path_factory.mktemp("tools"), {}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            try:
                exec(example, given)
            finally:
                mlflow.set_tracking_uri(None)
            yield folder, given

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore")  # MLflow's own
    def test_they_show_what_the_logs_have(self, fitted):
        folder, given = fitted
        history = given["history"].history
        assert {"loss/art painting", "gradient/cosine", "val_accuracy/worst"} <= set(history)
        client = mlflow.MlflowClient(f"sqlite:///{folder}/runs.sqlite")
        (run,) = client.search_runs(["0"])
        for key, values in history.items():
            expected = [(epoch, pytest.approx(value)) for epoch, value in enumerate(values)]
            measured = client.get_metric_history(run.info.run_id, key)
            assert [(metric.step, metric.value) for metric in measured] == expected, key
            # Keras' callback has the two apart, under one name.
            part = "validation" if key.startswith("val_") else "train"
            tag = f"epoch_{key.removeprefix('val_')}"
            assert curve(folder / "logs" / part, tag) == expected, key

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("tracker", ["tensorboard", "mlflow"])
    def test_the_commands_hand_a_grid_over(self, fitted, tracker, monkeypatch):
        """That of the smallest config, whose runs are made up."""
        (block,) = code_blocks("bash", self.page)
        (line,) = [line for line in block.splitlines() if f"--track {tracker}" in line]
        (extras,) = re.findall(r'# pip install "\.\[(.+)\]"$', line)
        assert extras.split(",") == ["benchmark", tracker]
        assert tracker in PROJECT["optional-dependencies"]
        python, script, config, *track = shlex.split(line, comments=True)
        assert (python, script) == ("python", "run_all.py")
        assert (ROOT / config).is_file()
        folder, _ = fitted
        few = [str(ROOT / "configs/smoke.yaml"), "--set", "trials=1", "--report-only"]
        monkeypatch.setattr("sys.argv", [script, *few, "--results", str(folder), *track])
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/runs.sqlite")
        monkeypatch.setattr(
            Records, "read", lambda _, run: record(run.method.name, run.target, run.trial, 0.5)
        )
        assert run_all.main() == 0
        if tracker == "mlflow":
            shown = set(in_mlflow("smoke"))
            assert list(folder.glob("mlruns/*/*/artifacts/accuracy.png"))
        else:
            shown = {path.name for path in (folder / "smoke" / "tensorboard").iterdir()}
        assert "report" in shown
        assert len(shown) == 4 * 2 + 1  # methods, domains


@pytest.mark.slow
def test_optuna_chooses_a_strategy(capsys):
    _, example = code_blocks("python", Path("docs/tools.md").read_text("utf-8"))
    assert "n_trials=6" in example
    exec(example.replace("n_trials=6", "n_trials=2"), {})
    assert "'strategy': " in capsys.readouterr().out


@pytest.mark.slow
def test_exported_models_give_what_the_model_gives(tmp_path):
    script = "\n".join(code_blocks("python", Path("docs/deploy.md").read_text("utf-8")))
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", script]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    assert {path.name for path in tmp_path.iterdir()} >= {"travels.onnx", "travels.tflite"}


def test_every_file_that_the_readme_links_to_exists():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert len(links) >= 5
    assert [link for link in links if not Path(link).exists()] == []
