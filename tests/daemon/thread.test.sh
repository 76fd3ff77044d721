#!/bin/bash
# The daemon under ThreadSanitizer: many clients, deaths, cancellation at once.
export LOAD_SECONDS="${LOAD_SECONDS:-10}"
exec tests/daemon/run.sh thread load cancel hostile death
