// The nearest known name to a mistyped one, for error messages.
#ifndef ATTNJIT_GENERATOR_NEAREST_H_
#define ATTNJIT_GENERATOR_NEAREST_H_

#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

/// The element of `known` with the smallest edit distance to `name`, upper and lower case alike;
/// "" if none is nearer than a third of the name's length. Ties: the first one.
std::string NearestName(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> known);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_NEAREST_H_
