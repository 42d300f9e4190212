// A manifest: the kernels that a cache is to be filled with.
//
//   {"version": 1, "archs": ["sm_80"], "hints": [{}, {"seqlen_q_multiple_of": 128}], "specs": [..]}
//                                       every spec with every hints object, on every arch
//   {"workloads": [{"spec": {..}}, ..]}  as tests/workloads/workloads.json
//   one request on each line             what ATTNJIT_RECORD writes
#ifndef ATTNJIT_TOOLS_ATTNJIT_MANIFEST_H_
#define ATTNJIT_TOOLS_ATTNJIT_MANIFEST_H_

#include <string>
#include <vector>

#include "generator/arch.h"
#include "generator/spec.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

inline constexpr size_t kMaxManifestBytes = size_t{64} << 20;

/// One kernel to be built.
struct ManifestKernel {
  std::string name;       ///< KernelName.
  std::string canonical;  ///< A request on one line that names its arch.
  Arch arch;
};

/// `source`: a file, "-" for standard input, or "workloads" for those that the program carries.
/// Errors: UsageError.
llvm::Expected<std::string> ReadManifestText(llvm::StringRef source);

/// The kernels of a manifest in its order, each once. `archs` stand in place of what the specs and
/// the manifest name; empty: a spec's own arch, else the manifest's archs. Errors: UsageError
/// naming the place ("/specs/3", "line 3") and what is wrong there.
llvm::Expected<std::vector<ManifestKernel>> ParseManifest(llvm::StringRef text,
                                                          llvm::ArrayRef<Arch> archs);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_MANIFEST_H_
