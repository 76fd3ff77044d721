#!/bin/sh
# tee.sh PROGRAM ARGS...: runs a program with a private TEE that has all the Trusty apps.
cd "$(dirname "$0")/../.." || exit 1
export XDG_CONFIG_HOME="${POSTERN_TEST_CONFIG:-$PWD/out/config}"
uuid=5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a
exec out/bin/postern run --app out/apps/${uuid}01.ta --app out/apps/${uuid}02.ta \
    --app out/apps/${uuid}03.ta --app out/apps/${uuid}11.ta --app out/apps/${uuid}12.ta \
    --app out/apps/${uuid}13.ta --app out/apps/${uuid}14.ta -- "$@"
