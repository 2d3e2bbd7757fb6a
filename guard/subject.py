"""How audit entries and URLs name an object: "transfer:12", "payout:47828"."""

from django.db import models


def subject_type(model: type[models.Model]) -> str:
    """The noun of a model: its `subject_type` attribute, else its name in lower case."""
    return str(getattr(model, "subject_type", model._meta.model_name))


def subject_of(model: type[models.Model], pk: int) -> str:
    """One row as "noun:id"."""
    return f"{subject_type(model)}:{pk}"
