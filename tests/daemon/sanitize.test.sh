#!/bin/bash
# The daemon under AddressSanitizer and UndefinedBehaviorSanitizer.
export LOAD_SECONDS="${LOAD_SECONDS:-10}"
exec tests/daemon/run.sh sanitize memory policy cancel codes protocol hostile packages supplicant load
