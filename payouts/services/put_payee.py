"""Write down who somebody is, or correct it. What is known of them (KYC) is another verb."""

from django.db import IntegrityError, transaction

from access.regions import Regions
from audit.actor import Actor
from audit.record import Note, record
from guard.belief import require_version
from guard.door import change_in_place
from guard.errors import Conflicted, NotFound
from payouts.models import Payee
from payouts.regions import check_region


def put_payee(
    *,
    external_id: str,
    name: str,
    region: str,
    email: str = "",
    actor: Actor,
    expected_version: int | None = None,
    regions: Regions = None,
) -> tuple[Payee, bool]:
    """Create or replace; the payee and whether it is new. Own transaction.

    Two at the same moment make one payee. Raises Conflicted (409) when it changed while this was written, or is not at
    `expected_version`; NotFound when there is nobody who could be at a version. `regions`: those that the caller is
    held to; NotFound for a payee of another, PermissionDenied (403) for moving one there.
    """
    check_region(region, regions)
    with transaction.atomic():
        payee, created = find_or_create_payee(
            external_id, name, region, email, actor=actor, regions=regions
        )
        if expected_version is not None:
            if created:
                raise NotFound(f"There is no payee {external_id}.")
            require_version(payee, expected_version)
        wanted = {"name": name, "region": region, "email": email}
        before = {key: getattr(payee, key) for key in wanted}
        if created or wanted == before:
            return payee, created
        won = change_in_place(
            Payee,
            payee.pk,
            status=payee.status,
            version=payee.version if expected_version is None else expected_version,
            action="updated",
            actor=actor,
            changes=wanted,
            snapshot={"changed": [key for key in wanted if wanted[key] != before[key]]},
        )
    if won is None:
        require_version(Payee.objects.get(pk=payee.pk), expected_version)
        raise Conflicted(f"Payee {external_id} was changed by somebody else at the same moment.")
    return Payee.objects.get(pk=payee.pk), False


def find_or_create_payee(
    external_id: str,
    name: str,
    region: str,
    email: str,
    *,
    actor: Actor,
    regions: Regions = None,
) -> tuple[Payee, bool]:
    """The payee of that id, made with these values if there is none, in the caller's transaction.

    Raises NotFound and PermissionDenied for callers who are held to `regions`.
    """
    payee = Payee.objects.filter(external_id=external_id).first()
    if payee is not None:
        check_region(payee.region, regions, known=external_id)
        return payee, False
    check_region(region, regions)
    try:
        with transaction.atomic():
            payee = Payee.objects.create(
                external_id=external_id, name=name, region=region, email=email
            )
    except IntegrityError:
        payee = Payee.objects.get(external_id=external_id)
        check_region(payee.region, regions, known=external_id)
        return payee, False
    record(
        Note(
            f"payee:{payee.pk}",
            "payee.created",
            actor,
            new_status=payee.status,
            snapshot={"external_id": external_id, "region": region},
        )
    )
    return payee, True
