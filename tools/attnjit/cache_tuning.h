// Tuning records in `attnjit cache`: listed, counted, verified and removed beside the kernels.
#ifndef ATTNJIT_TOOLS_ATTNJIT_CACHE_TUNING_H_
#define ATTNJIT_TOOLS_ATTNJIT_CACHE_TUNING_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cache/tuning.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit {

/// A table of them; nothing where there are none.
void PrintTuningRecords(const std::vector<TuningItem>& items, llvm::raw_ostream& os);

nlohmann::ordered_json TuningJson(const TuningItem& item);

/// Of a list: how many do not verify.
int64_t DamagedRecords(const std::vector<TuningItem>& items);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_CACHE_TUNING_H_
