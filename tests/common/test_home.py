"""Where data, weights and configs are looked for."""

import pwd
from pathlib import Path

import pytest

from dg_keras.common.home import home, places


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_word_it_is_in_the_users_home(given, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    if given is None:
        monkeypatch.delenv("DG_KERAS_HOME", raising=False)
    else:
        monkeypatch.setenv("DG_KERAS_HOME", given)
    assert home() == tmp_path / ".dg_keras"


def test_nobody_needs_to_have_a_home(monkeypatch):
    """As in a container whose user the system does not know."""

    def unknown(number):
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.delenv("DG_KERAS_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert Path("~/.dg_keras/data") in places("data")
