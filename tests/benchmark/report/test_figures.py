"""What figures show, read from their artists."""

import itertools

import numpy as np
import pytest

from dg_keras.benchmark.records.record import Conflicts, Similarity
from dg_keras.benchmark.report import figures
from dg_keras.benchmark.report.grid_means import grid_means
from dg_keras.benchmark.report.summary import Summary
from tests.benchmark.made_records import config, record, records
from tests.benchmark.report.test_tables import search


def test_box_plots_show_every_trial():
    made = records(**{"Deep-All": [[0.1, 0.2, 0.3]] * 2, "PCGrad": [[0.2, 0.3, 0.5]] * 2})
    figure = figures.box_plots(made, Summary.of(config(), made))
    assert [axes.get_title() for axes in figure.axes] == ["photo held out", "sketch held out"]
    dots = figure.axes[0].collections
    heights = sorted(float(y) for c in dots for y in c.get_offsets()[:, 1])
    assert heights == pytest.approx([10, 20, 20, 30, 30, 50])
    assert not figure.axes[0].texts


def test_box_plots_of_many_methods_are_wide_enough_for_their_names():
    names = [f"Method {i}" for i in range(30)]
    listed = ", ".join(f"{{name: {name}}}" for name in names)
    made = records(**{name: [[0.1, 0.2]] * 2 for name in names})
    figure = figures.box_plots(
        made, Summary.of(config(f"methods=[{listed}]", "baseline=Method 0"), made)
    )
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert all(a.x1 <= b.x0 for a, b in itertools.pairwise(boxes))


def test_box_plots_have_the_tables_marks():
    base = np.linspace(0.5, 0.6, 6)
    better, worse = base + np.linspace(0.01, 0.02, 6), base - np.linspace(0.01, 0.02, 6)
    accuracies = {"Deep-All": [base, base], "Agr-Sum": [better, better], "IRM": [worse, base]}
    made = records(**accuracies)
    summary = Summary.of(config("methods=[Deep-All, Agr-Sum, IRM]"), made)
    photo, sketch = figures.box_plots(made, summary).axes
    # One of two with p = 1/32 each, and one of two whose other is equal to the baseline.
    assert [text.get_text() for text in photo.texts] == ["*", "*"]
    assert [text.get_text() for text in sketch.texts] == ["*"]
    alone = Summary.of(config("methods=[Deep-All, Agr-Sum]"), made[:24])
    assert [t.get_text() for t in figures.box_plots(made[:24], alone).axes[0].texts] == ["†"]


def test_names_are_no_mathematics():
    made = records(targets=("$a$", "b_1"), **{"Deep-All": [[0.1]] * 2, "$x^$": [[0.2]] * 2})
    named = config("methods=[Deep-All, {name: $x^$}]")
    assert figures.png(figures.box_plots(made, Summary.of(named, made))).startswith(b"\x89PNG")
    assert figures.png(figures.gains(named, Summary.of(named, made))).startswith(b"\x89PNG")
    history = {"val_accuracy/$a": [0.1, 0.2], "val_accuracy/$b_$": [0.2, 0.3]}
    curves = figures.training_curves([record("$x^$", "$c$", 1, 0.5, history=history)])
    assert figures.png(curves).startswith(b"\x89PNG")


def drawn_gains(panel):
    """By row: the dot, its colour, its interval; and by row the paper's gains."""
    dots, intervals, papers = {}, {}, {}
    for line in panel.lines:
        x, y = (np.asarray(values, float) for values in line.get_data())
        if line.get_marker() == "o":
            dots[int(y[0])] = (x[0], line.get_color())
        elif line.get_marker() == "D":
            assert line.get_markerfacecolor() == "white"
            papers[int(y[0])] = x[0]
        elif y[0] == y[1]:
            intervals[int(y[0])] = tuple(x)
    return dots, intervals, papers


def test_gains_are_drawn_with_their_intervals_and_the_papers():
    made = config("methods=[Deep-All, Agr-Sum, {name: Mine}]", path="configs/vlcs.yaml")
    base = np.linspace(0.5, 0.6, 6)
    swinging = base + [-0.1, 0.1] * 3
    accuracies = {"Deep-All": [base] * 2, "Agr-Sum": [base + 0.02] * 2, "Mine": [swinging] * 2}
    done = records(targets=("SUN09", "VOC2007"), **accuracies)
    figure = figures.gains(made, Summary.of(made, done))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["SUN09 held out", "VOC2007 held out", "average"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Agr-Sum", "Mine"]
    dots, intervals, papers = drawn_gains(figure.axes[0])
    assert dots[0][0] == pytest.approx(2)
    assert intervals[0] == pytest.approx((2, 2))
    assert dots[1][0] == pytest.approx(0)
    assert intervals[1][0] < -3 < 3 < intervals[1][1]
    assert dots[0][1] != dots[1][1]
    assert papers == {0: pytest.approx(62.98 - 63.96)}
    assert drawn_gains(figure.axes[2])[2] == {}  # of other domains than the paper's average
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert [text.split()[-2:] for text in texts] == [
        ["excludes", "0"],
        ["holds", "0"],
        ["the", "paper"],
    ]


def test_gains_of_too_few_trials_look_like_none():
    made = records(**{"Deep-All": [[0.1, 0.2, 0.3]] * 2, "PCGrad": [[0.2, 0.3, 0.5]] * 2})
    figure = figures.gains(config(), Summary.of(config(), made))
    dots, intervals, papers = drawn_gains(figure.axes[0])
    assert (dots[0][0], intervals[0], papers) == (
        *(pytest.approx(40 / 3), pytest.approx((10, 20))),
        {},
    )
    (legend,) = figure.legends
    (text,) = legend.get_texts()
    assert "too few trials" in text.get_text()
    single = [record("Deep-All", "photo", 1, 0.5), record("PCGrad", "photo", 1, 0.6)]
    dots, intervals, _ = drawn_gains(figures.gains(config(), Summary.of(config(), single)).axes[0])
    assert (len(dots), intervals) == (1, {})
    assert figures.gains(config(), Summary.of(config(), single[:1])) is None


def test_similarity_is_the_mean_over_trials():
    def trial(number, within):
        measured = Similarity(steps=[0, 2], within=within, between=[0.0, 0.0])
        return record("Deep-All", "photo", number, 0.5, similarity=measured)

    figure = figures.similarity_curves([trial(1, [0.2, 0.4]), trial(2, [0.4, 0.8])])
    within, between = figure.axes[0].lines
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["within domains", "between domains"]
    assert list(within.get_xdata()) == [0, 2]
    assert list(within.get_ydata()) == pytest.approx([0.3, 0.6])
    assert list(between.get_ydata()) == [0, 0]
    assert figures.similarity_curves([record("Deep-All", "photo", 1, 0.5)]) is None


def test_a_domain_looks_the_same_in_every_panel():
    histories = {
        "photo": {"val_accuracy/sketch": [0.1, 0.2], "test_accuracy/photo": [0.3, 0.4]},
        "sketch": {"val_accuracy/photo": [0.1, 0.2], "test_accuracy/sketch": [0.3, 0.4]},
    }
    extra = {"val_accuracy": [0.0, 0.0], "loss": [1.0, 1.0], "loss/sketch": [1.0, 1.0]}
    made = [
        record("Deep-All", target, 1, 0.5, history={**history, **extra})
        for target, history in histories.items()
    ]
    figure = figures.training_curves(made)
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    looks = dict(zip(names, (line.get_color() for line in legend.get_lines()), strict=True))
    assert set(looks) == {"photo", "sketch"}
    for axes, target, source in zip(
        figure.axes, ("photo", "sketch"), ("sketch", "photo"), strict=True
    ):
        of_target, of_source = (
            next(line for line in axes.lines if line.get_color() == looks[name])
            for name in (target, source)
        )
        assert list(of_target.get_ydata()) == pytest.approx([30, 40])
        assert list(of_source.get_ydata()) == pytest.approx([10, 20])


def test_domains_of_any_name_are_drawn():
    history = {"val_accuracy/worst": [0.1, 0.2], "test_accuracy/balanced": [0.2, 0.3]}
    figure = figures.training_curves([record("Deep-All", "balanced", 1, 0.5, history=history)])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["worst", "balanced"]


def test_a_wide_band_shows_no_accuracy_that_there_cannot_be():
    histories = [{"val_accuracy/sketch": [0.1, 0.2]}, {"val_accuracy/sketch": [0.9, 0.4]}]
    made = [
        record("Deep-All", "photo", trial, 0.5, history=history)
        for trial, history in enumerate(histories, start=1)
    ]
    assert figures.training_curves(made).axes[0].get_ylim() == (0, 100)


def test_many_domains_all_have_their_curve():
    history = {f"val_accuracy/{number}": [0.1, 0.2] for number in range(30)}
    figure = figures.training_curves([record("Deep-All", "photo", 1, 0.5, history=history)])
    lines = figure.axes[0].lines
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(looks) == 30


def test_conflicts_are_the_mean_over_targets_and_trials():
    def run(target, share):
        measured = Conflicts(steps=[2, 4], shares={"a": [share, share], "b": [0.5, 0.5]})
        history = {f"loss/{source}": [1.0, 1.0] for source in "abc"}
        return record("Deep-All", target, 1, 0.5, conflicts=measured, history=history)

    figure = figures.conflict_maps([run("photo", 0.2), run("sketch", 0.4)])
    (picture,) = figure.axes[0].images
    # Of three random signs, all are alike in one of four cases, which is the middle of the colours.
    assert np.mean(picture.get_clim()) == 0.75
    np.testing.assert_allclose(picture.get_array(), [[0.3, 0.3], [0.5, 0.5]])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
    assert figures.conflict_maps([record("Deep-All", "photo", 1, 0.5)]) is None
    # What was no number in one of them is the mean of the others.
    figure = figures.conflict_maps([run("photo", 0.2), run("sketch", np.nan)])
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[0.2, 0.2], [0.5, 0.5]])
    of_none = Conflicts(steps=[2], shares={"a": [np.nan]})
    history = {f"loss/{source}": [1.0] for source in "abc"}
    lost = record("Deep-All", "photo", 1, 0.5, conflicts=of_none, history=history)
    assert figures.conflict_maps([lost]).axes[0].images[0].get_array().mask.all()


@pytest.mark.parametrize(("choose", "panels"), [("per_target", 2), ("for_all", 1)])
def test_heat_maps_frame_what_was_chosen(choose, panels):
    made, done = search(choose)
    figure = figures.heat_maps(made, grid_means(made, done))
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == panels
    for axes in shown:
        (frame,) = axes.patches
        means = np.ma.getdata(axes.images[0].get_array())
        row, column = np.unravel_index(np.nanargmax(means), means.shape)
        np.testing.assert_allclose(frame.get_xy(), (column - 0.46, row - 0.46))
    assert len(shown[0].texts) == 2


def conflicting(target, method):
    shares = {f"block{layer}_depthwise_conv": [0.2] * 20 for layer in range(4)}
    history = {f"loss/{source}": [1.0] for source in "abc"}
    measured = Conflicts(steps=list(range(0, 2000, 100)), shares=shares)
    return record(method, target, 1, 0.5, conflicts=measured, history=history)


def along(target, method):
    history = {f"val_accuracy/{source}": [0.1, 0.2] for source in ("art_painting", "sketch")}
    return record(method, target, 1, 0.5, history=history)


def alike(target, method):
    measured = Similarity(steps=[0, 2], within=[0.1, 0.2], between=[0.1, 0.2])
    return record(method, target, 1, 0.5, similarity=measured)


@pytest.mark.parametrize(
    ("draw", "made"),
    [
        (figures.training_curves, along),
        (figures.similarity_curves, alike),
        (figures.conflict_maps, conflicting),
    ],
)
def test_curves_and_maps_for_a_phone_are_below_each_other(draw, made):
    places = [(target, method) for method in ("Deep-All", "M") for target in ("photo", "sketch")]
    check_narrow(*(draw([made(*place) for place in places], narrow=n) for n in (False, True)))


@pytest.mark.parametrize("draw", [figures.gains, figures.pair_gains])
def test_gains_for_a_phone_are_below_each_other(draw):
    pairs = [(o, s) for o in ("empirical_risk", "irm") for s in ("mean", "agr_sum", "agr_rand")]
    methods = [f"{{name: {o} {s}, objective: {o}, strategy: {s}}}" for o, s in pairs]
    made = config(f"methods=[{', '.join(methods)}]", "baseline=empirical_risk mean")
    base = np.array([0.1, 0.2, 0.4])
    accuracies = {m.name: [base + 0.1 * i] * 2 for i, m in enumerate(made.methods)}
    summary = Summary.of(made, records(**accuracies))
    check_narrow(*(draw(made, summary, narrow=narrow) for narrow in (False, True)))


def check_narrow(wide, narrow):
    """The same panels, in one column, with all text inside of the figure."""
    assert narrow.get_figwidth() < 4.5 < wide.get_figwidth()
    titles = [axes.get_title() for axes in narrow.axes]
    assert titles == [axes.get_title() for axes in wide.axes]
    narrow.draw_without_rendering()
    boxes = [axes.get_position() for axes in narrow.axes if axes.get_title()]
    assert len(boxes) > 1
    assert all(above.y0 > below.y1 for above, below in itertools.pairwise(boxes))
    around = narrow.get_tightbbox()
    assert around.x0 >= 0
    assert around.x1 <= narrow.get_figwidth()
    for axes in narrow.axes:
        shown = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        assert shown
        assert all(a.x1 <= b.x0 for a, b in itertools.pairwise(shown))
