#!/bin/sh
# Services made with lib/tipc.
exec "$(dirname "$0")/tee.sh" out/tests/trusty/library
