"""What Wise says is there is kept with its time; when it cannot be asked, what was read before stays and says so."""

import pytest

from tests.sandbox_wise import SandboxWise
from transfers.models import RailBalance
from transfers.tasks import read_balances

pytestmark = pytest.mark.django_db(transaction=True)


def test_read_and_then_not_reached(wise: SandboxWise) -> None:
    read_balances()
    first = RailBalance.objects.get(rail="wise")
    assert first.amounts["USD"] > 0
    assert (first.problem, first.read_at) == ("", first.tried_at)
    wise.set_fault("500_before", times=None, path="*balances*")
    read_balances()
    second = RailBalance.objects.get(rail="wise")
    assert (second.amounts, second.read_at) == (first.amounts, first.read_at)
    assert second.problem != ""
    assert second.tried_at > first.tried_at
