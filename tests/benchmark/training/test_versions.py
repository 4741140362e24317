"""What results were made with."""

from dg_keras.benchmark.training.versions import others, software, versions
from dg_keras.common.source_digest import source_digest


def test_others_are_told_by_name():
    now = {"keras": "3.15", "numpy": "2.4"}
    records = [{"keras": "3.14", "threads": "1"}, {"keras": "3.13", "numpy": "2.4"}, {}, dict(now)]
    assert others(records, now) == {"keras": "3.14, 3.13"}


def test_what_decodes_and_modules_of_ones_own_are_told():
    assert {"pillow", "tests.nets"} <= versions(["tests.nets"]).keys()
    assert "threads" not in software()


def test_the_source_of_a_package_is_all_below_it(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    digests = set()
    for name, text in (("one_of_mine", ""), ("two_of_mine", ""), ("three_of_mine", "RATE = 2")):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "deep" / "rate.py").write_text(text)
        (tmp_path / name / ".#rate.py").symlink_to("somebody@somewhere")  # as Emacs locks a file
        digests.add(source_digest(name))
    assert len(digests) == 2


def test_what_has_no_source_of_its_own_has_no_digest():
    assert source_digest("sys") == source_digest("math") == ""
