"""Whatever a method, a domain or a network is called stands in a report as it is."""

import html.parser
import re
import warnings

import pytest
from markdown_it import MarkdownIt

from dg_keras.benchmark.config.config import Method
from dg_keras.benchmark.report.part_of import part_of
from dg_keras.benchmark.report.rehearse_report import rehearse_report
from dg_keras.benchmark.report.write_joint_report import write_joint_report
from dg_keras.benchmark.report.write_report import write_report
from tests.benchmark.made_records import config, records

NAMES = [
    "a|b",
    "<script>alert(1)</script>",
    r"$\frac{1}$ and $",
    r"\input{secret}",
    "100 % & more_or_less #1 ~ ^ {x}",
    "`code` *bold* **x** _y_",
    "[x](y) ![z](w)",
    "~~gone~~ <!-- --> &amp; &#65;",
    "# 1. - + >",
    "http://a.b/c www.a.b me@a.b",
    "--- :tada: @you #12",
    "naïve 方法 \N{GRINNING FACE}",
    "'quoted' \"twice\"",
]


class Text(html.parser.HTMLParser):
    """The texts of a page's elements, by tag."""

    def __init__(self):
        super().__init__()
        self.found = {}
        self._open = []

    def handle_starttag(self, tag, attributes):
        if tag in ("th", "td", "text", "title", "dd", "h1", "h2", "p"):
            self._open.append((tag, []))

    def handle_data(self, data):
        for _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag):
        if self._open and self._open[-1][0] == tag:
            self.found.setdefault(tag, []).append("".join(self._open.pop()[1]))


def texts(document):
    parser = Text()
    parser.feed(document)
    return parser.found


def made(name):
    """A comparison of a method and a domain of this name with others."""
    methods = [Method(name="Deep-All"), Method(name=name, strategy="agr_sum")]
    accuracies = {"Deep-All": [[0.5, 0.6]] * 2, name: [[0.6, 0.7]] * 2}
    return config().model_copy(update={"methods": methods}), records([name, "b"], **accuracies)


@pytest.fixture(scope="module", params=NAMES)
def report(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(folder, part_of(*made(request.param)))
    return request.param, folder


def test_it_is_text_on_the_page(report):
    name, folder = report
    found = texts((folder / "index.html").read_text(encoding="utf-8"))
    assert name in found["th"]
    assert f"{name} held out" in found["h2"]
    # Of the SVG, in which long names are cut off.
    assert any(name.startswith(text.removesuffix("…")) for text in found["text"] if text)
    assert any(name in words for words in found["title"])
    assert any(sentence.startswith(f"{name} (objective") for sentence in found["dd"])
    assert "script" not in found


def test_it_is_text_in_markdown(report):
    name, folder = report
    document = (folder / "table.md").read_text(encoding="utf-8")
    shown = MarkdownIt("gfm-like", {"linkify": False}).render(document)
    found = texts(shown)
    assert found["th"].count(name) >= 2
    assert name in found["td"]
    assert not re.findall("<(?!/?(?:table|thead|tbody|tr|th|td|h1|h2|p|strong)[ >])", shown)


def test_it_is_text_in_latex(report):
    name, folder = report
    document = (folder / "table.tex").read_text(encoding="utf-8")
    words = {r"\textbackslash{}": "\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~"}
    words |= {r"\textasciigrave{}": "`", "-{}": "-"}
    words |= {r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|"}
    words |= {rf"\{sign}": sign for sign in "{}$&%#_"}
    pattern = "|".join(map(re.escape, words))
    read = re.sub(pattern, lambda found: words[found[0]], document)
    assert read.count(name) >= 2
    # What is left of its signs after what we wrote is taken away has no meaning to LaTeX.
    head = re.sub(pattern, "", document.split(r"\toprule")[1].split(r"\\")[0])
    assert not set(head) - {"&"} & set("\\{}$%#_^~`")


def test_one_that_figures_can_not_draw_is_told_before_the_work():
    made_up, _ = made("方法")
    told = (
        "`methods`: the figures' font has no '方', '法', which are in '方法': figures show boxes "
        "in their place, tables and page the name"
    )
    with pytest.warns(UserWarning, match="font") as caught:
        rehearse_report("smoke", [(made_up, ["b"], ["a", "b"])])
    assert [str(warning.message) for warning in caught] == [told]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rehearse_report("smoke", [(config(), ["b"], ["a", "naïve ±"])])


@pytest.mark.parametrize("moment", ["page", "pathlib.Path.write_bytes"])
def test_a_joint_report_that_fails_leaves_the_old_one_whole(tmp_path, monkeypatch, moment):
    first, done = made("a")
    second = first.model_copy(update={"name": "second"})
    both = [part_of(first, done), part_of(second, done)]
    write_joint_report(tmp_path / "report", "old", both)
    before = {p: p.read_bytes() for p in (tmp_path / "report").rglob("*") if p.is_file()}

    def fail(*arguments):
        raise OSError("no space is left")

    place = moment if "." in moment else f"dg_keras.benchmark.report.write_joint_report.{moment}"
    monkeypatch.setattr(place, fail)
    with pytest.raises(OSError, match="no space"):
        write_joint_report(tmp_path / "report", "new", both)
    monkeypatch.undo()
    assert before == {p: p.read_bytes() for p in (tmp_path / "report").rglob("*") if p.is_file()}
    assert {path.name for path in tmp_path.iterdir()} == {"report", ".report.lock"}
