// What must hold for any bytes given as a request: shared by the fuzz target, which searches, and
// by the unit test that replays its corpus.
#ifndef ATTNJIT_TESTS_FUZZ_SPEC_ROUND_TRIP_H_
#define ATTNJIT_TESTS_FUZZ_SPEC_ROUND_TRIP_H_

#include <string>

#include "llvm/ADT/StringRef.h"

namespace attnjit {

/// Parses `text`; if it is valid, takes it through the canonical forms and the kernel's name and
/// back. Returns what does not hold, or "".
std::string CheckSpecRoundTrip(llvm::StringRef text);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_FUZZ_SPEC_ROUND_TRIP_H_
