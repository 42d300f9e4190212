#!/usr/bin/env bash
# Sets up, builds and runs every test that this machine can run. Tests that need a GPU say that they
# are skipped. Arguments go to ctest.
set -euo pipefail
. "$(dirname "$0")/setup.sh"
attnjit_build all
cd "$ATTNJIT_BUILD"
exec ctest --output-on-failure -j "$(nproc)" "$@"
