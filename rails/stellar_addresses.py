"""Stellar's addresses as text: is this an account, and how is a sub-user of one written. SEP-7 links."""

from urllib.parse import quote, urlencode


def is_account(text: str) -> bool:
    """A `G…` address with a right checksum."""
    from stellar_sdk import StrKey  # noqa: PLC0415 - importing it takes a second, and few need it

    return StrKey.is_valid_ed25519_public_key(text)


def muxed_address(account: str, number: int) -> str:
    """The `M…` address of sub-user `number` of `account`."""
    from stellar_sdk import MuxedAccount  # noqa: PLC0415 - as above

    return str(MuxedAccount(account, number).account_muxed)


def pay_link(*, account: str, memo: int, amount: str, currency: str, passphrase: str) -> str:
    """A SEP-7 `web+stellar:pay` link, which wallets open, also from a QR code."""
    values = {"destination": account, "amount": amount}
    code, colon, issuer = currency.partition(":")
    if colon:
        values |= {"asset_code": code, "asset_issuer": issuer}
    values |= {"memo": str(memo), "memo_type": "MEMO_ID"}
    if passphrase and "Public Global Stellar Network" not in passphrase:
        values["network_passphrase"] = passphrase
    return f"web+stellar:pay?{urlencode(values, quote_via=quote)}"
