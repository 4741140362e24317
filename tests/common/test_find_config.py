import pytest

from dg_keras.common.find_config import find_config


def test_a_name_is_that_of_a_config_that_ships(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "styleshift").mkdir()
    assert find_config("styleshift").read_text().startswith("#")
    assert find_config("styleshift").name == "styleshift.yaml"


@pytest.mark.parametrize("asked", ["mine.yaml", "configs/pacs", "styleshift.yaml"])
def test_a_file_is_a_file(asked):
    assert str(find_config(asked)) == asked


def test_a_file_of_that_name_comes_first(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pacs").write_text("name: mine")
    assert find_config("pacs").read_text() == "name: mine"


def test_names_of_none(monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError) as told:
        find_config("pasc")
    assert "one of the configs that ship, control, gradients, grid, " in str(told.value)
    assert str(told.value).endswith(". Received: 'pasc'")


def test_the_first_place_counts(monkeypatch, tmp_path):
    home = tmp_path / "configs"
    home.mkdir()
    for name in ("styleshift", "mine"):
        (home / f"{name}.yaml").write_text("name: of_home")
    monkeypatch.setenv("DG_KERAS_HOME", str(tmp_path))
    assert find_config("mine").read_text() == "name: of_home"
    assert find_config("styleshift").read_text() != "name: of_home"
