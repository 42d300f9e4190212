#include "tests/gpu/suite_selection.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {
namespace {

bool Matches(const SuiteCase& suite_case, llvm::ArrayRef<llvm::StringRef> patterns) {
  llvm::StringRef id = suite_case.id;
  return patterns.empty() || llvm::any_of(patterns, [&](llvm::StringRef pattern) {
           return pattern.consume_front("=") ? id == pattern : id.contains(pattern);
         });
}

}  // namespace

llvm::Expected<std::vector<size_t>> SelectCases(const std::vector<SuiteCase>& cases,
                                                const SuiteSelection& selection) {
  size_t shard = 0, shards = 1;
  if (!selection.shard.empty()) {
    auto [first, second] = llvm::StringRef(selection.shard).split('/');
    if (first.getAsInteger(10, shard) || second.getAsInteger(10, shards) || shard >= shards) {
      return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                     "--shard %s: write i/n with 0 <= i < n",
                                     selection.shard.c_str());
    }
  }
  llvm::SmallVector<llvm::StringRef> patterns;
  llvm::StringRef(selection.filter).split(patterns, ',', -1, /*KeepEmpty=*/false);
  std::vector<size_t> selected;
  size_t matching = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (!Matches(cases[i], patterns) || matching++ % shards != shard) continue;
    selected.push_back(i);
    if (selection.limit > 0 && selected.size() == static_cast<size_t>(selection.limit)) break;
  }
  return selected;
}

}  // namespace attnjit
