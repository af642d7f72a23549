"""Asserts of the suite explain themselves, though it is no test file."""

import pytest

pytest.register_assert_rewrite("contract.suite")
