"""What was signed on Stellar, as people see it: read-only, with its proof, linked from the transfer."""

import pytest
from django.urls import reverse

from tests.console.conftest import Open
from tests.sandbox_horizon import SandboxHorizon
from tests.transfers.stellar_steps import Recipients, envelopes, let_time_pass, work_until_known
from tests.transfers.steps import work
from transfers import sources
from transfers.models import StellarChannel, Transfer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paid(stellar: SandboxHorizon, monkeypatch: pytest.MonkeyPatch) -> Transfer:
    """Paid by its second transaction; the first is proven absent."""
    recipients = Recipients()
    monkeypatch.setitem(sources._sources, "payout", recipients)
    stellar.set_fault("drop_before", times=None, operation="transactions.submit")
    transfer = work(recipients.payout(stellar.address("payee 1")))
    stellar.clear_faults()
    let_time_pass(stellar)
    transfer = work_until_known(stellar, transfer)
    assert transfer.status == "success"
    return transfer


def test_the_transactions_and_their_channel(paid: Transfer, at: Open) -> None:
    client = at("super_admin")
    first, second = envelopes(paid)
    page = client.get(reverse("admin:transfers_transfer_change", args=[paid.pk])).content.decode()
    for envelope in (first, second):
        address = reverse("admin:transfers_stellarenvelope_change", args=[envelope.pk])
        assert address in page
        shown = client.get(address).content.decode()
        assert envelope.hash in shown and str(envelope.sequence) in shown
        assert reverse("admin:transfers_transfer_change", args=[paid.pk]) in shown
        assert ("Proof that no ledger can ever hold it" in shown) is (envelope == first)
        assert envelope.signed_xdr not in shown
        assert client.post(address).status_code == 405
    listed = client.get(reverse("admin:transfers_stellarenvelope_changelist")).content.decode()
    assert "Proven absent" in listed and "Paid" in listed
    found = client.get(reverse("admin:transfers_stellarenvelope_changelist"), {"q": second.hash})
    assert second.hash in found.content.decode() and first.hash not in found.content.decode()
    channel = StellarChannel.objects.get()
    address = reverse("admin:transfers_stellarchannel_change", args=[channel.pk])
    shown = client.get(address).content.decode()
    assert channel.account in shown and str(first.sequence) in shown
    listed = client.get(reverse("admin:transfers_stellarchannel_changelist")).content.decode()
    assert "Free" in listed
    assert (
        client.get(reverse("admin:transfers_stellarenvelope_change", args=[9**9])).status_code
        == 404
    )


def test_an_unknown_outcome_names_its_rail(
    stellar: SandboxHorizon, at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipients = Recipients()
    monkeypatch.setitem(sources._sources, "payout", recipients)
    stellar.hold()
    transfer = work(recipients.payout(stellar.address("payee 1")))
    address = reverse("admin:transfers_transfer_change", args=[transfer.pk])
    page = at("super_admin").get(address).content.decode()
    assert "Asked Stellar at" in page and "Asked Stripe" not in page
