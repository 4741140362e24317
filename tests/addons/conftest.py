"""What can only be tested where tensorflow-addons is."""

import importlib.util

HAS_ADDONS = importlib.util.find_spec("tensorflow_addons") is not None

collect_ignore = [] if HAS_ADDONS else ["test_addons.py"]
