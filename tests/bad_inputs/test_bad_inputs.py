"""Whatever a user gets wrong is told in one clear sentence, before any long work starts."""

import pytest

from tests.bad_inputs import (
    archives,
    arguments,
    commands,
    config_files,
    config_methods,
    config_numbers,
    config_texts,
    configs,
    fits,
    folders,
    images,
    records,
    reports,
    weights,
)
from tests.bad_inputs.bad_input import BadInput

ROWS: list[BadInput] = [
    *archives.ROWS,
    *arguments.ROWS,
    *commands.ROWS,
    *config_files.ROWS,
    *config_methods.ROWS,
    *config_numbers.ROWS,
    *config_texts.ROWS,
    *configs.ROWS,
    *fits.ROWS,
    *folders.ROWS,
    *images.ROWS,
    *records.ROWS,
    *reports.ROWS,
    *weights.ROWS,
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.wrong)
def test_is_told_in_one_sentence(row, tmp_path):
    with pytest.raises(row.error) as caught:
        row.give(tmp_path)
    assert str(caught.value) == row.says.replace("{folder}", str(tmp_path))
    assert "\n" not in str(caught.value)


def test_every_row_has_a_name_of_its_own():
    names = [row.wrong for row in ROWS]
    assert len(set(names)) == len(names)
