"""Tables against cells worked by hand, and names that every form must show as they are."""

import io

import markdown_it  # which rich brings
import numpy as np
import pandas as pd
import pytest
import rich.console

from dg_keras.benchmark import tables
from dg_keras.benchmark.grid_means import grid_means
from dg_keras.benchmark.grid_settings import grid_settings
from dg_keras.benchmark.summary import Summary
from tests.benchmark.made_records import config, record, records

NAMES = [r"a|b", "<i>&amp;", "$x$ and $y$", r"back\slash", "_under_score_", "*star*", "{50 % #1}"]


def cells(table):
    """The texts by row and column, the best in bold as in Markdown."""
    return {
        (row[0].text, name): f"**{cell.text}**" if cell.bold else cell.text
        for row in table.rows
        for name, cell in zip(table.columns[1:], row[1:], strict=True)
    }


def six_trials():
    base = np.linspace(0.5, 0.6, 6)
    better = base + np.linspace(0.01, 0.02, 6)
    made = config("methods=[Deep-All, Agr-Sum]")
    accuracies = {"Deep-All": [base, base], "Agr-Sum": [better, base - 0.001]}
    return made, Summary.of(made, records(**accuracies))


def three_trials():
    accuracies = {"Deep-All": [[0.1, 0.2, 0.3]] * 2, "PCGrad": [[0.2, 0.3, 0.5]] * 2}
    return config(), Summary.of(config(), records(**accuracies))


def test_the_best_is_bold_and_a_significant_difference_marked():
    _, summary = six_trials()
    found = cells(tables.measure_table(summary))
    assert found["photo", "Agr-Sum"] == "**56.50 ± 4.12†**"
    assert found["photo", "Deep-All"] == "55.00 ± 3.74"
    assert found["sketch", "Deep-All"] == "**55.00 ± 3.74**"
    assert found["sketch", "Agr-Sum"].endswith("†")
    assert "p < 0.05" in " ".join(tables.notes(summary))


def test_significant_before_correction_alone_is_an_asterisk():
    base = np.linspace(0.5, 0.6, 6)
    better, worse = base + np.linspace(0.01, 0.02, 6), base - np.linspace(0.01, 0.02, 6)
    accuracies = {"Deep-All": [base, base], "Agr-Sum": [better, better], "IRM": [worse, base]}
    made = config("methods=[Deep-All, Agr-Sum, IRM]")
    summary = Summary.of(made, records(**accuracies))
    assert cells(tables.measure_table(summary))["photo", "Agr-Sum"] == "**56.50 ± 4.12***"
    assert cells(tables.comparison_table(summary))["photo", "IRM"] == "0.031 / 0.062 / -1.00"


def test_too_few_trials_for_a_test_are_told():
    made, summary = three_trials()
    found = cells(tables.measure_table(summary)).values()
    assert not any("*" in cell.replace("**", "") or "†" in cell for cell in found)
    notes = " ".join(tables.notes(summary))
    assert "No test of significance is possible: with 3 trials" in notes
    assert "at least 6" in notes
    assert [table.heading for table in tables.tables_of(made, summary)] == ["Accuracy"]


def test_an_unfinished_comparison_has_empty_cells():
    unfinished = records(**{"Deep-All": [[0.5], [0.1]], "PCGrad": [[0.6], [0.2]]})[:3]
    found = cells(tables.measure_table(Summary.of(config(), unfinished)))
    assert found["sketch", "PCGrad"] == ""
    assert found["photo", "PCGrad"] == "**60.00**"
    assert found["average", "Deep-All"] == "**30.00**"


def test_one_method_alone_is_compared_with_none():
    summary = Summary.of(config(), records(**{"Deep-All": [[0.5, 0.6]] * 2}))
    assert cells(tables.measure_table(summary))["average", "Deep-All"] == "**55.00 ± 7.07**"
    assert len(tables.notes(summary)) == 1


def of_the_paper(*overrides):
    made = config(*overrides, path="configs/vlcs.yaml")
    done = [
        record(method.name, target, 1, 0.5)
        for method in made.methods
        for target in ("SUN09", "VOC2007")
    ]
    return tables.paper_table(made, Summary.of(made, done))


def test_the_papers_means_are_told_by_the_domains_names():
    found = cells(of_the_paper())
    paper = pd.read_csv("dg_keras/benchmark/paper_table1.csv")
    paper = paper[(paper["dataset"] == "VLCS") & (paper["method"] == "Agr-Sum")]
    for target, letter in (("SUN09", "S"), ("VOC2007", "V")):
        published = paper.loc[paper["target"] == letter, "accuracy_mean"].item()
        assert found[target, "Agr-Sum"] == f"{50 - published:+.2f}"
    # The paper's average is over four domains.
    assert ("average", "Agr-Sum") not in found


@pytest.mark.parametrize(
    "override",
    [
        "data.name=mine",
        "data.test=whole",
        "data.image_size=96",
        "backbone.name=efficientnet_lite0",
        "backbone.weights=null",
        "training.steps=500",
        "training.batch_size=16",
        "training.optimizer.name=adamw",
        "training.optimizer.learning_rate=1e-4",
    ],
)
def test_no_difference_to_the_paper_where_the_protocol_is_another(override):
    assert of_the_paper(override) is None


def test_a_method_is_the_papers_by_what_it_is_not_by_its_name():
    other = "{name: IRM, objective: irm, strategy: pcgrad}"
    settled = "{name: DRO, objective: group_dro, strategy: mean, learning_rate: 0.1}"
    own = "{name: Mine, objective: irm, strategy: mean}"
    found = of_the_paper(f"methods=[Deep-All, {other}, {settled}, {own}]")
    assert found.columns == ("held out", "Deep-All")
    option = "{name: Agr-Rand, strategy: {class_name: agr_rand, config: {zero_agrees: false}}}"
    assert of_the_paper(f"methods=[Deep-All, {option}]").columns[2:] == ("Agr-Rand",)


def named():
    """A table whose names hold what some form would read otherwise."""
    text = tables.Cell(NAMES[0])
    rows = tuple((tables.Cell(name), text, tables.Cell("1 ± 2*", bold=True)) for name in NAMES)
    return tables.Table(NAMES[2], ("held out", *NAMES[3:5]), rows)


def test_markdown_shows_names_as_they_are():
    text = tables.markdown(NAMES[4], [NAMES[1]], [named()])
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    shown = [token for token in tokens if token.type == "inline"]
    texts = ["".join(child.content for child in token.children) for token in shown]
    body = [part for name in NAMES for part in (name, NAMES[0], "1 ± 2*")]
    assert texts == [NAMES[4], NAMES[1], NAMES[2], "held out", *NAMES[3:5], *body]
    kinds = {child.type for token in shown for child in token.children}
    assert kinds == {"text", "strong_open", "strong_close"}
    assert r"\$x\$" in text  # GitHub would set it as mathematics


def test_latex_shows_names_as_they_are():
    text = tables.latex("some_name", ["p < 0.05"], named())
    assert r"a\textbar{}b" in text
    assert r"\textless{}i\textgreater{}\&amp;" in text
    assert r"\$x\$ and \$y\$" in text
    assert r"back\textbackslash{}slash" in text
    assert r"\_under\_score\_" in text
    assert r"\{50 \% \#1\}" in text
    # After a line's end, `*` would be an argument.
    assert "\n{}*star*" in text
    assert r"\textbf{1 $\pm$ 2*}" in text
    assert r"\caption{p \textless{} 0.05}" in text
    assert r"\label{tab:some_name}" in text
    assert r"\begin{tabular}{lrr}" in text


def test_a_table_has_a_cell_per_column():
    with pytest.raises(ValueError, match="`rows` must have 2 cells each"):
        tables.Table("", ("a", "b"), ((tables.Cell("1"),),))


def printed(renderable, width=None):
    """What the terminal shows; without a width, what a file gets."""
    file = io.StringIO()
    terminal = {"width": width, "force_terminal": True} if width else {}
    console = rich.console.Console(file=file, highlight=False, soft_wrap=True, **terminal)
    console.print(renderable)
    return file.getvalue()


def test_the_terminal_shows_the_table_and_what_its_marks_mean():
    text = printed(tables.terminal(*six_trials()))
    lines = [line.split() for line in text.splitlines()]
    assert ["photo", "55.00", "±", "3.74", "56.50", "±", "4.12†"] in lines
    assert "smoke: Accuracy" in text
    assert "* differs from Deep-All" in text
    assert "|" not in text
    bold = printed(tables.terminal(*six_trials()), width=120)
    assert "\x1b[1m56.50 ± 4.12†\x1b[0m" in bold
    assert "\x1b[1m55.00 ± 3.74\x1b[0m" in bold


def test_a_file_gets_whole_lines_and_a_narrow_terminal_whole_cells():
    made = config(path="configs/styleshift_paper.yaml")
    done = [record(m.name, t, i, 0.5) for m in made.methods for t in "ab" for i in (1, 2)]
    shown = tables.terminal(made, Summary.of(made, done))
    assert printed(shown).count("50.00 ± 0.00") == 3 * 8
    narrow = printed(shown, width=80)
    table = narrow[: narrow.index("Accuracy on")]
    assert table.count("50.00") == table.count("± 0.00") == 3 * 8
    assert max(map(len, rich.console.Text.from_ansi(table).plain.splitlines())) <= 80


def test_the_terminal_shows_names_as_they_are():
    made = config("methods=[Deep-All, {name: '[red]x[/red]'}]")
    summary = Summary.of(made, records(**{"Deep-All": [[0.5]] * 2, "[red]x[/red]": [[0.5]] * 2}))
    assert "[red]x[/red]" in printed(tables.terminal(made, summary))


def search(choose):
    made = config(f"grid={{learning_rate: [1e-4, 1e-3], weight_decay: [0], choose: {choose}}}")
    accuracies = {("photo", 1e-4): 0.25, ("photo", 1e-3): 0.5, ("sketch", 1e-4): 1.0}
    accuracies["sketch", 1e-3] = 0.5
    done = [
        record(m.name, target, 1, None, validation_accuracy=accuracies[target, m.learning_rate])
        for m in (setting.methods["Deep-All"] for setting in grid_settings(made))
        for target in ("photo", "sketch")
    ]
    return made, done


@pytest.mark.parametrize(
    ("choose", "chosen"),
    [
        (
            "per_target",
            [
                ("Deep-All", "sketch", "0.0001", "0", "100.00"),
                ("Deep-All", "photo", "0.001", "0", "50.00"),
            ],
        ),
        ("for_all", [("Deep-All", "0.0001", "0", "62.50")]),
    ],
)
def test_a_search_shows_what_it_chose(choose, chosen):
    made, done = search(choose)
    means = grid_means(made, done)
    best, tried = tables.search_tables(made, means)
    assert [tuple(cell.text for cell in row)[:-1] for row in best.rows] == chosen
    assert len(tried.rows) == len(means)
    text = printed(tables.terminal_grid(made, means))
    assert "chosen of 2 settings per method" in text
    assert all(" ".join(row) in " ".join(text.split()) for row in chosen)
