"""One stack for all files: starting one takes seconds. Between tests its sandbox, queue and database are emptied."""

from collections.abc import Iterator

import pytest

from tests.cast import Caller, integrator
from tests.stack import Stack


@pytest.fixture(scope="session")
def running_stack(django_db_setup: None) -> Iterator[Stack]:
    """Web, queue and sandbox; each test starts the workers that it wants."""
    with Stack(workers=0) as running:
        yield running


@pytest.fixture
def stack(running_stack: Stack, transactional_db: None) -> Iterator[Stack]:
    """The stack with empty books, an empty queue and no worker."""
    running_stack.sandbox.reset()
    running_stack.empty_queue()
    yield running_stack
    while running_stack.workers:
        running_stack.kill_worker()


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return integrator(stack.web_url)
