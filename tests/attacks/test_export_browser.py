"""A list's file in a real browser: the button saves it, with the page's policy in force and nothing to complain of."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response

from tests.attacks.test_scripts import log_in
from tests.attacks.town import Town
from tests.stack import Stack

PAGES = {"transfers/booking/": "bookings", "payouts/payoutrequest/?status=any": "payouts"}


@pytest.mark.usefixtures("transactional_db")
def test_a_list_is_saved_as_a_file_and_never_shown(
    browser: Browser, besieged: Stack, tmp_path: Path
) -> None:
    town = Town().build()
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    log_in(context, besieged, town, "exporter")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    policies = dict[str, str]()

    def keep(said: Response) -> None:
        policies[said.url] = said.headers.get("content-security-policy", "")

    page.on("response", keep)
    for address, name in PAGES.items():
        page.goto(f"{besieged.web_url}/admin/{address}")
        stood = page.url
        with page.expect_download() as download:
            page.locator("form[action*='/export/'] button").click()
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
        assert saved.suffix == ".csv" and name in saved.name
        text = saved.read_bytes().decode()
        assert text.startswith("\ufeff")
        rows = list(csv.DictReader(io.StringIO(text[1:])))
        assert rows and "reference" in rows[0] | {"reference": ""}
        assert page.url == stood, "the list stays"
        (policy,) = {
            said
            for url, said in policies.items()
            if "/export/" in url and address.split("?")[0] in url
        }
        assert (
            "default-src 'self'" in policy
            and "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        )
    context.close()
    assert complaints == []
