"""Before anything is signed: could this payment arrive, and can the treasury afford it? Pure.

One bad destination would fail a whole transaction, so that it is refused here, alone. Nothing is proven by it: a
trustline may go between this look and the ledger, and then the ledger's own codes say whose payment it was.
"""

from typing import Final

from rails.horizon_values import NATIVE, LedgerAccount, PaymentOrder

# Half a lumen for each of two base entries and every further one (Stellar reference, 1).
_BASE_RESERVE: Final = 5_000_000

REFUSALS: Final = {
    "op_no_destination": "There is no such account on Stellar.",
    "op_no_trust": "The account does not accept this asset.",
    "op_not_authorized": "The issuer has not allowed the account to hold this asset.",
    "op_line_full": "The account accepts no more of this asset.",
    "op_no_issuer": "The issuer of this asset does not exist.",
    "memo_required": "The account wants a memo with every payment, and this recipient has none.",
    "recipient_unsupported": "This recipient cannot be paid on Stellar.",
    "asset_unknown": "This currency is not in STELLAR_ASSETS, so nobody knows whose asset it is.",
    "not_executed": "The network did not take it in time, several times over.",
}


def refusal_of(order: PaymentOrder, account: LedgerAccount | None, *, memo: str) -> str:
    """Why a payment to `account` could not arrive, in Horizon's words; empty when it could."""
    if account is None:
        return "op_no_destination"
    if account.wants_memo and not memo and not order.destination.startswith("M"):
        return "memo_required"
    if order.asset == NATIVE or order.asset.endswith(f":{account.id}"):
        return ""
    line = account.balances.get(order.asset)
    if line is None:
        return "op_no_trust"
    if not line.is_authorised:
        return "op_not_authorized"
    return "op_line_full" if line.free is not None and line.free < order.stroops else ""


def spendable(treasury: LedgerAccount, asset: str) -> int | None:
    """Stroops that the treasury may send; None without a limit, for what it issues itself."""
    if asset.endswith(f":{treasury.id}"):
        return None
    line = treasury.balances.get(asset)
    if line is None or not line.is_authorised:
        return 0
    reserve = (2 + treasury.subentries) * _BASE_RESERVE if asset == NATIVE else 0
    return max(line.stroops - line.selling_stroops - reserve, 0)
