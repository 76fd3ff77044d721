#!/bin/bash
# The daemon under AddressSanitizer and UndefinedBehaviorSanitizer.
export LOAD_SECONDS="${LOAD_SECONDS:-10}"
# Not `packages`: it counts mappings, and the sanitizer has its own.
exec tests/daemon/run.sh sanitize memory policy cancel codes protocol hostile supplicant load
