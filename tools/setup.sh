#!/usr/bin/env bash
# Installs what building attnjit needs on a bare Debian 12 or Ubuntu 24.04, and finds NVRTC.
#
# Sourced by demo.sh and test.sh; running it alone is fine too. It installs only what is missing, so a
# second run takes no time. NVRTC comes from an installed CUDA toolkit (12.8 and up), else from the
# pinned PyPI wheel, unpacked under build/nvrtc; no CUDA header is needed.
set -euo pipefail

ATTNJIT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ATTNJIT_BUILD=${ATTNJIT_BUILD:-$ATTNJIT_ROOT/build/release}
ATTNJIT_NVRTC_WHEEL=nvidia-cuda-nvrtc==13.0.88

# Package and the file that shows that it is there, whatever way it was installed.
attnjit_missing_packages() {
  local package file
  while read -r package file; do
    compgen -G "$file" >/dev/null || echo "$package"
  done <<'PACKAGES'
g++ /usr/bin/g++
cmake /usr/bin/cmake
ninja-build /usr/bin/ninja
python3 /usr/bin/python3
llvm-dev /usr/lib/llvm-*/lib/cmake/llvm/LLVMConfig.cmake
nlohmann-json3-dev /usr/include/nlohmann/json.hpp
libgtest-dev /usr/include/gtest/gtest.h
libgmock-dev /usr/include/gmock/gmock.h
libbenchmark-dev /usr/include/benchmark/benchmark.h
libcli11-dev /usr/include/CLI/CLI.hpp
libzstd-dev /usr/include/zstd.h
libarchive-dev /usr/include/archive.h
libsodium-dev /usr/include/sodium.h
libcurl4-openssl-dev /usr/include/*/curl/curl.h
zlib1g-dev /usr/include/zlib.h
libz3-dev /usr/include/z3.h
libxml2-dev /usr/include/libxml2/libxml/tree.h
libtinfo-dev /usr/lib/*/libtinfo.so
pkg-config /usr/bin/pkg-config
nginx-extras /usr/sbin/nginx
python3-jsonschema /usr/lib/python3/dist-packages/jsonschema
PACKAGES
}

attnjit_install_packages() {
  local missing sudo=
  missing=$(attnjit_missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "setup: these packages are missing; install them as root and run this again:" $missing >&2
      return 1
    }
    sudo=sudo
  fi
  echo "setup: installing" $missing
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -qq
  # shellcheck disable=SC2086
  $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# A toolkit's NVRTC, if there is one: attnjit looks in the same places (runtime/compiler.h).
attnjit_has_nvrtc() {
  local dir
  for dir in "${CUDA_HOME:-/nonexistent}/lib64" /usr/local/cuda/lib64; do
    compgen -G "$dir/libnvrtc.so.1[23]" >/dev/null && return 0
  done
  ldconfig -p 2>/dev/null | grep -q 'libnvrtc\.so\.1[23]'
}

# A wheel is a zip file, and needs no pip to unpack; pip is what fetches it.
attnjit_install_nvrtc() {
  local dir=$ATTNJIT_ROOT/build/nvrtc
  if [ -n "${ATTNJIT_NVRTC:-}" ] || attnjit_has_nvrtc; then return 0; fi
  if ! compgen -G "$dir/nvidia/*/lib/libnvrtc.so.1[23]" >/dev/null; then
    echo "setup: no CUDA toolkit here, fetching $ATTNJIT_NVRTC_WHEEL"
    local venv=$ATTNJIT_ROOT/build/venv
    if ! python3 -m pip --version >/dev/null 2>&1; then
      [ -x "$venv/bin/pip" ] || {
        attnjit_apt_venv
        python3 -m venv "$venv"
      }
      PATH=$venv/bin:$PATH
    fi
    mkdir -p "$dir.tmp"
    python3 -m pip download -q --no-deps --only-binary=:all: -d "$dir.tmp" "$ATTNJIT_NVRTC_WHEEL"
    python3 -m zipfile -e "$dir.tmp"/nvidia_cuda_nvrtc-*.whl "$dir"
    rm -rf "$dir.tmp"
  fi
}

attnjit_apt_venv() {
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}

# attnjit_build TARGET..: configures once and builds.
attnjit_build() {
  local options=(-DCMAKE_BUILD_TYPE=Release)
  local llvm
  llvm=$(compgen -G '/usr/lib/llvm-*/lib/cmake/llvm/LLVMConfig.cmake' | sort -V | head -1)
  options+=("-DLLVM_DIR=$(dirname "$llvm")")
  if compgen -G "$ATTNJIT_ROOT/build/nvrtc/nvidia/*/lib" >/dev/null; then
    options+=("-DATTNJIT_NVRTC_DEFAULT_DIR=$ATTNJIT_ROOT/build/nvrtc")
  fi
  command -v ccache >/dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  [ -f "$ATTNJIT_BUILD/build.ninja" ] ||
    cmake -S "$ATTNJIT_ROOT" -B "$ATTNJIT_BUILD" -G Ninja "${options[@]}" >/dev/null
  cmake --build "$ATTNJIT_BUILD" --target "$@"
}

attnjit_install_packages
attnjit_install_nvrtc
