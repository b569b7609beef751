# syntax=docker/dockerfile:1
# One image for API, worker, sweeper and the one-off tasks; the command says which. Versions are those of requirements.lock.
# tests/deploy/test_image_steps.py carries out these very steps without an engine.
FROM python:3.12-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9 && uv venv /opt/venv
COPY pyproject.toml requirements.lock README.md ./
COPY src/assay/__init__.py src/assay/__init__.py
RUN uv pip install --python /opt/venv/bin/python --constraint requirements.lock hatchling editables \
    && uv pip install --python /opt/venv/bin/python --constraint requirements.lock --no-build-isolation .
COPY src src
COPY alembic.ini ./
COPY migrations migrations
COPY seeds seeds
RUN uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation --editable .

FROM python:3.12-slim-bookworm
ARG VERSION=0.0.0 REVISION=unknown
LABEL org.opencontainers.image.title="Assay" \
      org.opencontainers.image.description="Assessments that prove their scores and recommend micro-credentials with their sources." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# pg_dump and pg_restore of the server's version, for backups: Debian's own are older, and an older one refuses a newer server.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin assay
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ASSAY_METRICS_PORT=9100 ASSAY_METRICS_HOST=0.0.0.0
WORKDIR /app
USER 10001
# 8000 the API with its /metrics; 9100 the metrics of worker and sweeper. Nothing is written but to /tmp.
EXPOSE 8000 9100
# Each process is number one in its container and ends by itself when told: the API after what it is answering, a worker with its jobs handed back.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["assay"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
