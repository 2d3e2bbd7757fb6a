"""The table of the naive yardstick: a transfer's columns and indexes with no trigger, no guard and no audit."""

from typing import ClassVar

from django.db import models


class NaiveTransfer(models.Model):
    """Made by `bench.http` as a copy of the product's table (LIKE … INCLUDING ALL brings no triggers)."""

    debt_key = models.UUIDField()
    source_type = models.CharField(max_length=16)
    source_id = models.BigIntegerField()
    source_reference = models.CharField(max_length=64)
    user_id = models.CharField(max_length=64)
    payee_name = models.CharField(max_length=200)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=70)
    rail = models.CharField(max_length=16)
    destination = models.CharField(max_length=128)
    status = models.CharField(max_length=16)
    version = models.PositiveIntegerField()
    outcome_unknown = models.BooleanField()
    failure_code = models.CharField(max_length=64)
    failure_message = models.TextField()
    rail_reference = models.CharField(max_length=128)
    reversed_minor = models.BigIntegerField()
    attempt_count = models.PositiveIntegerField()
    due_at = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["NaiveTransfer"]] = models.Manager()

    class Meta:
        managed = False
        db_table = "bench_naive_transfer"

    def __str__(self) -> str:
        return f"{self.source_reference} {self.user_id}"
