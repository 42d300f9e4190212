#include "runtime/emulator/ops/store_async.h"

#include <array>
#include <cstring>
#include <vector>

#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/bulk_ops.h"
#include "runtime/emulator/ops/reduce_modifiers.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kMaxBytes = 16;

struct StoreDetail {
  Space space = Space::kGeneric;
  uint32_t element_bytes = 4;
  StoreMode mode;
  Address mbarrier;
  std::vector<Value> values;

  uint32_t bytes() const { return element_bytes * static_cast<uint32_t>(values.size()); }
};

const StoreDetail& DetailOf(const Inst& inst) {
  return *static_cast<const StoreDetail*>(inst.detail);
}

/// One lane's values, taken from its registers at issue.
struct LaneValues {
  std::array<uint8_t, kMaxBytes> data = {};
};

class ValueMover : public BulkMover {
 public:
  ValueMover(const StoreDetail& detail, const LaneValues& values, uint32_t address, uint8_t* place)
      : detail_(&detail), values_(values), address_(address), place_(place) {}

  void Watch(Monitor& monitor, OpId, OpId writes) const override {
    monitor.OnAsyncAccess(writes, MemorySpace::kShared, address_, detail_->bytes(),
                          detail_->mode.reduces ? AccessMode::kAtomicWrite : AccessMode::kWrite);
  }
  void Read() override {
    if (detail_->mode.reduces) {
      Reduce(detail_->mode.op, detail_->mode.type, place_, values_.data.data(), detail_->bytes());
    } else {
      std::memcpy(place_, values_.data.data(), detail_->bytes());
    }
  }
  void Write() override {}

 private:
  const StoreDetail* detail_;  ///< Lives as long as the program.
  LaneValues values_;
  uint32_t address_;
  uint8_t* place_;
};

bool StoreLane(const Origin& origin, uint64_t destination, uint64_t signal,
               const LaneValues& values) {
  const StoreDetail& detail = DetailOf(*origin.inst);
  const auto address = SharedAddress(origin, detail.space, destination);
  if (!address) return false;
  const auto mbarrier = SharedAddress(origin, detail.space, signal);
  if (!mbarrier) return false;
  if (RankOf(*mbarrier) != RankOf(*address)) {
    return Fault(origin, Rule::kOutOfBounds, "the mbarrier is not in the destination's CTA",
                 MemorySpace::kShared, *mbarrier, 8);
  }
  uint8_t* place = SharedPlace(origin, *address, detail.bytes(), detail.bytes());
  if (place == nullptr || FindMbarrier(origin, *mbarrier) == nullptr) return false;
  IssueLoad(origin, std::make_unique<ValueMover>(detail, values, *address, place), *mbarrier,
            detail.bytes(), AsyncKind::kOther);
  return !origin.cluster().trapped();
}

Step Execute(Warp& warp, const Inst& inst, uint32_t lanes) {
  const StoreDetail& detail = DetailOf(inst);
  uint64_t destinations[32];
  uint64_t mbarriers[32];
  warp.Addresses(inst.address, lanes, destinations);
  warp.Addresses(detail.mbarrier, lanes, mbarriers);
  LaneValues values[32];
  uint32_t at = 0;
  for (const Value& value : detail.values) {
    const bool wide = detail.element_bytes == 8;
    const auto* from = wide ? reinterpret_cast<const uint8_t*>(warp.Read64(value, lanes))
                            : reinterpret_cast<const uint8_t*>(warp.Read32(value, lanes));
    AllLanes(lanes, [&](int lane) {
      std::memcpy(values[lane].data.data() + at, from + lane * detail.element_bytes,
                  detail.element_bytes);
      return true;
    });
    at += detail.element_bytes;
  }
  const bool ok = AllLanes(lanes, [&](int lane) {
    return StoreLane({&warp, &inst, lane}, destinations[lane], mbarriers[lane], values[lane]);
  });
  return ok ? Step::kNext : Step::kTrap;
}

/// Modifiers up to the type: .async, semantics, state space and completion.
llvm::Error TakeForm(const ptx::Instruction& instruction, DecodeContext& context,
                     ptx::ModifierReader& modifiers, StoreDetail& detail) {
  modifiers.Take("async");
  TakeSemantics(modifiers);
  if (!modifiers.Take("mbarrier::complete_tx::bytes")) {
    return context.Unsupported(
        (instruction.opcode + ".async is emulated with .mbarrier::complete_tx::bytes only").str());
  }
  if (modifiers.Take("shared::cluster")) detail.space = Space::kSharedCluster;
  return llvm::Error::success();
}

/// [a], b, [mbar]
llvm::Error BindOperands(const ptx::Instruction& instruction, DecodeContext& context, size_t count,
                         StoreDetail& detail, Inst& inst) {
  if (llvm::Error error = ExpectOperands(instruction, 3, 3)) return error;
  const auto& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(operands[0]))) return error;
  if (llvm::Error error = Bind(detail.mbarrier, context.AddressOf(operands[2]))) return error;
  const bool vector = operands[1].kind == ptx::OperandKind::kVector;
  if (vector != (count > 1) || (vector && operands[1].list.size() != count)) {
    return ptx::ErrorAt(instruction, "operand 2 does not fit the vector's length");
  }
  for (size_t i = 0; i < count; ++i) {
    detail.values.emplace_back();
    const ptx::Operand& value = vector ? operands[1].list[i] : operands[1];
    if (llvm::Error error = Bind(detail.values.back(),
                                 context.Source(value, static_cast<int>(detail.element_bytes)))) {
      return error;
    }
  }
  inst.detail = &detail;
  inst.inst_class = InstClass::kStore;
  inst.execute = Execute;
  return llvm::Error::success();
}

}  // namespace

llvm::Error DecodeStoreAsync(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst) {
  if (llvm::Error error = RequireSm(context, 90, "st.async")) return error;
  auto* detail = context.New<StoreDetail>();
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = TakeForm(instruction, context, modifiers, *detail)) return error;
  static constexpr size_t kCounts[] = {1, 2, 4};
  const size_t count = kCounts[modifiers.TakeOneOf({"v2", "v4"}) + 1];
  llvm::Expected<OperandType> type = TakeType(modifiers, instruction);
  if (!type) return type.takeError();
  if (llvm::Error error = modifiers.Finish()) return error;
  detail->element_bytes = type->bytes;
  if (type->bytes < 4 || type->bytes > 8 || type->bytes * count > kMaxBytes) {
    return ptx::ErrorAt(instruction, "elements are 4 or 8 bytes, 16 bytes at most together");
  }
  return BindOperands(instruction, context, count, *detail, inst);
}

llvm::Error DecodeReduceAsync(const ptx::Instruction& instruction, DecodeContext& context,
                              Inst& inst) {
  if (llvm::Error error = RequireSm(context, 90, "red.async")) return error;
  auto* detail = context.New<StoreDetail>();
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = TakeForm(instruction, context, modifiers, *detail)) return error;
  detail->mode.reduces = true;
  if (llvm::Error error = TakeReduction(instruction, modifiers, /*global=*/false, detail->mode)) {
    return error;
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  detail->element_bytes = ReduceBytes(detail->mode.type);
  return BindOperands(instruction, context, 1, *detail, inst);
}

}  // namespace attnjit::emulator
