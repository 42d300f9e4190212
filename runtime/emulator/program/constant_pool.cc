#include "runtime/emulator/program/constant_pool.h"

namespace attnjit::emulator {

Value ConstantPool::Get(uint64_t bits, uint8_t bytes) {
  constexpr uint32_t kLanes = 32;
  if (bytes < 8) bits &= 0xffffffff;
  const auto [place, fresh] = slots_.try_emplace({bits, bytes}, 0);
  if (fresh) {
    place->second = static_cast<uint32_t>(words_.size() / kLanes);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      words_.push_back(static_cast<uint32_t>(bits));
      if (bytes >= 8) words_.push_back(static_cast<uint32_t>(bits >> 32));
      if (bytes == 16) words_.insert(words_.end(), 2, 0);
    }
  }
  Value value;
  value.kind = ValueKind::kConstant;
  value.bytes = bytes;
  value.slot = place->second;
  return value;
}

}  // namespace attnjit::emulator
