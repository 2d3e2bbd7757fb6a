"""Questions to the broker, each answered within a second whatever state it is in."""

from typing import Any, Final

import redis
from celery import current_app
from django.conf import settings
from kombu import Connection
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS: Final = 0.5
# Celery's own name for the queue that nobody named.
QUEUE: Final = "celery"


def address() -> str:
    """BROKER_URL, or REDIS_URL where there is none. It holds a password: never show it."""
    return str(settings.BROKER_URL or settings.REDIS_URL)


def is_redis() -> bool:
    """Redis or Valkey, as opposed to RabbitMQ."""
    return address().startswith(("redis:", "rediss:", "unix:"))


def redis_client() -> redis.Redis:
    """A client that gives up soon and tries once. The caller closes it."""
    return redis.Redis.from_url(
        address(),
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def ping() -> None:
    """Raises RedisError, AMQPError or OSError when the broker is not there."""
    if is_redis():
        client = redis_client()
        try:
            client.ping()
        finally:
            client.close()
        return
    with _amqp() as connection:
        connection.connect()


def queue_depth() -> int:
    """Messages that wait. Raises as `ping`."""
    if is_redis():
        client = redis_client()
        try:
            return int(client.llen(QUEUE))
        finally:
            client.close()
    with _amqp() as connection:
        channel: Any = connection.channel()
        return int(channel.queue_declare(QUEUE, passive=True).message_count)


def _amqp() -> Connection:
    timeouts = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), TIMEOUT_SECONDS)
    connection: Connection = current_app.connection_for_write(
        address(), connect_timeout=TIMEOUT_SECONDS, transport_options=timeouts
    )
    return connection
