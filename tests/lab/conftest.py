"""The lab's own tests import it as scripts/lab does."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

# pylint: disable=wrong-import-position,unused-import
from harness.fixtures import pytest_terminal_summary
