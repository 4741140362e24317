"""A checkpoint that was changed anywhere ends in arrays, or in a sentence that names the file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import any_file

SETTINGS = settings(derandomize=True, deadline=None, database=None, max_examples=400)
CHANGES = st.lists(st.tuples(st.integers(0, 2**16), st.binary(max_size=4), st.integers(0, 4)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


def changed(content, changes):
    """The content, in which bytes were replaced by others, more or fewer."""
    for place, new, replaced in changes:
        place %= len(content) + 1
        content = content[:place] + new + content[place + replaced :]
    return content


@pytest.mark.parametrize("reader", [any_file.checkpoint, any_file.pickle, any_file.arrays])
def test_any_file(reader, folder):
    whole = any_file.WHOLE[reader]()
    reader(whole, folder)

    @SETTINGS
    @given(CHANGES)
    def property(changes):
        reader(changed(whole, changes), folder)

    property()
