"""Trees of any values, as YAML and JSON have them."""

import copy

from hypothesis import strategies as st

KEYS = [
    *("name", "imports", "data", "targets", "backbone", "training", "methods", "grid", "trials"),
    *("experiments", "class_name", "config", "objective", "strategy", "arguments", "weights"),
]
WORDS = ["yes", "1:00", "1e3", ".5e3", "0x1F", "null", "~", "<<", "2020-01-01", "all", "Deep-All"]

numbers = st.integers(-(10**99), 10**99) | st.floats()
text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("\n\t"))
texts = text | st.sampled_from(WORDS) | st.text("xé", min_size=250, max_size=300)
scalars = st.none() | st.booleans() | numbers | texts
keys = st.sampled_from(KEYS) | texts
trees = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12
)


def places(tree, place=()):
    """Where the values stand that hold no others, and those that do."""
    if place:
        yield place
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield from places(tree[key], (*place, key))


def replaced(tree, place, value):
    """The tree with another value in a place."""
    whole = copy.deepcopy(tree)
    inside = whole
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return whole
