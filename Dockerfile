# syntax=docker/dockerfile:1
# One image for API, worker and sweeper; the command says which. Versions are those of requirements.lock.
FROM python:3.12-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# hadolint ignore=DL3013
RUN pip install --no-cache-dir uv && uv venv /opt/venv
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
LABEL org.opencontainers.image.title="Assay" org.opencontainers.image.licenses="Apache-2.0"
# pg_dump and pg_restore of the server's version, for backups: Debian's own are older, and an older one refuses a newer server.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home assay
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["assay"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
