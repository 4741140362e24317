"""A report's files and its page."""

import concurrent.futures
import io
import os
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import rich.console

from dg_keras.benchmark.config.config import Method
from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.benchmark.config.read import read
from dg_keras.benchmark.report import tables
from dg_keras.benchmark.report.grid_means import grid_means
from dg_keras.benchmark.report.page import page
from dg_keras.benchmark.report.page.facts import facts
from dg_keras.benchmark.report.page.search_finding import search_finding
from dg_keras.benchmark.report.part_of import part_of
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart
from dg_keras.benchmark.report.write_joint_report import write_joint_report
from dg_keras.benchmark.report.write_report import write_report
from tests.benchmark.made_records import config, diverged, record, records
from tests.benchmark.report.test_tables import search
from tests.common.test_sole_user import used_elsewhere


def accuracies(trials):
    base = np.linspace(0.5, 0.6, trials)
    better = base + np.linspace(0.01, 0.02, trials)
    return {"Deep-All": [base, base], "PCGrad": [better, base]}


def findings(trials):
    return page("", [ReportPart.of(config(), records(**accuracies(trials)))])


def test_with_three_trials_the_page_says_that_no_test_is_possible():
    shown = findings(3)
    assert "No test of significance is possible: with 3 trials" in shown
    assert "it needs at least 6." in shown
    assert "p &lt; 0.05 holds" not in shown
    assert "Against Deep-All" not in shown


def test_with_ten_trials_the_page_counts_what_is_significant():
    shown = findings(10)
    # Better where photos are held out and on average, equal where sketches are.
    assert (
        "Of 3 comparisons with Deep-All, the averages&#39; included, p &lt; 0.05 holds in 2 (*), "
        "and after Holm&#39;s correction over the methods of a held-out domain in 2 (†)." in shown
    )
    assert "No test" not in shown
    assert "Against Deep-All" in shown


def test_one_method_alone_has_nothing_to_compare():
    alone = records(**{"Deep-All": [[0.5] * 3] * 2})
    shown = page("", [ReportPart.of(config("methods=[Deep-All]"), alone)])
    assert "No test" not in shown
    assert "comparisons" not in shown


def test_what_a_test_tells_is_of_the_method_that_the_page_opens_with():
    """One trial may gain most; the test is of the method that has ten."""
    made = config("methods=[Deep-All, PCGrad, IRM]")
    lucky = records(**accuracies(10), IRM=[[0.9], [0.9]])
    shown = page("", [ReportPart.of(made, lucky)])
    (finding,) = re.findall(r'<p class="finding">(.*)</p>', shown)
    assert finding.startswith("PCGrad is 0.8 percent points more accurate")
    assert finding.endswith(
        "a paired Wilcoxon test can tell that from chance (p = 0.004 after Holm&#39;s correction)."
    )
    assert "An interval of less than 6 pairs is far too short, and not bold." in shown


def test_the_page_opens_with_all_being_behind_where_they_are():
    base = np.linspace(0.5, 0.6, 3)
    behind = {"Deep-All": [base] * 2, "Agr-Sum": [base - 0.02] * 2, "PCGrad": [base - 0.01] * 2}
    made = ReportPart.of(config("methods=[Deep-All, Agr-Sum, PCGrad]"), records(**behind))
    (finding,) = re.findall(r'<p class="finding">(.*)</p>', page("", [made]))
    told = "PCGrad comes nearest of 2 methods, all of them behind: 1.0 percent points less accurate"
    assert finding.startswith(told)


def test_the_page_opens_with_the_highest_gain_on_average():
    made = ReportPart.of(config(), records(**accuracies(10)))
    shown = page("", [made])
    (finding,) = re.findall(r'<p class="finding">(.*)</p>', shown)
    gain = made.summary.gain("average", "PCGrad")
    assert gain.mean == pytest.approx(0.0075)
    assert finding == (
        f"PCGrad is {100 * gain.mean:.1f} percent points more accurate than Deep-All on average "
        f"over the 2 held-out domains (95 % interval +{100 * gain.low:.1f} to "
        f"+{100 * gain.high:.1f}, 10 trials); a paired Wilcoxon test can tell that from chance "
        "(p = 0.002)."
    )
    assert shown.index(finding) < shown.index("<svg") < shown.index("<table>")
    assert shown.index("<img ") < shown.index("How it was run")


@pytest.mark.parametrize("trials", [1, 3, 20])
def test_the_gains_have_a_panel_per_held_out_domain_and_a_row_per_method(trials):
    made = ReportPart.of(config(), records(**accuracies(trials)))
    drawn = re.findall("<svg.*?</svg>", page("", [made]), flags=re.DOTALL)
    assert len(drawn) == 3  # the average's and each domain's
    for panel in drawn:
        root = ElementTree.fromstring(panel)
        rows = [group for group in root.iter("g") if group.get("class").startswith("row")]
        assert [row.findall("text")[0].text for row in rows] == ["PCGrad"]
        assert len(list(root.iter("circle"))) == 1
        assert any("interval" in line.get("class") for line in root.iter("line")) == (trials > 1)
        dot = float(next(root.iter("circle")).get("cx"))
        zero = next(line for line in root.iter("line") if line.get("class") == "zero")
        is_better = "sketch" not in root.find("title").text.split(".")[0]
        assert (dot > float(zero.get("x1"))) == is_better


def test_the_papers_gains_stand_beside_ours():
    made = config("data.name=pacs", "methods=[Deep-All, PCGrad]")
    part = ReportPart.of(made, records(["art_painting", "sketch"], **accuracies(6)))
    shown = page("", [part])
    assert shown.count('class="paper"') == 2  # not on the average of two domains of four
    assert "the paper&#39;s gain is \N{MINUS SIGN}0.3" in shown  # 55.70 - 55.98
    assert "Diamonds: the gain in table 1" in shown
    assert "Diamonds" not in findings(6)


def test_the_page_loads_nothing_and_runs_nothing():
    shown = findings(3)
    assert "<script" not in shown
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", shown)
    assert "http" not in shown
    assert "url(" not in shown


def test_a_method_that_lacks_a_held_out_domain_has_a_row_that_says_so():
    made = records(**accuracies(3))
    lacking = [r for r in made if (r.method, r.target) != ("PCGrad", "sketch")]
    shown = page("", [ReportPart.of(config(), lacking)])
    assert "PCGrad: no trial to compare" in shown
    assert ">not run</text>" in shown


def test_a_method_without_a_pair_was_run_where_the_baseline_was_not():
    made = records(**accuracies(3), IRM=[[0.5] * 3] * 2)
    some = [r for r in made if (r.method, r.target) != ("Deep-All", "sketch")]
    lost = [diverged("IRM", "sketch", 1), *(r for r in some if (r.method, r.trial) != ("IRM", 1))]
    shown = page("", [ReportPart.of(config("methods=[Deep-All, PCGrad, IRM]"), lost)])
    # Both on sketches, and on average; the baseline's own trials say nothing of them.
    for method in ("PCGrad", "IRM"):
        assert shown.count(f"<title>{method}: no trial that Deep-All has, too</title>") == 2
    assert shown.count(">no pair</text>") == 4
    assert ">not run</text>" not in shown
    assert ">diverged</text>" not in shown


def test_a_method_that_only_diverged_has_a_row_that_says_so():
    made = [r for r in records(**accuracies(2)) if (r.method, r.target) != ("PCGrad", "sketch")]
    lost = [diverged("PCGrad", "sketch", trial) for trial in (1, 2)]
    shown = page("", [ReportPart.of(config(), [*made, *lost])])
    assert shown.count(">diverged</text>") == 2  # on sketches, and on average


def test_a_report_is_these_files(tmp_path):
    write_report(tmp_path / "report", part_of(config(), records(**accuracies(2))))
    assert sorted(os.listdir(tmp_path / "report")) == [
        *("accuracy.png", "gains.png", "index.html", "table.csv", "table.md", "table.tex")
    ]
    assert sorted(os.listdir(tmp_path)) == [".report.lock", "report"]


def test_a_report_that_fails_leaves_the_old_one_whole(tmp_path, monkeypatch):
    write_report(tmp_path / "report", part_of(config(), records(**accuracies(2))))
    before = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}

    def fail(*arguments):
        raise OSError("no space is left")

    # The page is written last.
    monkeypatch.setattr("dg_keras.benchmark.report.write_report.page", fail)
    with pytest.raises(OSError, match="no space"):
        write_report(tmp_path / "report", part_of(config(), records(**accuracies(3))))
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
    assert sorted(os.listdir(tmp_path)) == [".report.lock", "report"]


def test_who_writes_the_report_is_waited_for(tmp_path):
    part = part_of(config(), records(**accuracies(2)))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with used_elsewhere(tmp_path, "report"):
            waiting = pool.submit(write_report, tmp_path / "report", part)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=2)
            assert not (tmp_path / "report").exists()
        waiting.result(timeout=30)
    assert (tmp_path / "report/index.html").is_file()


def test_a_report_leaves_nothing_of_an_earlier_one_that_is_true_no_more(tmp_path):
    made, done = search("for_all")
    write_report(tmp_path, part_of(made, done))
    assert (tmp_path / "chosen.yaml").exists()
    # No setting is left that did not diverge.
    lost = [diverged(of.method, of.target, of.trial) for of in done]
    write_report(tmp_path, part_of(made, lost))
    assert not (tmp_path / "chosen.yaml").exists()
    write_joint_report(tmp_path / "joint", "both", [part_of(made, done)])
    write_joint_report(tmp_path / "joint", "both", [part_of(made, lost)])
    assert sorted(os.listdir(tmp_path / "joint" / "smoke")) == ["grid.csv", "grid.md", "grid.png"]


def test_a_report_leaves_nothing_of_what_the_experiment_was_before(tmp_path):
    search_part, part = part_of(*search("for_all")), part_of(config(), records(**accuracies(2)))
    assert search_part.config.name == part.config.name == "smoke"
    for name, kind in (("then", part), ("first", search_part), ("again", part)):
        write_report(tmp_path / "changed", kind)
        write_report(tmp_path / name, kind)
        assert sorted(os.listdir(tmp_path / "changed")) == sorted(os.listdir(tmp_path / name))
        write_joint_report(tmp_path / "joint", "both", [kind])
        write_joint_report(tmp_path / f"joint_{name}", "both", [kind])
        changed, alone = (
            sorted(path.relative_to(folder) for path in folder.rglob("*"))
            for folder in (tmp_path / "joint", tmp_path / f"joint_{name}")
        )
        assert changed == alone


def test_a_report_leaves_files_of_the_users_own(tmp_path):
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    write_report(tmp_path, part_of(config(), records(**accuracies(2))))
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_several_experiments_are_one_page(tmp_path):
    experiments = [
        part_of(made, [record("Deep-All", "sketch", 1, 0.5)])
        for made in (
            config("methods=[Deep-All]", path=f"configs/{name}.yaml") for name in ("pacs", "vlcs")
        )
    ]
    write_joint_report(tmp_path, "paper & more", [*experiments, part_of(*search("per_target"))])
    shown = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<title>paper &amp; more</title>" in shown
    assert shown.count("<h1>") == 1
    for name in ("pacs", "vlcs", "smoke"):
        assert f'<a href="#{name}">{name}</a>' in shown
        assert f'<section class="experiment" id="{name}">' in shown
    # Two box plots, and the search's heat maps.
    assert shown.count("data:image/png;base64,") == 3
    assert (tmp_path / "vlcs" / "table.tex").exists()
    assert (tmp_path / "smoke" / "chosen.yaml").exists()


def test_the_page_sets_the_best_in_bold_and_names_as_they_are():
    named = config().model_copy(
        update={"methods": [Method(name="Deep-All"), Method(name="<i>&|$_\\")]}
    )
    made = records(targets=["<b>"], **{"Deep-All": [[0.25]], "<i>&|$_\\": [[0.5]]})
    shown = page("", [ReportPart.of(named, made)])
    assert "<td><b>50.00</b></td>" in shown
    assert "<td>25.00</td>" in shown
    assert '<th scope="row">&lt;i&gt;&amp;|$_<wbr>\\</th>' in shown
    assert '<th scope="col">&lt;b&gt;</th>' in shown
    assert "<i>" not in shown


def test_the_page_says_how_a_method_is_made():
    arguments = "{name: IRM, objective: {class_name: irm, config: {anneal_steps: 30}}}"
    made = config(f"methods=[Deep-All, {arguments}]")
    shown = page("", [ReportPart.of(made, [record("Deep-All", "sketch", 1, 0.5)])])
    assert "<dd>Deep-All (objective empirical_risk; strategy mean)</dd>" in shown
    assert "<dd>IRM (objective irm with anneal_steps 30; strategy mean)</dd>" in shown
    assert (
        "<dd>styleshift, images of 32 by 32 pixels. A held-out domain is tested whole.</dd>"
        in shown
    )
    assert "<dd>1 run, 60 seconds.</dd>" in shown


@pytest.mark.parametrize(
    ("grid", "looked_at", "used"),
    [
        ("null", "A held-out domain is tested whole", ("tested at the step", "tested")),
        (
            "{learning_rate: [0.1, 0.2]}",
            "Nothing of a held-out domain is looked at",
            ("the best of these counts", "counts"),
        ),
        (
            "{learning_rate: [0.1, 0.2], choose: for_all}",
            "A held-out domain is looked at only as a source of other runs",
            ("the best of these counts", "counts"),
        ),
    ],
)
def test_the_page_says_what_held_out_domains_are_for_and_which_state_counts(grid, looked_at, used):
    averaged = "{name: SWAD, selection: average}"
    told = dict(facts(config(f"methods=[Deep-All, {averaged}]", f"grid={grid}"), one(), 1))
    assert told["Data"] == [f"styleshift, images of 32 by 32 pixels. {looked_at}."]
    of_all, of_its_own = used
    assert of_all in told["Training"][0]
    assert told["Training"][0].endswith(", unless a method says otherwise.")
    assert told["Methods"][1] == (
        f"SWAD (objective empirical_risk; strategy mean; {of_its_own} with the average of all "
        "steps in a valley of the sources' loss, or of the latest where it has none)"
    )
    alone = dict(facts(config("methods=[Deep-All]", f"grid={grid}"), one(), 1))
    assert not alone["Training"][0].endswith("unless a method says otherwise.")


def one():
    return [record("Deep-All", "sketch", 1, 0.5)]


def test_an_unfinished_experiment_is_told_in_every_form(tmp_path, capsys):
    made, done = config("trials=20"), records(**accuracies(3))
    told = "The experiment is unfinished: 12 of 80 runs are done."
    write_report(tmp_path / "some", part_of(made, done, planned=80))
    for name in ("table.md", "table.tex", "index.html"):
        assert told in (tmp_path / "some" / name).read_text()
    shown = (tmp_path / "some" / "index.html").read_text()
    assert "20 per method and held-out domain, of whose 80 runs 12 have been done." in shown
    write_report(tmp_path / "all", part_of(made, done, planned=12))
    for path in (tmp_path / "all").glob("[it]*.[mth]*"):
        assert "unfinished" not in path.read_text()
    assert "20 per method and held-out domain. A run" in (tmp_path / "all/index.html").read_text()


def test_an_unfinished_search_chooses_nothing_yet(tmp_path):
    made = config(
        "methods=[Deep-All, PCGrad]", "grid={learning_rate: [0.1, 0.2, 0.3], choose: for_all}"
    )
    first, second, _ = grid_settings(made)
    done = [
        record(setting.methods[method].name, "photo", 1, None)
        for setting, method in ((first, "Deep-All"), (second, "Deep-All"), (first, "PCGrad"))
    ]
    write_report(tmp_path, part_of(made, done, planned=6))
    told = (
        "The experiment is unfinished: 3 of 6 runs are done. The choice may change, and "
        "chosen.yaml is written when all are."
    )
    shown = (tmp_path / "index.html").read_text()
    for text in ((tmp_path / "grid.md").read_text(), shown, printed_search(made, done, 6)):
        assert told in text
    for text in (shown, printed_search(made, done, 6)):
        assert "of 1 to 2 of 3 settings" in text
    assert "of whose 6 runs 3 have been done" in shown
    assert "Settings to be tried" in shown
    assert not (tmp_path / "chosen.yaml").exists()
    write_report(tmp_path, part_of(made, done, planned=3))
    assert (tmp_path / "chosen.yaml").exists()


def printed_search(made, done, planned):
    """What the terminal shows of a search, in one line."""
    file = io.StringIO()
    rich.console.Console(file=file).print(
        tables.terminal_grid(made, grid_means(made, done), planned)
    )
    return " ".join(file.getvalue().split())


def test_where_no_setting_that_can_be_compared_is_sound_an_unfinished_search_waits():
    made, done = search("for_all")
    lost = [diverged(done[0].method, done[0].target, 1)]
    means = grid_means(made, lost)
    assert search_finding(made, means, 4) == "Nothing can be chosen yet."
    assert search_finding(made, means, 1) == (
        "Nothing could be chosen: runs of every setting diverged."
    )


@pytest.mark.parametrize("choose", ["per_target", "for_all"])
def test_a_search_writes_its_choice_as_a_config(tmp_path, choose):
    made, done = search(choose)
    write_report(tmp_path, part_of(made, done))
    assert sorted(os.listdir(tmp_path)) == [
        *("chosen.yaml", "grid.csv", "grid.md", "grid.png", "index.html")
    ]
    chosen = read(tmp_path / "chosen.yaml").configs[0]
    method = chosen.methods[0]
    rates = {t: chosen.optimizer_of(method, t).learning_rate for t in ("photo", "sketch")}
    best = {"per_target": {"photo": 1e-3, "sketch": 1e-4}, "for_all": dict.fromkeys(rates, 1e-4)}
    assert rates == best[choose]
    assert chosen.optimizer_of(chosen.methods[1], "photo").learning_rate == 1e-3


def test_a_search_of_one_setting_ranks_its_methods(tmp_path):
    grid = "grid={learning_rate: [0.1], choose: for_all}"
    made = config("methods=[Deep-All, Agr-Sum]", grid)
    (setting,) = grid_settings(made)
    reached = {"Deep-All": (0.5, 0.6), "Agr-Sum": (0.6, 0.7)}
    done = [
        record(setting.methods[method].name, target, 1, None, validation_accuracy=accuracy)
        for method, accuracies in reached.items()
        for target, accuracy in zip(("photo", "sketch"), accuracies, strict=True)
    ]
    write_report(tmp_path, part_of(made, done))
    assert sorted(os.listdir(tmp_path)) == ["chosen.yaml", "grid.csv", "grid.md", "index.html"]
    shown = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert (
        "the most accurate method first; nothing was tested: Agr-Sum 65.00 %; Deep-All 55.00 %."
        in (re.sub(r"\s+", " ", shown))
    )


def test_what_a_search_chose_is_told_with_its_units():
    made = config("methods=[Deep-All]", "grid={image_size: [32, 64], choose: for_all}")
    done = [
        record(setting.methods["Deep-All"].name, "photo", 1, None, validation_accuracy=accuracy)
        for setting, accuracy in zip(grid_settings(made), (0.5, 0.6), strict=True)
    ]
    sentence = search_finding(made, grid_means(made, done), len(done))
    assert sentence.endswith("; nothing was tested. Deep-All: image size 64 pixels.")


def test_a_search_tells_of_images_that_could_not_be_read():
    made, done = search("for_all")
    one = done[0].model_copy(update={"skipped_images": 2})
    notes = SearchPart.of(made, [one, *done[1:]]).notes
    assert notes[-1] == "2 images could not be read, and were left out."
    assert len(SearchPart.of(made, done).notes) == len(notes) - 1


def test_a_choice_keeps_arguments_that_are_none(tmp_path):
    made, done = search("for_all")
    mldg = Method(name="MLDG", objective={"class_name": "mldg", "config": {"learning_rate": None}})
    both = made.model_copy(update={"methods": [made.methods[0], mldg]})
    write_report(tmp_path, part_of(both, done))
    assert read(tmp_path / "chosen.yaml").configs[0].methods[1].objective == mldg.objective


def test_the_page_says_what_the_methods_share():
    done = [record("Deep-All", "sketch", 1, 0.5)]
    shared = "one network and one setting of the optimizer, the same for all methods"
    assert shared in page("", [ReportPart.of(config("methods=[Deep-All]"), done)])
    own = "methods=[{name: Deep-All, targets: {sketch: {learning_rate: 1e-4}}}]"
    assert shared not in page("", [ReportPart.of(config(own), done)])
