#!/bin/sh
# The API from inside an app: the prober's cases.
exec "$(dirname "$0")/tee.sh" out/tests/trusty/probe
