#!/usr/bin/env bash
# The workflow's steps on one machine: prewarm in shards, export signed, import, serve from a read-only
# layer without compiling. Needs NVRTC for the first step alone.
set -euo pipefail
attnjit=$(realpath "${1:?usage: try.sh PATH_OF_ATTNJIT}")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

"$attnjit" cache keygen kernels
for shard in 1 2; do
  "$attnjit" prewarm "$here/manifest.json" --shard $shard/2 --cache-dir cache-$shard
  "$attnjit" cache export kernels-$shard.tar.zst --sign kernels --cache-dir cache-$shard
done
"$attnjit" cache import kernels-*.tar.zst --verify-key kernels.pub --cache-dir layer
chmod -R a-w layer

unset ATTNJIT_CACHE_DIR
export ATTNJIT_CACHE_LAYERS=$work/layer ATTNJIT_JIT=never ATTNJIT_NVRTC=$work/none HOME=$work
"$attnjit" build '{"head_dim": 64, "dtype": "fp16"}' --arch sm_80,sm_90a
if "$attnjit" build '{"head_dim": 72, "dtype": "fp16"}' --arch sm_80; then
  echo "a kernel that is in no bundle was served" >&2
  exit 1
fi
echo "served from the bundle alone; what was not in it was refused"
