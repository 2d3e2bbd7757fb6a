"""What callers may send: strict serializers, which mirror every constraint of the tables behind them.

A field that a call does not know is refused, as Stripe does: a misspelt `user_ids` must not become Pay All.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from api.fields import AmountText, CurrencyField, MoneyAmount

MOST_PEOPLE = 10_000
# C0, DEL, C1, line and paragraph separators, what turns the direction of writing around, lone surrogates: none of
# them is part of a name, and some would make one name look like another.
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_LINES = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses members that it does not declare: code `unknown_field`."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = self.fields
            unknown = [str(name)[:100] for name in data if name not in known]
            if unknown:
                refusal = [ErrorDetail("There is no such field.", code="unknown_field")]
                raise ValidationError({_printable(name): refusal for name in unknown[:20]})
        return super().to_internal_value(data)


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


class Text(serializers.CharField):
    """A string of one line: other JSON types and control characters are refused, outer blanks are dropped."""

    forbidden: ClassVar["re.Pattern[str]"] = _NOT_TEXT
    default_error_messages = {
        "control_characters": "Control characters are not allowed here.",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.forbidden.search(data):
            self.fail("control_characters")
        return super().to_internal_value(data)


class Prose(Text):
    """Text of several lines."""

    forbidden = _NOT_LINES


class PersonId(Text):
    """The caller's own id of a person. Integers become strings; a comma would split a list of ids in a query."""

    default_error_messages = {"comma": "An id has no comma."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, int) and not isinstance(data, bool):
            data = str(data)
        value = super().to_internal_value(data)
        if "," in value:
            self.fail("comma")
        return value


class Reference(Text):
    """A booking's own name. It is one segment of an address, so it has no slash and is not `.` or `..`."""

    default_error_messages = {"not_in_a_path": "A reference has no slash and is not . or .. ."}

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if "/" in value or value in (".", ".."):
            self.fail("not_in_a_path")
        return value


class NewCrewMemberBody(StrictSerializer):
    """A person on a new booking, what they are owed, and the connected account it goes to."""

    user_id = PersonId(help_text="Your id of this person; unique on the booking.")
    name = Text(max_length=200)
    role = Text(max_length=64)
    amount = MoneyAmount()
    currency = CurrencyField(max_length=70)
    stripe_account = serializers.RegexField(
        r"^[\x21-\x7e]+$",
        max_length=128,
        help_text="The connected account, such as acct_1032D82eZ.",
    )

    def validate_currency(self, code: str) -> str:
        """Stripe pays national currencies only."""
        if len(code) != 3 or code == "XLM":
            raise ValidationError(f"{code} is not paid through Stripe.", code="unknown_currency")
        return code


class NewBooking(StrictSerializer):
    """A job and its crew."""

    reference = Reference(max_length=64, help_text="Your name for the booking; unique.")
    customer_name = Text(max_length=200)
    crew: "serializers.ListSerializer[Any]" = serializers.ListSerializer(
        child=NewCrewMemberBody(), allow_empty=False, max_length=MOST_PEOPLE
    )


class BulkTransfers(StrictSerializer):
    """Whom to pay. Without `user_ids`: everybody who has not been paid."""

    user_ids = serializers.ListField(
        child=PersonId(),
        required=False,
        allow_empty=False,
        max_length=MOST_PEOPLE,
        help_text="Leave it out for Pay All; an empty list is refused, so that it cannot mean everybody.",
    )
    preview_token = Text(
        max_length=128, required=False, help_text="Pay only if the preview still holds."
    )


class Reversal(StrictSerializer):
    """How much to take back, and why."""

    amount = AmountText(required=False, help_text="Default: all that is left.")
    currency = CurrencyField(max_length=70, required=False, help_text="If given, the transfer's.")
    reason = Prose(max_length=500)


class Nothing(StrictSerializer):
    """The call takes no members."""


class BookingClosed(StrictSerializer):
    """Why, and what the caller believes it decides about."""

    reason = Prose(max_length=1000, required=False, allow_blank=True, default="")
    expected_version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="As If-Match."
    )


class BookingCancellation(BookingClosed):
    """The same with a reason that must be given."""

    reason = Prose(max_length=1000)


class Resolution(StrictSerializer):
    """What a person found out."""

    resolution = Text(max_length=64, help_text="In a word, such as paid_by_hand.")
    note = Prose(max_length=2000)


def checked(body: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """The request's body, validated. A body that is not there counts as `{}`. Raises ValidationError (422)."""
    refuse_query(request)
    serializer = body(data=request.data)
    serializer.is_valid(raise_exception=True)
    return cast("dict[str, Any]", serializer.validated_data)


def refuse_query(request: Request) -> None:
    """For calls that take no query parameters. Raises ValidationError (422)."""
    if request.query_params:
        Nothing(data=request.query_params.dict()).is_valid(raise_exception=True)
