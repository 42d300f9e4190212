#!/usr/bin/env bash
# One visit to a GPU: correctness, then speed, then compute-sanitizer, then (asked for) a profile.
# Each step has a time limit of its own; a step that fails does not stop the next. The last lines are
# a table of what came out; logs and reports lie under $OUT (build/gpu-session).
#
#   tools/bench/gpu_session.sh [--quick] [--steps suite,decode,candidates,bench,peers,sanitizer,ncu]
#
# What it takes from the environment:
#   BUILD        the build folder (build), or one that holds attnjit, attnjit_gpu_suite,
#                attnjit_candidate_bench and libattnjit.so
#   CACHE        kernels built ahead: a folder, or a tar archive of one, e.g. made by
#                  attnjit_gpu_suite --build-only --cache-dir kernels && tar -caf kernels.tar.zst kernels
#   SUITE_S DECODE_S CANDIDATES_S BENCH_S PEERS_S SANITIZER_S NCU_S   seconds for each step
#   SUITE_ARGS PEERS_ARGS CANDIDATES                further arguments; sets of problems
set -u
cd "$(dirname "$0")/../.." || exit 1

steps=suite,bench,peers,sanitizer
quick=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=1 ;;
    --steps) steps=$2; shift ;;
    *) sed -n '2,19p' "$0"; exit 2 ;;
  esac
  shift
done

out=${OUT:-build/gpu-session}
build=${BUILD:-build}
mkdir -p "$out"
find_built() {  # PATH under the build folder, or its last part there (binaries carried alone).
  local place
  for place in "$build/$1" "$build/${1##*/}"; do
    [ -f "$place" ] && realpath "$place" && return
  done
}
suite=$(find_built tests/gpu/attnjit_gpu_suite)
tool=$(find_built tools/attnjit/attnjit)
library=$(find_built runtime/libattnjit.so)
candidates=$(find_built tools/bench/attnjit_candidate_bench)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cache=$scratch/cache
if [ -d "${CACHE:-}" ]; then
  cp -r "$CACHE" "$cache"
elif [ -f "${CACHE:-}" ]; then
  mkdir -p "$cache" && tar -xf "$CACHE" -C "$cache" --strip-components=1
else
  mkdir -p "$cache"
fi
export ATTNJIT_CACHE_DIR=$cache

summary=$out/summary.txt
: >"$summary"
results=()

# step NAME SECONDS LOG COMMAND..: runs it under its limit; the end of its log goes to the summary.
step() {
  local name=$1 limit=$2 log=$3
  shift 3
  echo "== $name (at most $limit s): $*"
  local start=$SECONDS code=0
  timeout --kill-after=10 "$limit" "$@" >>"$log" 2>&1 || code=$?
  local verdict=ok
  if [ $code -eq 124 ] || [ $code -eq 137 ]; then
    verdict="out of time"
  elif [ $code -ne 0 ]; then
    verdict="failed ($code)"
  fi
  results+=("$(printf '%-22s %-14s %4d s  %s' "$name" "$verdict" $((SECONDS - start)) \
    "$(tail -n 1 "$log" | cut -c1-90)")")
  tail -n 45 "$log" | cut -c1-200
}

wanted() { case ",$steps," in *",$1,"*) return 0 ;; esac; return 1; }
missing() { results+=("$(printf '%-22s %s' "$1" "not run: no $2")"); }

nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,power.limit --format=csv,noheader \
  2>/dev/null | tee -a "$summary"

if wanted suite; then
  if [ -n "$suite" ]; then
    limit=${SUITE_S:-200}
    # shellcheck disable=SC2086
    step correctness "$limit" "$out/suite.log" "$suite" --json "$out/suite.json" \
      --time-budget $((limit - 15)) ${quick:+--limit 600} ${SUITE_ARGS:-}
  else
    missing correctness attnjit_gpu_suite
  fi
fi

if wanted decode; then  # Few queries: right first, then beside the peers.
  limit=${DECODE_S:-180}
  if [ -n "$suite" ]; then
    step decode-suite $((limit / 2)) "$out/decode-suite.log" "$suite" --filter decode/ \
      --json "$out/decode-suite.json" --time-budget $((limit / 2 - 10)) ${quick:+--limit 200}
  else
    missing decode-suite attnjit_gpu_suite
  fi
  if [ -n "$library" ]; then
    step decode-peers $((limit / 2)) "$scratch/decode.log" python3 tools/bench/peers.py --decode \
      --lib "$library" --cache-dir "$cache" --out "$out/decode" --backends attnjit,cudnn,fa2 \
      --iterations 15 --time-budget $((limit / 2 - 10))
  else
    missing decode-peers libattnjit.so
  fi
fi

if wanted candidates; then
  if [ -n "$candidates" ]; then
    # shellcheck disable=SC2086
    step candidates "${CANDIDATES_S:-90}" "$out/candidates.log" "$candidates" \
      ${CANDIDATES:-decode short}
  else
    missing candidates attnjit_candidate_bench
  fi
fi

if wanted bench; then
  if [ -n "$tool" ]; then
    step bench "${BENCH_S:-60}" "$out/bench.log" "$tool" bench \
      workload:llama3_8b workload:qwen3_next workload:whisper_large_encoder \
      workload:deepseek_v3_prefill workload:gemma2_27b_local ${quick:+--iters 10}
  else
    missing bench attnjit
  fi
fi

if wanted peers; then
  if [ -n "$library" ]; then
    limit=${PEERS_S:-200}
    # shellcheck disable=SC2086
    step peers "$limit" "$scratch/peers.log" python3 tools/bench/peers.py --lib "$library" \
      --cache-dir "$cache" --out "$out/peers" --time-budget $((limit - 20)) ${quick:+--quick} \
      ${PEERS_ARGS:-}
  else
    missing peers libattnjit.so
  fi
fi

# Few, small cases: memcheck slows a kernel 10 to 100 times, racecheck more.
sanitize() {
  local name=$1 limit=$2
  shift 2
  step "$name" "$limit" "$out/tools.log" compute-sanitizer --tool "$name" --error-exitcode 9 \
    --print-limit 20 "$suite" --in-process --threads 1 --hang-timeout 0 \
    --time-budget $((limit * 2 / 3)) "$@"
}
if wanted sanitizer; then
  if [ -z "$suite" ]; then
    missing sanitizer attnjit_gpu_suite
  elif ! command -v compute-sanitizer >/dev/null; then
    missing sanitizer compute-sanitizer
  else
    limit=${SANITIZER_S:-150}
    sanitize memcheck $((limit / 2)) --filter nan/,empty/,outputs/,heads/,decode/ --limit 40
    sanitize racecheck $((limit / 2)) --filter outputs/,heads/,decode/ --limit 16
  fi
fi

if wanted ncu; then
  if [ -n "$tool" ] && command -v ncu >/dev/null; then
    step ncu "${NCU_S:-120}" "$out/tools.log" ncu --clock-control none --set full --launch-skip 5 \
      --launch-count 1 --kernel-name 'regex:^fwd_' "$tool" bench \
      '{"head_dim":128,"dtype":"bf16","mask":"none","heads":{"q":16,"kv":16}}' \
      --problem "prefill 2x8192" --iters 1
  else
    missing ncu "attnjit or ncu"
  fi
fi

{
  echo
  printf '%s\n' "${results[@]:-nothing was asked for}"
} | tee -a "$summary"
case "${results[*]:-}" in *failed*|*"not run"*) exit 1 ;; esac
