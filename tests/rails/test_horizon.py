"""Pure parts of the Stellar rail: building, words for results, amounts."""

from decimal import Decimal

import pytest
from stellar_sdk import Keypair, MuxedAccount, TransactionBuilder, TransactionEnvelope, xdr

from money import Money
from rails.horizon import codes_of, transaction_of
from rails.horizon_values import Memo, PaymentOrder, minor_of, stroops, stroops_of
from rails.stellar_tx import Treasury, account_of

NETWORK = "a network of tests ; 2026"
SECRET = Keypair.random().secret
TO = Keypair.random().public_key
ISSUER = Keypair.random().public_key


def treasury(channels: int = 1, network: str = NETWORK) -> Treasury:
    return Treasury(secret=SECRET, network_passphrase=network, channels=channels)


def pay(mine: Treasury, *orders: PaymentOrder, memo: str = "") -> TransactionEnvelope:
    signed = mine.pay(
        orders,
        channel=mine.channels[-1],
        sequence=77,
        max_time=1_800_000_300,
        fee_per_operation=1_000,
        memo=Memo(memo),
    )
    envelope = TransactionBuilder.from_xdr(signed.xdr, NETWORK)
    assert isinstance(envelope, TransactionEnvelope)
    assert envelope.hash_hex() == signed.hash
    assert (signed.fee, signed.sequence) == (1_000 * len(orders), 77)
    return envelope


def test_the_same_inputs_give_the_same_bytes_and_another_network_another_hash() -> None:
    order = PaymentOrder(TO, "XLM", 10)
    arguments = {
        "channel": treasury().account,
        "sequence": 5,
        "max_time": 9,
        "fee_per_operation": 100,
    }
    first = treasury().pay([order], **arguments)  # type: ignore[arg-type]
    again = treasury().pay([order], **arguments)  # type: ignore[arg-type]
    other = treasury(network="other").pay([order], **arguments)  # type: ignore[arg-type]
    assert first == again
    assert first.hash != other.hash


@pytest.mark.parametrize("channels", [1, 3])
def test_a_payment_is_exactly_what_was_ordered(channels: int) -> None:
    mine = treasury(channels)
    muxed = MuxedAccount(TO, 1234).account_muxed
    assert muxed
    envelope = pay(mine, PaymentOrder(muxed, f"USDC:{ISSUER}", 15_000_001), memo="inv-7")
    transaction = envelope.transaction
    (operation,) = transaction.operations
    assert transaction.source.account_id == mine.channels[-1]
    assert (operation.source and operation.source.account_id) in (None, mine.account)
    assert operation.to_xdr_object().body.payment_op.amount.int64 == 15_000_001  # type: ignore[union-attr]
    assert transaction.preconditions and transaction.preconditions.time_bounds
    assert transaction.preconditions.time_bounds.max_time == 1_800_000_300
    assert len(envelope.signatures) == (1 if channels == 1 else 2)
    assert account_of(muxed) == account_of(TO) == TO


def test_channels_are_derived_from_the_treasury_and_differ_between_networks() -> None:
    assert treasury(1).channels == [treasury().account]
    three = treasury(3).channels
    assert len(set(three)) == 3 and treasury().account not in three
    assert treasury(5).channels[:3] == three
    assert not set(treasury(3, "other").channels) & set(three)
    assert SECRET not in repr(treasury(3))


def result(code: xdr.TransactionResultCode, operations: list[xdr.OperationResult]) -> str:
    body = xdr.TransactionResultResult(code, results=operations)
    return xdr.TransactionResult(xdr.Int64(100), body, xdr.TransactionResultExt(0)).to_xdr()


@pytest.mark.parametrize("says", [False, None, "true", 1])
def test_a_transaction_that_contradicts_its_own_result_is_unreadable(says: object) -> None:
    """Its debt would be paid again if "not successful" were believed."""
    paid = result(xdr.TransactionResultCode.txSUCCESS, [])
    body = {"successful": says, "result_xdr": paid, "hash": "ab" * 32, "ledger": 7}
    body |= {"source_account": TO, "source_account_sequence": "77"}
    with pytest.raises(ValueError, match="one thing"):
        transaction_of(body)
    assert transaction_of(body | {"successful": True}).successful


def test_words_for_results_are_horizons() -> None:
    def payment(code: xdr.PaymentResultCode) -> xdr.OperationResult:
        inner = xdr.OperationResultTr(
            xdr.OperationType.PAYMENT, payment_result=xdr.PaymentResult(code)
        )
        return xdr.OperationResult(xdr.OperationResultCode.opINNER, tr=inner)

    operations = [
        payment(xdr.PaymentResultCode.PAYMENT_SUCCESS),
        payment(xdr.PaymentResultCode.PAYMENT_NO_TRUST),
        xdr.OperationResult(xdr.OperationResultCode.opBAD_AUTH),
    ]
    said = codes_of(result(xdr.TransactionResultCode.txFAILED, operations))
    assert said == ("tx_failed", ("op_success", "op_no_trust", "op_bad_auth"))
    assert codes_of(result(xdr.TransactionResultCode.txBAD_SEQ, [])) == ("tx_bad_seq", ())


def test_amounts_on_the_ledger_have_seven_decimals() -> None:
    assert stroops("10.0000001") == 100_000_001
    assert stroops_of(Money(100_000_001, "XLM")) == 100_000_001
    assert stroops_of(Money(1_050, "EUR")) == 105_000_000
    assert minor_of(105_000_000, "EUR") == 1_050
    assert minor_of(105_000_001, "EUR") is None
    assert Decimal(Money(7, "XLM").format()) == Decimal("0.0000007")
