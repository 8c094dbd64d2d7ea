"""What tests of bad inputs share: a process to crash."""

import pytest
from forms import surviving_child


@pytest.fixture(scope="module")
def in_child():
    """Call functions in another process, which a crash would end."""
    with surviving_child() as call:
        yield call
