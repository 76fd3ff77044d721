#!/bin/sh
# The gate from the normal world.
exec "$(dirname "$0")/tee.sh" out/tests/trusty/outside
