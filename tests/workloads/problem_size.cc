#include "tests/workloads/problem_size.h"

#include <limits>
#include <vector>

#include "llvm/ADT/SmallVector.h"

namespace attnjit {
namespace {

llvm::Error Invalid(llvm::StringRef text, const std::string& what) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "problem \"%s\": %s; write \"prefill BxS\", \"encode BxS\", "
                                 "\"decode BxS\" or \"cross BxQxK\"",
                                 text.str().c_str(), what.c_str());
}

}  // namespace

llvm::Expected<ProblemSize> ParseProblemSize(llvm::StringRef text) {
  auto [kind, sizes] = text.trim().split(' ');
  bool cross = kind == "cross";
  if (!cross && kind != "prefill" && kind != "encode" && kind != "decode") {
    return Invalid(text, "unknown kind \"" + kind.str() + "\"");
  }
  llvm::SmallVector<llvm::StringRef, 3> parts;
  sizes.trim().split(parts, 'x');
  if (parts.size() != (cross ? 3u : 2u)) {
    return Invalid(text, kind.str() + (cross ? " takes three sizes" : " takes two sizes"));
  }
  std::vector<int64_t> values;
  for (llvm::StringRef part : parts) {
    int64_t value = 0;
    if (part.getAsInteger(10, value) || value < 1 || value > std::numeric_limits<int32_t>::max()) {
      return Invalid(text, "\"" + part.str() + "\" is no size from 1 to 2147483647");
    }
    values.push_back(value);
  }
  if (cross) return ProblemSize{values[0], values[1], values[2]};
  if (kind == "decode") return ProblemSize{values[0], 1, values[1]};
  return ProblemSize{values[0], values[1], values[1]};
}

}  // namespace attnjit
