#!/bin/sh
# One app that serves GlobalPlatform sessions and Trusty ports at once.
exec "$(dirname "$0")/tee.sh" out/tests/trusty/together
