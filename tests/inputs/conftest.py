"""What tests of bad inputs share: a process to crash."""

from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack

import pytest
from forms import within_a_minute
from helpers import child_process


@pytest.fixture(scope="module")
def in_child():
    """Call functions in another process, and in a new one after a crash."""
    with ExitStack() as stack:
        calls = [stack.enter_context(child_process())]

        def call(*arguments):
            try:
                return calls[-1](within_a_minute, *arguments)
            except BrokenProcessPool:
                calls.append(stack.enter_context(child_process()))
                return "crashed"

        yield call
