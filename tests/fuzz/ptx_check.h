// What holds of any text given to the PTX front end.
#ifndef ATTNJIT_TESTS_FUZZ_PTX_CHECK_H_
#define ATTNJIT_TESTS_FUZZ_PTX_CHECK_H_

#include <string>

#include "llvm/ADT/StringRef.h"

namespace attnjit::emulator {

/// Parses `text` and decodes its entries with decoders that bind every operand. "" where errors are
/// located and printable, and where what was parsed refers to nothing that is not there; else what
/// is wrong.
std::string CheckPtx(llvm::StringRef text);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_FUZZ_PTX_CHECK_H_
