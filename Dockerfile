# Serves a collection: /data keeps it, /models the networks, and /pictures is only ever read.
#
#     docker build --tag lookalike .
#     docker run --read-only --tmpfs /tmp --env LOOKALIKE_PASSWORD --publish 127.0.0.1:8177:8177 \
#         --volume lookalike-data:/data --volume "$HOME/Pictures:/pictures:ro" lookalike

FROM node:22.21.1-bookworm-slim AS page
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.11.14-slim-bookworm AS program
WORKDIR /build
RUN python -m venv /opt/lookalike
COPY requirements/core.txt requirements/
RUN /opt/lookalike/bin/pip install --no-cache-dir --require-hashes --requirement requirements/core.txt
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
COPY --from=page /build/src/lookalike/api/page/ src/lookalike/api/page/
RUN pip wheel --no-cache-dir --no-deps --wheel-dir wheels .
RUN /opt/lookalike/bin/pip install --no-cache-dir --no-deps wheels/*.whl

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin lookalike \
    && install --directory --owner=lookalike --group=lookalike /data /models /pictures
COPY --from=program /opt/lookalike /opt/lookalike
ENV PATH=/opt/lookalike/bin:$PATH \
    LOOKALIKE_COLLECTION=/data/collection \
    LOOKALIKE_MODELS=/models \
    NUMBA_CACHE_DIR=/tmp/numba
USER lookalike
VOLUME ["/data", "/models"]
EXPOSE 8177
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8177/healthz', timeout=4)"]
ENTRYPOINT ["lookalike"]
# Others reach this address, so the server starts only with LOOKALIKE_PASSWORD or LOOKALIKE_TOKEN.
CMD ["serve", "/pictures", "--host", "0.0.0.0", "--port", "8177", "--no-open"]
