"""What all tests share."""

import os

# Read by TensorFlow at import: its start-up notices are not warnings of ours.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Two workers share two cores: threads of their own would be in each other's way.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
