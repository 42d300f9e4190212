#!/usr/bin/env bash
# From a JSON spec to a running kernel: one workload, each step shown.
#
#   tools/demo.sh [WORKLOAD]      a name from tests/workloads/workloads.json; llama3_8b if none
set -euo pipefail
. "$(dirname "$0")/setup.sh"
attnjit_build attnjit_tool
attnjit=$ATTNJIT_BUILD/tools/attnjit/attnjit
spec=workload:${1:-llama3_8b}
export ATTNJIT_CACHE_DIR=${ATTNJIT_CACHE_DIR:-$ATTNJIT_ROOT/build/demo-cache}

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "1. What is asked for, and the plan made for it"
"$attnjit" explain "$spec"
source=$ATTNJIT_ROOT/build/demo.cu
"$attnjit" emit "$spec" -o "$source"
step "2. The CUDA source: $(wc -l <"$source") lines, one translation unit"
head -3 "$source"
step "3. Compiled into the cache"
"$attnjit" build "$spec"
step "4. Asked for again"
"$attnjit" build "$spec"
step "5. Run against the fp64 reference: on the GPU, or on an emulated one where there is none"
"$attnjit" check "$spec"
