"""The end-to-end tests use the fixtures of tests/harness as they are."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position,wildcard-import,unused-wildcard-import
from harness.fixtures import *
