"""Tables against numbers worked by hand."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from dg_keras.benchmark import report
from dg_keras.benchmark.config import Method, read
from dg_keras.benchmark.records import Run


def runs(trials, **accuracies):
    """A row a run: `method=[[accuracies of the first target], [of the second]]`."""
    rows = [
        {"method": method, "target": target, "trial": trial + 1, "accuracy": of_target[trial]}
        for method, targets in accuracies.items()
        for target, of_target in zip(["photo", "sketch"], targets, strict=True)
        for trial in range(trials)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def config():
    return read("configs/smoke.yaml").configs[0]


def test_means_deviations_and_the_average_over_targets():
    summary = report.summarize(
        runs(2, **{"Deep-All": [[0.5, 0.7], [0.1, 0.1]], "Agr-Sum": [[0.8, 0.8], [0.2, 0.4]]}),
        "Deep-All",
    ).set_index(["target", "method"])
    assert summary.loc[("photo", "Deep-All"), "accuracy_mean"] == pytest.approx(0.6)
    assert summary.loc[("photo", "Deep-All"), "accuracy_std"] == pytest.approx(np.sqrt(0.02))
    # A trial's average is that of its targets: (0.5 + 0.1) / 2 and (0.7 + 0.1) / 2.
    assert summary.loc[("average", "Deep-All"), "accuracy_mean"] == pytest.approx(0.35)
    assert summary.loc[("average", "Deep-All"), "accuracy_std"] == pytest.approx(np.sqrt(0.005))
    assert np.isnan(summary.loc[("photo", "Deep-All"), "p_value"])
    assert summary.loc[("photo", "Agr-Sum"), "p_value"] == 0.5


def test_the_best_is_bold_and_a_significant_difference_starred(config):
    base = np.linspace(0.5, 0.6, 6)
    summary = report.summarize(
        runs(
            6,
            **{
                "Deep-All": [base, base],
                "Agr-Sum": [base + np.linspace(0.01, 0.02, 6), base - 0.001],
            },
        ),
        "Deep-All",
    )
    table = report.table(summary)
    assert table.loc["photo", "Agr-Sum"] == "**56.50 ± 4.12†**"
    assert table.loc["photo", "Deep-All"] == "55.00 ± 3.74"
    assert table.loc["sketch", "Deep-All"] == "**55.00 ± 3.74**"
    assert table.loc["sketch", "Agr-Sum"].endswith("†")
    assert "p < 0.05" in " ".join(report.notes(config, summary))


def test_holm_and_the_effect_are_over_the_methods_of_a_target():
    base = np.linspace(0.5, 0.6, 6)
    better, worse = base + np.linspace(0.01, 0.02, 6), base - np.linspace(0.01, 0.02, 6)
    summary = report.summarize(
        runs(6, **{"Deep-All": [base, base], "Agr-Sum": [better, better], "IRM": [worse, base]}),
        "Deep-All",
    ).set_index(["target", "method"])
    # All six signs alike: 2 / 2^6; the smallest of two is doubled, the larger at least as large.
    assert summary.loc[("photo", "Agr-Sum"), "p_value"] == pytest.approx(1 / 32)
    assert summary.loc[("photo", "Agr-Sum"), "p_holm"] == pytest.approx(1 / 16)
    assert summary.loc[("photo", "IRM"), "p_holm"] == pytest.approx(1 / 16)
    assert summary.loc[("photo", "Agr-Sum"), "effect"] == 1
    assert summary.loc[("photo", "IRM"), "effect"] == -1
    assert summary.loc[("sketch", "IRM"), "p_holm"] == 1
    starred = report.table(summary.reset_index()).loc["photo", "Agr-Sum"]
    assert starred.endswith("***")  # a raw asterisk in bold, no dagger


def test_the_papers_means_are_told_by_the_domains_names():
    config = read("configs/vlcs.yaml").configs[0]
    rows = [
        {"method": method, "target": target, "trial": 1, "accuracy": 0.5}
        for method in ("Deep-All", "Agr-Sum")
        for target in ("SUN09", "VOC2007")
    ]
    difference = report.to_paper(config, report.summarize(pd.DataFrame(rows), "Deep-All"))
    paper = pd.read_csv("dg_keras/benchmark/paper_table1.csv")
    paper = paper[(paper["dataset"] == "VLCS") & (paper["method"] == "Agr-Sum")]
    for target, letter in (("SUN09", "S"), ("VOC2007", "V")):
        published = paper.loc[paper["target"] == letter, "accuracy_mean"].item()
        assert difference.loc[target, "Agr-Sum"] == f"{50 - published:+.2f}"
    assert report.to_paper(read("configs/smoke.yaml").configs[0], difference) is None


def test_too_few_trials_for_a_test_are_told(config):
    summary = report.summarize(
        runs(3, **{"Deep-All": [[0.1, 0.2, 0.3]] * 2, "PCGrad": [[0.2, 0.3, 0.5]] * 2}), "Deep-All"
    )
    assert "*" not in report.table(summary, bold="{}").to_string()
    notes = " ".join(report.notes(config, summary))
    assert "with 3 pairs" in notes
    assert "at least 6" in notes


def test_an_unfinished_grid_is_reported_as_far_as_it_is():
    rows = runs(1, **{"Deep-All": [[0.5], [0.1]], "PCGrad": [[0.6], [0.2]]}).iloc[:3]
    table = report.table(report.summarize(rows, "Deep-All"))
    assert table.loc["sketch", "PCGrad"] == ""
    assert table.loc["photo", "PCGrad"] == "**60.00**"
    assert table.loc["average", "Deep-All"] == "**30.00**"


def test_one_method_alone_is_reported():
    table = report.table(report.summarize(runs(2, **{"Deep-All": [[0.5, 0.6]] * 2}), "Deep-All"))
    assert table.loc["average", "Deep-All"] == "**55.00 ± 7.07**"


def test_box_plots_show_every_trial():
    data = runs(3, **{"Deep-All": [[0.1, 0.2, 0.3]] * 2, "PCGrad": [[0.2, 0.3, 0.5]] * 2})
    figure = report.box_plots(data, report.summarize(data, "Deep-All"))
    assert [axes.get_title() for axes in figure.axes] == ["photo held out", "sketch held out"]
    dots = figure.axes[0].collections
    heights = sorted(float(y) for c in dots for y in c.get_offsets()[:, 1])
    assert heights == pytest.approx([10, 20, 20, 30, 30, 50])
    plt.close(figure)


def test_latex_is_escaped(config):
    data = runs(1, **{"Deep-All": [[0.5], [0.1]], "R&D_50%": [[0.6], [0.2]]})
    text = report.latex(config, report.summarize(data, "Deep-All"))
    assert r"R\&D\_50\%" in text
    assert r"p $<$ 0.05" in text


def test_several_experiments_are_one_page(tmp_path):
    record = {
        "result": {"accuracy": 0.5},
        "history": {},
        "seconds": {"train": 60.0},
        "versions": {"keras": "3"},
    }
    parts = []
    for name in ("pacs", "vlcs"):
        config = read(f"configs/{name}.yaml", ["methods=[Deep-All]"]).configs[0]
        parts.append((config, [(Run(config.methods[0], "sketch", 1), record)]))
    report.write_study(tmp_path, "paper & more", parts)
    page = (tmp_path / "index.html").read_text()
    assert "<title>paper &amp; more</title>" in page
    assert page.count("<h1>") == 2
    assert page.count("data:image/png;base64,") == 2
    assert (tmp_path / "vlcs" / "table.tex").exists()


def test_the_page_sets_the_best_in_bold_and_names_as_they_are(tmp_path, config):
    named = config.model_copy(update={"methods": [Method(name="Deep-All"), Method(name="<i>&")]})
    records = [
        (
            Run(method, "sketch", 1),
            {
                "result": {"accuracy": accuracy},
                "history": {},
                "seconds": {"train": 60.0},
                "versions": {"keras": "3"},
            },
        )
        for method, accuracy in zip(named.methods, (0.25, 0.5), strict=True)
    ]
    report.write(tmp_path, named, records)
    page = (tmp_path / "index.html").read_text()
    assert "<td><b>50.00</b></td>" in page
    assert "<td>25.00</td>" in page
    assert "<th>&lt;i&gt;&amp;</th>" in page
