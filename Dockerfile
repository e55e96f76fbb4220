# The workflow as a BIDS App: docker run --rm --network none -v …:/data:ro -v …:/out cpimaging /data /out participant
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE constraints.txt Snakefile ./
COPY cpimaging cpimaging
COPY snakemake_logger_plugin_cpimaging snakemake_logger_plugin_cpimaging
COPY workflow workflow
COPY profiles profiles
COPY config config
RUN python -m venv /opt/cpimaging \
    && /opt/cpimaging/bin/pip install --no-cache-dir --constraint constraints.txt '.[slurm]'

FROM python:3.11-slim-bookworm
COPY --from=build /opt/cpimaging /opt/cpimaging
# Any user may run it: what is made once (the atlas) goes where everybody may write.
ENV PATH=/opt/cpimaging/bin:$PATH \
    XDG_CACHE_HOME=/tmp/cache \
    CPIMAGING_CACHE=/tmp/cache/cpimaging
RUN useradd --create-home --uid 1000 cpimaging
USER 1000
WORKDIR /tmp
ENTRYPOINT ["cpimaging"]
