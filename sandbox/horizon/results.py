"""What became of a transaction: codes in Horizon's words, and the XDR that says the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stellar_sdk import xdr

from sandbox.journal import Row

TX = {
    "tx_success": 0,
    "tx_failed": -1,
    "tx_too_early": -2,
    "tx_too_late": -3,
    "tx_missing_operation": -4,
    "tx_bad_seq": -5,
    "tx_bad_auth": -6,
    "tx_insufficient_balance": -7,
    "tx_no_source_account": -8,
    "tx_insufficient_fee": -9,
    "tx_bad_auth_extra": -10,
    "tx_internal_error": -11,
    "tx_not_supported": -12,
    "tx_malformed": -16,
    "tx_fee_bump_inner_success": 1,
    "tx_fee_bump_inner_failed": -13,
}
ANY_OP = {"op_bad_auth": -1, "op_no_source_account": -2, "op_not_supported": -3,
          "op_too_many_subentries": -4}  # fmt: skip
# Type of operation -> the name of its arm in the XDR, its classes, its codes.
OPS: dict[str, tuple[xdr.OperationType, str, Any, Any, dict[str, int]]] = {
    "payment": (
        xdr.OperationType.PAYMENT, "payment_result", xdr.PaymentResult, xdr.PaymentResultCode,
        {"op_success": 0, "op_malformed": -1, "op_underfunded": -2, "op_src_no_trust": -3,
         "op_src_not_authorized": -4, "op_no_destination": -5, "op_no_trust": -6,
         "op_not_authorized": -7, "op_line_full": -8, "op_no_issuer": -9},
    ),
    "create_account": (
        xdr.OperationType.CREATE_ACCOUNT, "create_account_result", xdr.CreateAccountResult,
        xdr.CreateAccountResultCode,
        {"op_success": 0, "op_malformed": -1, "op_underfunded": -2, "op_low_reserve": -3,
         "op_already_exists": -4},
    ),
    "change_trust": (
        xdr.OperationType.CHANGE_TRUST, "change_trust_result", xdr.ChangeTrustResult,
        xdr.ChangeTrustResultCode,
        {"op_success": 0, "op_malformed": -1, "op_no_issuer": -2, "op_invalid_limit": -3,
         "op_low_reserve": -4, "op_self_not_allowed": -5},
    ),
    "bump_sequence": (
        xdr.OperationType.BUMP_SEQUENCE, "bump_seq_result", xdr.BumpSequenceResult,
        xdr.BumpSequenceResultCode, {"op_success": 0, "op_bad_seq": -1},
    ),
    "manage_data": (
        xdr.OperationType.MANAGE_DATA, "manage_data_result", xdr.ManageDataResult,
        xdr.ManageDataResultCode,
        {"op_success": 0, "op_data_name_not_found": -2, "op_low_reserve": -3,
         "op_data_invalid_name": -4},
    ),
    "account_merge": (
        xdr.OperationType.ACCOUNT_MERGE, "account_merge_result", xdr.AccountMergeResult,
        xdr.AccountMergeResultCode,
        {"op_success": 0, "op_malformed": -1, "op_no_account": -2, "op_has_sub_entries": -4,
         "op_dest_full": -6},
    ),
}  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """A result. `ops` has (type, code, merged balance) of each operation, if it came to them.

    `inner` is what a fee bump wraps: its hash and its outcome.
    """

    code: str
    ops: list[tuple[str, str, int]] = field(default_factory=list)
    fee: int = 0
    inner: tuple[str, Outcome] | None = None

    @property
    def ok(self) -> bool:
        return self.code in ("tx_success", "tx_fee_bump_inner_success")

    def codes(self) -> Row:
        """`result_codes` of an error's extras."""
        row: Row = {"transaction": self.code}
        told = self
        if self.inner is not None:
            told = self.inner[1]
            row["inner_transaction"] = told.code
        if told.code == "tx_failed":
            row["operations"] = [code for _, code, _ in told.ops]
        return row

    def to_xdr(self) -> str:
        """Base64 of a TransactionResult."""
        code = xdr.TransactionResultCode(TX[self.code])
        if self.inner is not None:
            inner_hash, inner = self.inner
            pair = xdr.InnerTransactionResultPair(
                xdr.Hash(bytes.fromhex(inner_hash)),
                xdr.InnerTransactionResult(
                    xdr.Int64(0),
                    xdr.InnerTransactionResultResult(
                        xdr.TransactionResultCode(TX[inner.code]), results=inner.operations()
                    ),
                    xdr.InnerTransactionResultExt(0),
                ),
            )
            result = xdr.TransactionResultResult(code, inner_result_pair=pair)
        else:
            result = xdr.TransactionResultResult(code, results=self.operations())
        ext = xdr.TransactionResultExt(0)
        return xdr.TransactionResult(xdr.Int64(self.fee), result, ext).to_xdr()

    def operations(self) -> list[xdr.OperationResult] | None:
        """None where the XDR has no room for them."""
        if self.code not in ("tx_success", "tx_failed"):
            return None
        return [operation(*told) for told in self.ops]


def operation(kind: str, code: str, merged: int) -> xdr.OperationResult:
    """The result of one operation."""
    if code in ANY_OP or kind not in OPS:
        number = ANY_OP.get(code, ANY_OP["op_not_supported"])
        return xdr.OperationResult(xdr.OperationResultCode(number))
    type_, arm, result, result_code, codes = OPS[kind]
    values: dict[str, Any] = {"code": result_code(codes[code])}
    if kind == "account_merge" and code == "op_success":
        values["source_account_balance"] = xdr.Int64(merged)
    tr = xdr.OperationResultTr(type_, **{arm: result(**values)})
    return xdr.OperationResult(xdr.OperationResultCode.opINNER, tr)
