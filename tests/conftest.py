"""What all tests share."""

import os

# Read by TensorFlow at import: its start-up notices are not warnings of ours.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
