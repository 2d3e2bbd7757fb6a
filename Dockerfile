# syntax=docker/dockerfile:1
# One image for web, worker, scheduler and schema; a second target is the rails' stand-in, for trying out only.
FROM python:3.11-slim-bookworm AS build
ARG OBSERVE=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
# Wheels only, each with its hash: nothing is compiled and nothing else can be installed.
COPY requirements.lock requirements-observe.lock ./
RUN /venv/bin/pip install --only-binary :all: --require-hashes -r requirements.lock \
    && if [ -n "$OBSERVE" ]; then \
         /venv/bin/pip install --only-binary :all: --require-hashes -r requirements-observe.lock; \
       fi \
    && /venv/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm AS base
RUN groupadd --system --gid 10001 paidonce \
    && useradd --system --uid 10001 --gid paidonce --no-create-home --shell /usr/sbin/nologin paidonce
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=payouts_site.settings \
    PAIDONCE_SERVICES_FILE=/dev/null
WORKDIR /app

FROM base AS sandbox
COPY sandbox sandbox
RUN mkdir /books && chown paidonce:paidonce /books
VOLUME /books
USER paidonce
EXPOSE 12111 12112
CMD ["python", "-m", "sandbox", "--host", "0.0.0.0", "--port", "12111", "--wise-port", "12112", "--data-dir", "/books"]

FROM base AS product
COPY . .
# The settings want their variables; nothing of them stays in the image.
RUN rm -rf sandbox \
    && python -m compileall -q /app \
    && DEBUG=true DATABASE_URL=postgres://build@localhost/build SECRET_KEY=build \
       python manage.py collectstatic --noinput --verbosity 0
USER paidonce
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "python:payouts_site.gunicorn", "--bind", "0.0.0.0:8000", "payouts_site.wsgi:application"]
