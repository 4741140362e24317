"""What the suite leaves out is there."""

from pathlib import Path

import pytest

from tests.conftest import ONE_IN


@pytest.mark.parametrize("file", ONE_IN)
def test_families_that_are_thinned_out_are_in_their_files(file):
    text = Path("tests", file).read_text("utf-8")
    for name in ONE_IN[file]:
        assert f"def {name.rpartition('::')[2]}(" in text
