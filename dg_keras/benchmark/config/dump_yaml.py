"""Values as YAML 1.2."""

import io
import re
from typing import Any

import ruamel.yaml
from ruamel.yaml.resolver import VersionedResolver

from dg_keras.benchmark.config.core_schema import CORE_SCHEMA

_NEVER_FOLDED = 2**31 - 1


class _Resolver(VersionedResolver):
    """Tells which words need quotes, to be read as text."""

    @property
    def versioned_resolver(self) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
        """The kinds that a word may be of, by its first character."""
        starts = {start for kind in CORE_SCHEMA for start in kind.starts}
        return {
            start: [(kind.tag, kind.words) for kind in CORE_SCHEMA if start in kind.starts]
            for start in starts
        }


def dump_yaml(value: Any) -> str:
    """The text that `parse_yaml` makes this value of.

    Args:
        value: Of None, bools, numbers, text, lists, and dicts with text for keys.
    """
    yaml: Any = ruamel.yaml.YAML(typ="safe", pure=True)
    yaml.Resolver = _Resolver
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False
    yaml.width = _NEVER_FOLDED
    text = io.StringIO()
    yaml.dump(value, text)
    return text.getvalue()
