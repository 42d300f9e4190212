#include "tests/fuzz/spec_round_trip.h"

#include "generator/error.h"
#include "generator/spec.h"

namespace attnjit {
namespace {

/// A rejected request says why, in lines that a terminal shows as they are.
std::string CheckError(llvm::Error error) {
  std::string problem;
  llvm::handleAllErrors(std::move(error), [&](const SpecError& spec_error) {
    if (spec_error.diagnostics().empty()) problem = "rejected without a diagnostic";
    for (const SpecDiagnostic& diagnostic : spec_error.diagnostics()) {
      if (diagnostic.message.empty()) problem = "a diagnostic without a message";
      if (diagnostic.value.size() > 80) problem = "a value longer than 80 bytes";
      for (const std::string* text :
           {&diagnostic.pointer, &diagnostic.value, &diagnostic.message, &diagnostic.nearest}) {
        for (char c : *text) {
          if (static_cast<unsigned char>(c) < 0x20) problem = "a control character in an error";
        }
      }
    }
  });
  return problem;
}

}  // namespace

std::string CheckSpecRoundTrip(llvm::StringRef text) {
  llvm::Expected<AttentionSpec> spec = ParseSpec(text);
  if (!spec) return CheckError(spec.takeError());

  const std::string canonical = CanonicalJson(*spec);
  llvm::Expected<AttentionSpec> again = ParseSpec(canonical);
  if (!again) return "canonical form rejected: " + llvm::toString(again.takeError());
  if (CanonicalJson(*again) != canonical) return "canonical form is not stable: " + canonical;

  const KernelSpec kernel = ResolveKernelSpec(*spec);
  if (!(ResolveKernelSpec(*again) == kernel)) return "another kernel after a round trip";
  const Arch arch = spec->arch.value_or(Arch::kSm80);
  const std::string identity = CanonicalJson(kernel, arch);
  llvm::Expected<AttentionSpec> representative = ParseSpec(identity);
  if (!representative) {
    return "kernel identity rejected: " + llvm::toString(representative.takeError());
  }
  if (!(ResolveKernelSpec(*representative) == kernel)) return "another kernel: " + identity;
  const std::string name = KernelName(kernel, arch);
  const bool is_identifier = llvm::StringRef(name).find_first_not_of(
                                 "abcdefghijklmnopqrstuvwxyz0123456789_") == llvm::StringRef::npos;
  return is_identifier ? "" : "not an identifier: " + name;
}

}  // namespace attnjit
