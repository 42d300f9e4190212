// What the files of the C interface share: the objects behind its handles, and the way in and out.
#ifndef ATTNJIT_RUNTIME_CAPI_INTERNAL_H_
#define ATTNJIT_RUNTIME_CAPI_INTERNAL_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "attnjit/attnjit.h"
#include "runtime/async_queue.h"
#include "runtime/capi_error.h"
#include "runtime/engine.h"
#include "runtime/kernel_stripes.h"
#include "runtime/spec_cache.h"

struct attnjit_engine {
  std::unique_ptr<attnjit::Engine> engine;
  attnjit::SpecCache specs;
  attnjit::KernelStripes prepared;
  attnjit_callbacks callbacks = {};
  std::unique_ptr<attnjit::AsyncQueue> queue;  ///< Last: its tasks use the others.
};

struct attnjit_kernel {
  std::shared_ptr<const attnjit::Kernel> kernel;      ///< Null: built, not prepared for a device.
  std::unique_ptr<const attnjit::BuildResult> built;  ///< Where kernel is null.
  attnjit::Layout layout = attnjit::Layout::kBshd;    ///< The request's.
  int32_t device = 0;
  attnjit_callbacks callbacks = {};  ///< The engine's, which may have ended.

  const attnjit::BuildResult& result() const { return kernel ? kernel->build() : *built; }

  // Made when first asked for: preparing again has to be fast.
  mutable std::once_flag key_once, info_once;
  mutable std::string key, info;
};

struct attnjit_text {
  std::string text;
};

namespace attnjit {

/// Runs `body`, whose exceptions become errors; *error is null on success.
template <typename Body>
attnjit_status Guard(attnjit_error** error, Body body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return body();
  } catch (...) {
    return ReportException(error);
  }
}

inline constexpr char kBadStructSize[] =
    "struct_size must be sizeof of the struct, as attnjit.h has it; it is smaller than version 1's";
inline constexpr char kNewerStruct[] =
    "a field after the ones this library knows is set: the program was compiled for a newer "
    "attnjit; install that version";

// Sizes of the structs in the first version of the interface.
constexpr size_t FirstSize(const attnjit_engine_options*) { return 40; }
constexpr size_t FirstSize(const attnjit_forward_args*) { return 304; }
constexpr size_t FirstSize(const attnjit_callbacks*) { return 48; }
constexpr size_t FirstSize(const attnjit_get_options*) { return 24; }
constexpr size_t FirstSize(const attnjit_async_options*) { return 16; }
constexpr size_t FirstSize(const attnjit_dlpack_args*) { return 112; }

/// A caller's struct as this library knows it. One of an older version is shorter and has zeros
/// behind its end; one of a newer is longer, and its further fields must be zero. Returns what is
/// wrong, or null.
template <typename T>
const char* ReadStruct(const T* from, T& to) {
  const size_t size = from->struct_size;
  if (size < FirstSize(from)) return kBadStructSize;
  const char* bytes = reinterpret_cast<const char*>(from);
  const char* known_end = bytes + std::min(size, sizeof(T));
  if (!std::all_of(known_end, bytes + size, [](char c) { return c == 0; })) return kNewerStruct;
  to = {};
  std::memcpy(static_cast<void*>(&to), bytes, known_end - bytes);
  return nullptr;
}

inline llvm::StringRef TextOf(const char* text) { return text != nullptr ? text : ""; }

/// The arch that a caller names, else the spec's own. nullopt: neither, or no such GPU.
inline std::optional<Arch> ArchOf(const char* arch, const AttentionSpec& spec) {
  return arch != nullptr ? ParseArch(arch) : spec.arch;
}
inline constexpr char kNoArch[] =
    "arch must be a GPU that attnjit generates for, as in \"sm_90a\", given here or in the spec";

/// A handle for a kernel that was prepared.
std::unique_ptr<attnjit_kernel> MakeHandle(const attnjit_engine& engine,
                                           std::shared_ptr<const Kernel> kernel, Layout layout,
                                           int32_t device);

/// Checked against the kernel's dtypes, then launched; workspace from the callbacks if there is
/// none.
attnjit_status LaunchChecked(const attnjit_kernel& kernel, const attnjit_forward_args& args,
                             void* stream, attnjit_error** error);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_CAPI_INTERNAL_H_
