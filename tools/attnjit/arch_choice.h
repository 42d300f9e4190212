// Which GPU to generate for, where the command line leaves it open.
#ifndef ATTNJIT_TOOLS_ATTNJIT_ARCH_CHOICE_H_
#define ATTNJIT_TOOLS_ATTNJIT_ARCH_CHOICE_H_

#include <string>
#include <vector>

#include "generator/arch.h"
#include "generator/spec.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct ArchChoice {
  Arch arch = Arch::kSm90a;
  std::string reason;  ///< "from --arch", "the default: there is no GPU here".
};

/// `option` (--arch) if not empty, else the request's arch, else that of the first GPU here, else
/// sm_90a. Errors: UsageError (an unknown arch, with the nearest).
llvm::Expected<ArchChoice> ChooseArch(llvm::StringRef option, const AttentionSpec& spec);

/// A comma-separated list of archs. Errors: UsageError.
llvm::Expected<std::vector<Arch>> ParseArchList(llvm::StringRef list);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_ARCH_CHOICE_H_
