// The files under templates/, embedded at build time.
#ifndef ATTNJIT_GENERATOR_TEMPLATE_FILES_H_
#define ATTNJIT_GENERATOR_TEMPLATE_FILES_H_

#include <optional>

#include "llvm/ADT/StringRef.h"

namespace attnjit {

/// The text of a template by its path below templates/, e.g. "sm90/entry.h".
std::optional<llvm::StringRef> TemplateText(llvm::StringRef path);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_TEMPLATE_FILES_H_
