# The service as a container: the packages from wheels with known hashes, an unprivileged user, a root file system that
# may be read-only. The database is brought to the newest schema by the command `migrate`, never at start.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /build
COPY requirements/run.txt ./
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile \
    --require-hashes --only-binary :all: -r run.txt \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib
# The command without a build of the package: the code lies beside its migrations and flows, in the working folder.
RUN printf '%s\n' '#!/opt/venv/bin/python' 'from app.cli import run' 'run()' > /opt/venv/bin/partnerline \
 && chmod 0755 /opt/venv/bin/partnerline

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Partnerline" \
      org.opencontainers.image.description="A phone-support router for partners"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv/partnerline \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /srv/partnerline
# The one place that is written to: where the settings' defaults point.
RUN install -d -o 10001 -g 10001 -m 0750 var
COPY --from=packages /opt/venv /opt/venv
COPY migrations ./migrations
COPY ivr_flows ./ivr_flows
COPY app ./app
RUN python -m compileall -q app

# A number, so that a cluster can see that it is not root.
USER 10001:10001
VOLUME /srv/partnerline/var
EXPOSE 8000
STOPSIGNAL SIGTERM
# No proxy: the service is asked itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener as o; o(ProxyHandler({})).open('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["partnerline"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
