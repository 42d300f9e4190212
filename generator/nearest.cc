#include "generator/nearest.h"

namespace attnjit {

std::string NearestName(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> known) {
  // A name far longer than any known one is no typo; this also bounds the cost.
  constexpr size_t kLongestTypo = 64;
  if (name.size() > kLongestTypo) return "";
  const std::string lower = name.lower();
  unsigned best_distance = static_cast<unsigned>(name.size() + 2) / 3;
  llvm::StringRef best;
  for (llvm::StringRef candidate : known) {
    const unsigned distance = llvm::StringRef(lower).edit_distance(candidate.lower());
    if (distance < best_distance || (best.empty() && distance == best_distance)) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.str();
}

}  // namespace attnjit
