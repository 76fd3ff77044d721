# shellcheck shell=bash
# The Trusty part of `make demo`; sourced by apps/demo/demo.sh, whose functions it uses.
title "echo: the Trusty document's service, from Linux and from another app"
run --app out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a01.ta -- \
    out/apps/echo-client "Hello over Trusty IPC" "and again"
run --app out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a01.ta \
    --app out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a02.ta -- \
    out/apps/echo-client --service com.postern.echo.client run
