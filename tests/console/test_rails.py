"""The rails on the overview: who may pause and resume one, and what everybody sees meanwhile."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from audit.models import Entry
from tests.console.conftest import Open
from tests.factories import ALICE
from transfers.models import RailSwitch
from transfers.services.pause_rail import pause_rail

PAUSE, RESUME = (f"/admin/transfers/railswitch/stripe/{verb}/" for verb in ("pause", "resume"))


def text(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def test_the_overview_pauses_and_resumes_a_rail(at: Open) -> None:
    boss = at("super_admin")
    assert PAUSE in text(boss.get("/admin/"))
    assert "Pause Stripe?" in text(boss.get(PAUSE))
    assert not RailSwitch.objects.exists()
    assert boss.post(PAUSE, {"reason": " "}).status_code == 422
    answer = boss.post(PAUSE, {"reason": "odd answers <b>"}, follow=True)
    page = text(answer)
    assert "Stripe is paused" in page and "odd answers &lt;b&gt;" in page
    assert RESUME in page and PAUSE not in page
    again = boss.post(PAUSE, {"reason": "x"})
    assert again.status_code == 409 and "It changed since you looked" in text(again)
    assert "Stripe is open again" in text(boss.post(RESUME, {"reason": "well"}, follow=True))
    assert RailSwitch.objects.get().status == "open"
    assert boss.get("/admin/transfers/railswitch/").status_code == 200


def test_an_operator_stops_it_and_does_not_let_it_go(at: Open) -> None:
    operator = at("operator")
    assert operator.post(PAUSE, {"reason": "odd"}).status_code == 302
    assert RESUME not in text(operator.get("/admin/"))
    assert operator.post(RESUME, {"reason": "well"}).status_code == 403
    assert RailSwitch.objects.get().status == "paused"
    assert Entry.objects.filter(action="rail.resume", outcome="denied").count() == 1


def test_an_auditor_sees_it_and_turns_nothing(at: Open) -> None:
    auditor = at("auditor")
    pause_rail(rail="all", reason="restored from a backup", actor=ALICE)
    page = text(auditor.get("/admin/"))
    assert "restored from a backup" in page and "railswitch" not in page.split("<main")[-1]
    assert auditor.get(PAUSE).status_code == 403
    assert auditor.post(PAUSE, {"reason": "x"}).status_code == 403
    assert at("super_admin").get("/admin/transfers/railswitch/all/resume/").status_code == 404
