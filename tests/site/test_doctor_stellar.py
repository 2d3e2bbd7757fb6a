"""`manage.py doctor` about Stellar, against the sandbox's network."""

import pytest
from pytest_django.fixtures import Settings
from stellar_sdk import Keypair, TransactionBuilder

from payouts_site.dev import embedded
from payouts_site.doctor import stellar
from payouts_site.doctor.line import Line, examine
from tests.conftest import forget_stellar
from tests.sandbox_horizon import SandboxHorizon

CHANNELS = 2


@pytest.fixture
def _network(horizon: SandboxHorizon, settings: Settings) -> None:
    settings.STELLAR_CHANNELS = CHANNELS
    settings.STELLAR_CHANNEL_SECRETS = horizon.network["channel_secrets"][:CHANNELS]
    forget_stellar()


def looked() -> dict[str, Line]:
    forget_stellar()
    lines = examine("stellar", stellar.CONFIGURATION + stellar.CHECKS)
    return {line.name: line for line in lines}


@pytest.mark.usefixtures("_network")
def test_a_sound_network_has_nothing_to_repair_and_shows_no_secret(
    horizon: SandboxHorizon, settings: Settings
) -> None:
    lines = looked()
    assert {name: line.verdict for name, line in lines.items()} == dict.fromkeys(
        (
            "STELLAR_RECEIVING_ACCOUNT", "STELLAR_TREASURY_SECRET", "Horizon", "Stellar receiving account",
            "Stellar treasury", "Stellar channel 1", "Stellar channel 2",
        ),
        "ok",
    ), lines  # fmt: skip
    assert horizon.treasury.public_key in lines["Stellar treasury"].found
    secrets = [settings.STELLAR_TREASURY_SECRET, *horizon.network["channel_secrets"]]
    assert not any(secret in str(lines) for secret in secrets)


@pytest.mark.usefixtures("_network")
def test_another_network_and_no_horizon(settings: Settings) -> None:
    settings.STELLAR_NETWORK_PASSPHRASE = "Another Network ; November 2026"
    lines = looked()
    assert (lines["Horizon"].verdict, "another network" in lines["Horizon"].found) == ("fail", True)
    assert "Stellar treasury" not in lines, "what it says of accounts means nothing"
    settings.HORIZON_URL = f"http://127.0.0.1:{embedded.free_port()}"
    assert (looked()["Horizon"].verdict, bool(looked()["Horizon"].todo)) == ("fail", True)
    settings.HORIZON_URL = ""
    assert {line.name: line.verdict for line in looked().values()} == {"Stellar": "warn"}


@pytest.mark.usefixtures("_network")
def test_accounts_that_are_missing_poor_or_without_a_trust_line(
    horizon: SandboxHorizon, settings: Settings
) -> None:
    absent, poor = Keypair.random(), Keypair.random()
    account = horizon.server.load_account(horizon.wallet.public_key)
    builder = TransactionBuilder(account, horizon.passphrase, 100).set_timeout(60)
    envelope = builder.append_create_account_op(poor.public_key, "1.0050000").build()
    envelope.sign(horizon.wallet)
    horizon.submit(envelope)
    settings.STELLAR_CHANNEL_SECRETS = [poor.secret, absent.secret]
    settings.STELLAR_RECEIVING_ACCOUNT = absent.public_key
    settings.STELLAR_ASSETS = {"NONE": horizon.address("issuer")}
    lines = looked()
    assert (lines["Stellar channel 1"].verdict, lines["Stellar channel 2"].verdict) == (
        "fail",
        "fail",
    )
    assert "0.0050000" in lines["Stellar channel 1"].found
    assert "stellar_channels" in lines["Stellar channel 2"].todo
    assert lines["Stellar receiving account"].verdict == "fail"
    assert (lines["Stellar treasury"].verdict, "NONE" in lines["Stellar treasury"].found) == (
        "warn",
        True,
    )


@pytest.mark.usefixtures("_network")
def test_what_is_no_key_is_said_and_not_repeated(
    horizon: SandboxHorizon, settings: Settings
) -> None:
    settings.STELLAR_TREASURY_SECRET = "S-canary"
    settings.STELLAR_RECEIVING_ACCOUNT = horizon.treasury.secret
    lines = looked()
    assert (
        lines["STELLAR_TREASURY_SECRET"].verdict,
        lines["STELLAR_RECEIVING_ACCOUNT"].verdict,
    ) == ("fail", "fail")
    assert "Stellar treasury" not in lines
    assert "canary" not in str(lines)
    assert horizon.treasury.secret not in str(lines)
    settings.STELLAR_TREASURY_SECRET = settings.STELLAR_RECEIVING_ACCOUNT = ""
    assert [line.verdict for line in looked().values()] == ["warn", "warn", "ok"]
