"""The base of every model whose status changes only through the door.

django-fsm's own mixin lets `refresh_from_db` write a protected status by switching the protection off *on the class*:
of several threads that refresh at once some raised AttributeError (seen with 16 concurrent Pay All), and a refresh
that fails leaves it off for the whole process. Here only the one object that is read again forgets its status.
"""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django_fsm import FSMFieldMixin


class GuardedModel(models.Model):
    """Abstract. Reading again is the only way a status in memory changes."""

    class Meta:
        abstract = True

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        """As Django's; a row that is gone leaves the object as it was."""
        if fields is None:
            self._prefetched_objects_cache: dict[str, Any] = {}
            deferred = self.get_deferred_fields()
            columns = [field.attname for field in self._meta.concrete_fields]
            fields = [column for column in columns if column not in deferred]
        fields = list(fields)
        statuses = [f.attname for f in self._meta.concrete_fields if isinstance(f, FSMFieldMixin)]
        # The field's descriptor lets a status in that the object does not have yet.
        known = {
            name: self.__dict__.pop(name)
            for name in statuses
            if name in fields and name in self.__dict__
        }
        try:
            super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        except BaseException:
            self.__dict__.update(known)
            raise
