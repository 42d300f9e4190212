#include "runtime/emulator/ops/tensor_copy.h"

#include <vector>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/box_copy.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/bulk_ops.h"
#include "runtime/emulator/ops/reduce_modifiers.h"

namespace attnjit::emulator {
namespace {

enum class Direction : uint8_t { kLoad, kStore, kPrefetch };

struct TensorDetail {
  Direction direction = Direction::kLoad;
  Space destination = Space::kSharedCluster;  ///< kLoad.
  bool multicast = false;
  bool pair = false;  ///< .cta_group::2
  bool reduces = false;
  ReduceOp op = ReduceOp::kAdd;
  uint32_t rank = 1;
  Address map;
  Address shared;  ///< Destination of loads, source of stores.
  Address mbarrier;
  Value start[kMaxTensorRank];
  Value cta_mask;
};

const TensorDetail& DetailOf(const Inst& inst) {
  return *static_cast<const TensorDetail*>(inst.detail);
}

/// One box: where it lies in both memories.
struct Box {
  TensorMapInfo map;
  BoxStart start = {};
  GlobalSpan span;            ///< bytes 0: nothing is inside of the tensor.
  uint8_t* global = nullptr;  ///< Of span.address.
  uint32_t shared = 0;        ///< shared::cluster address.
  uint8_t* window = nullptr;  ///< Host place of that CTA's window offset 0.

  uint32_t offset() const { return shared & kSharedOffsetMask; }
};

/// Tells the monitor of the rows in global memory, neighbours together.
void WatchGlobal(Monitor& monitor, OpId op, const Box& box, AccessMode mode) {
  uint64_t begin = 0;
  uint64_t end = 0;
  const auto flush = [&] {
    if (end > begin) monitor.OnAsyncAccess(op, MemorySpace::kGlobal, begin, end - begin, mode);
  };
  ForEachBoxRow(box.map, box.start, [&](const BoxRow& row) {
    if (row.bytes == 0) return;
    if (row.global != end) {
      flush();
      begin = row.global;
    }
    end = row.global + row.bytes;
  });
  flush();
}

void WatchShared(Monitor& monitor, OpId op, const Box& box, AccessMode mode) {
  const uint32_t window = box.shared & ~kSharedOffsetMask;
  ForEachBoxRange(box.map, box.offset(), [&](uint32_t offset, uint32_t bytes) {
    monitor.OnAsyncAccess(op, MemorySpace::kShared, window | offset, bytes, mode);
  });
}

class BoxLoad : public BulkMover {
 public:
  explicit BoxLoad(const Box& box) : box_(box) {}
  void Watch(Monitor& monitor, OpId reads, OpId writes) const override {
    WatchGlobal(monitor, reads, box_, AccessMode::kRead);
    WatchShared(monitor, writes, box_, AccessMode::kWrite);
  }
  void Read() override {
    LoadBox(box_.map, box_.start, box_.span, box_.global, box_.window, box_.offset());
  }
  void Write() override {}

 private:
  Box box_;
};

class BoxStore : public BulkMover {
 public:
  BoxStore(const Box& box, const StoreMode& mode) : box_(box), mode_(mode) {}
  void Watch(Monitor& monitor, OpId reads, OpId writes) const override {
    WatchShared(monitor, reads, box_, AccessMode::kRead);
    WatchGlobal(monitor, writes, box_,
                mode_.reduces ? AccessMode::kAtomicWrite : AccessMode::kWrite);
  }
  void Read() override {
    dense_.resize(BoxBytes(box_.map));
    ReadBox(box_.map, box_.window, box_.offset(), dense_.data());
  }
  void Write() override {
    ForEachBoxRow(box_.map, box_.start, [&](const BoxRow& row) {
      if (row.bytes == 0) return;
      uint8_t* to = box_.global + (row.global - box_.span.address);
      const uint8_t* from = dense_.data() + row.offset + row.skipped;
      if (mode_.reduces) {
        Reduce(mode_.op, mode_.type, to, from, row.bytes);
      } else {
        std::copy_n(from, row.bytes, to);
      }
    });
  }

 private:
  Box box_;
  StoreMode mode_;
  std::vector<uint8_t> dense_;
};

/// The type of a reduction on the map's elements; nullopt where there is none. To .and, .or and
/// .xor s32 elements are bits; s64 ones an H200 refuses.
std::optional<ReduceType> ReduceTypeOf(TensorElement element, ReduceOp op) {
  const bool bitwise = op == ReduceOp::kAnd || op == ReduceOp::kOr || op == ReduceOp::kXor;
  if (bitwise && element == TensorElement::kS32) return ReduceType::kU32;
  if (bitwise && element == TensorElement::kS64) return std::nullopt;
  switch (element) {
    case TensorElement::kU32:
      return ReduceType::kU32;
    case TensorElement::kS32:
      return ReduceType::kS32;
    case TensorElement::kU64:
      return ReduceType::kU64;
    case TensorElement::kS64:
      return ReduceType::kS64;
    case TensorElement::kF16:
      return ReduceType::kF16;
    case TensorElement::kBf16:
      return ReduceType::kBf16;
    case TensorElement::kF32:
      return ReduceType::kF32;
    case TensorElement::kF64:
      return ReduceType::kF64;
    default:
      return std::nullopt;
  }
}

/// The operands of a lane.
struct LaneOperands {
  uint64_t map;
  uint64_t shared;
  uint64_t mbarrier;
  BoxStart start;
  uint32_t cta_mask;
  bool operator==(const LaneOperands&) const = default;
};

constexpr uint32_t kMapAlignment = 64;

bool ReadMap(const Origin& origin, const LaneOperands& o, TensorMapInfo& map) {
  const uint32_t rank = DetailOf(*origin.inst).rank;
  const Resolved place = origin.warp->Resolve(*origin.inst, Space::kGeneric, o.map, kTensorMapBytes,
                                              kMapAlignment, AccessKind::kRead, origin.lane);
  if (place.host == nullptr) return false;
  const std::optional<TensorMapInfo> decoded = DecodeTensorMap(place.host);
  if (!decoded) {
    return Fault(origin, Rule::kOutOfBounds,
                 llvm::formatv("the 128 bytes at {0:x} are no tensor map", o.map));
  }
  map = *decoded;
  return map.rank == rank ||
         Fault(
             origin, Rule::kOutOfBounds,
             llvm::formatv("a tensor map of rank {0} in an instruction of .{1}d", map.rank, rank));
}

bool LocateGlobal(const Origin& origin, AccessKind kind, Box& box) {
  const std::optional<GlobalSpan> span = TouchedSpan(box.map, box.start);
  if (!span) return true;
  box.span = *span;
  if (span->bytes > UINT32_MAX) {
    return Fault(origin, Rule::kOutOfBounds, "the box spans more than 4 GiB", MemorySpace::kGlobal,
                 span->address);
  }
  box.global = GlobalPlace(origin, span->address, static_cast<uint32_t>(span->bytes), 1, kind);
  return box.global != nullptr;
}

bool LocateShared(const Origin& origin, uint32_t address, Box& box) {
  uint8_t* place = SharedPlace(origin, address, BoxSpan(box.map), kBoxAlignment);
  if (place == nullptr) return false;
  box.shared = address;
  box.window = place - (address & kSharedOffsetMask);
  return true;
}

/// Where the completion of the box in `target` is told: with .cta_group::2 the CTA of the pair that
/// has the parity of the mbarrier operand's.
uint32_t SignalledMbarrier(const TensorDetail& detail, uint32_t mbarrier, uint32_t target) {
  const uint32_t offset = mbarrier & kSharedOffsetMask;
  if (!detail.multicast) return mbarrier;
  const uint32_t rank = detail.pair ? (target & ~1u) | (mbarrier >> kSharedRankShift & 1) : target;
  return rank << kSharedRankShift | offset;
}

bool CheckMbarrierCta(const Origin& origin, uint32_t destination, uint32_t mbarrier) {
  const uint32_t peer_mask = DetailOf(*origin.inst).pair ? ~1u : ~0u;
  if ((RankOf(destination) & peer_mask) == (RankOf(mbarrier) & peer_mask)) return true;
  return Fault(origin, Rule::kOutOfBounds,
               DetailOf(*origin.inst).pair ? "the mbarrier is not in the destination's pair of CTAs"
                                           : "the mbarrier is not in the destination's CTA",
               MemorySpace::kShared, mbarrier, 8);
}

bool LoadTensor(const Origin& origin, const LaneOperands& o, Box box) {
  const TensorDetail& detail = DetailOf(*origin.inst);
  const auto destination = SharedAddress(origin, detail.destination, o.shared);
  if (!destination) return false;
  // The peer's mbarrier is named by a shared::cluster address, whatever the destination's space.
  const auto mbarrier =
      SharedAddress(origin, detail.pair ? Space::kSharedCluster : detail.destination, o.mbarrier);
  if (!mbarrier || !CheckMbarrierCta(origin, *destination, *mbarrier)) return false;
  const auto ranks = TargetRanks(
      origin, detail.multicast ? std::optional<uint32_t>(o.cta_mask & 0xffff) : std::nullopt,
      *destination);
  if (!ranks) return false;
  const uint32_t bytes = BoxBytes(box.map);
  for (const uint32_t rank : *ranks) {
    const uint32_t target = rank << kSharedRankShift | (*destination & kSharedOffsetMask);
    const uint32_t signalled = SignalledMbarrier(detail, *mbarrier, rank);
    if (!LocateShared(origin, target, box) || FindMbarrier(origin, signalled) == nullptr) {
      return false;
    }
    origin.warp->counters().AddBytes(Traffic::kBulkToShared, bytes);
    IssueLoad(origin, std::make_unique<BoxLoad>(box), signalled, bytes);
  }
  origin.warp->counters().AddBytes(Traffic::kBulkFromGlobal, bytes);
  return !origin.cluster().trapped();
}

bool StoreTensor(const Origin& origin, const LaneOperands& o, Box box, uint32_t lanes) {
  const TensorDetail& detail = DetailOf(*origin.inst);
  StoreMode mode;
  mode.reduces = detail.reduces;
  if (detail.reduces) {
    const std::optional<ReduceType> type = ReduceTypeOf(box.map.element, detail.op);
    if (!type || !IsReduction(detail.op, *type, /*global=*/true)) {
      return Fault(origin, Rule::kOutOfBounds,
                   "the reduction does not exist for the tensor map's elements");
    }
    mode.op = detail.op;
    mode.type = *type;
  }
  const auto source = SharedAddress(origin, Space::kShared, o.shared);
  if (!source || !LocateShared(origin, *source, box)) return false;
  origin.warp->counters().AddBytes(Traffic::kBulkToGlobal, BoxBytes(box.map));
  IssueStore(origin, std::make_unique<BoxStore>(box, mode), lanes);
  return true;
}

/// What an H200 calls an illegal instruction: a box that starts between the 16-byte chunks of a
/// row, and a store or reduction that starts before the tensor.
bool CheckStart(const Origin& origin, const Box& box) {
  const uint32_t element = ElementBytes(box.map.element);
  if (box.start[0] % static_cast<int32_t>(16 / element) != 0) {
    return Fault(
        origin, Rule::kIllegalInstruction,
        llvm::formatv("coordinate 0 is {0}: its {1}-byte elements start at no multiple of 16 bytes",
                      box.start[0], element));
  }
  if (DetailOf(*origin.inst).direction != Direction::kStore) return true;
  for (uint32_t i = 0; i < box.map.rank; ++i) {
    if (box.start[i] < 0) {
      return Fault(origin, Rule::kIllegalInstruction,
                   llvm::formatv("coordinate {0} of a store is negative: {1}", i, box.start[i]));
    }
  }
  return true;
}

/// The copy of `lanes`, the lowest of which is the origin's.
bool CopyTensor(const Origin& origin, const LaneOperands& o, uint32_t lanes) {
  const Direction direction = DetailOf(*origin.inst).direction;
  Box box;
  box.start = o.start;
  if (!ReadMap(origin, o, box.map) || !CheckStart(origin, box)) return false;
  if (direction == Direction::kStore) {
    // An H200 stores and reduces whole chunks of 16 bytes: past the end of a row, up to the next
    // such multiple.
    const uint64_t per_chunk = 16 / ElementBytes(box.map.element);
    box.map.dims[0] = (box.map.dims[0] + per_chunk - 1) / per_chunk * per_chunk;
  }
  const AccessKind kind = direction == Direction::kStore ? AccessKind::kWrite : AccessKind::kRead;
  if (!LocateGlobal(origin, kind, box)) return false;
  switch (direction) {
    case Direction::kLoad:
      return LoadTensor(origin, o, box);
    case Direction::kStore:
      return StoreTensor(origin, o, box, lanes);
    case Direction::kPrefetch:
      return true;
  }
  return false;
}

Step ExecuteTensor(Warp& warp, const Inst& inst, uint32_t lanes) {
  const TensorDetail& detail = DetailOf(inst);
  uint64_t maps[32];
  uint64_t shared[32] = {};
  uint64_t mbarriers[32] = {};
  const int32_t* start[kMaxTensorRank] = {};
  warp.Addresses(detail.map, lanes, maps);
  if (detail.direction != Direction::kPrefetch) warp.Addresses(detail.shared, lanes, shared);
  if (detail.direction == Direction::kLoad) warp.Addresses(detail.mbarrier, lanes, mbarriers);
  for (uint32_t i = 0; i < detail.rank; ++i) {
    start[i] = reinterpret_cast<const int32_t*>(warp.Read32(detail.start[i], lanes));
  }
  const uint32_t* masks = detail.multicast ? warp.Read32(detail.cta_mask, lanes) : nullptr;
  if (inst.c.kind != ValueKind::kNone) warp.Read64(inst.c, lanes);  // A cache policy: a hint.
  const auto operands = [&](int lane) {
    LaneOperands o = {
        maps[lane], shared[lane], mbarriers[lane], {}, masks == nullptr ? 0 : masks[lane]};
    for (uint32_t i = 0; i < detail.rank; ++i) o.start[i] = start[i][lane];
    return o;
  };
  const bool joins = detail.direction == Direction::kStore && !detail.reduces;
  const bool ok = ForEachCopy(lanes, joins, operands, [&](uint32_t same, const LaneOperands& o) {
    return CopyTensor({&warp, &inst, __builtin_ctz(same)}, o, same);
  });
  return ok ? Step::kNext : Step::kTrap;
}

/// [map, {start..}]
llvm::Error BindMap(const ptx::Instruction& instruction, DecodeContext& context, size_t operand,
                    TensorDetail& detail) {
  const ptx::Operand& pair = instruction.operands[operand];
  if (pair.kind != ptx::OperandKind::kAddress || pair.list.size() != 2 ||
      pair.list[1].kind != ptx::OperandKind::kVector || pair.list[1].list.size() != detail.rank) {
    return ptx::ErrorAt(instruction, llvm::formatv("operand {0} must be [map, {{{1} coordinates}]",
                                                   operand + 1, detail.rank));
  }
  ptx::Operand map = pair;
  map.list.resize(1);
  if (llvm::Error error = Bind(detail.map, context.AddressOf(map))) return error;
  for (uint32_t i = 0; i < detail.rank; ++i) {
    if (llvm::Error error = Bind(detail.start[i], context.Source(pair.list[1].list[i], 4))) {
      return error;
    }
  }
  return llvm::Error::success();
}

llvm::Error BindOperands(const ptx::Instruction& instruction, DecodeContext& context, bool hint,
                         TensorDetail& detail, Inst& inst) {
  const bool load = detail.direction == Direction::kLoad;
  const bool store = detail.direction == Direction::kStore;
  const size_t count = 1u + (load ? 2 : store ? 1 : 0) + detail.multicast + hint;
  if (llvm::Error error = ExpectOperands(instruction, count, count)) return error;
  const auto& operands = instruction.operands;
  if (llvm::Error error = BindMap(instruction, context, load ? 1 : 0, detail)) return error;
  if (load || store) {
    if (llvm::Error error = Bind(detail.shared, context.AddressOf(operands[load ? 0 : 1]))) {
      return error;
    }
  }
  if (load) {
    if (llvm::Error error = Bind(detail.mbarrier, context.AddressOf(operands[2]))) return error;
  }
  if (detail.multicast) {
    if (llvm::Error error = Bind(detail.cta_mask, context.Source(operands[3], 2))) return error;
  }
  return hint ? Bind(inst.c, context.Source(operands.back(), 8)) : llvm::Error::success();
}

/// Destination, source and completion of a load or store.
llvm::Error TakeDirection(const ptx::Instruction& instruction, DecodeContext& context,
                          ptx::ModifierReader& modifiers, TensorDetail& detail) {
  if (!modifiers.Take("global")) return ptx::ErrorAt(instruction, ".global is due");
  if (modifiers.Take("bulk_group")) {
    detail.direction = Direction::kStore;
    return modifiers.Take("shared::cta")
               ? llvm::Error::success()
               : ptx::ErrorAt(instruction, ".bulk_group goes with .global.shared::cta");
  }
  if (!modifiers.Take("mbarrier::complete_tx::bytes") || detail.reduces) {
    return ptx::ErrorAt(instruction, detail.reduces
                                         ? ".bulk_group is due"
                                         : ".mbarrier::complete_tx::bytes or .bulk_group is due");
  }
  if (modifiers.Take("shared::cluster")) return llvm::Error::success();
  if (!modifiers.Take("shared::cta")) {
    return ptx::ErrorAt(instruction, ".shared::cluster or .shared::cta is due");
  }
  detail.destination = Space::kShared;
  if (context.target().ptx_version < 86) {
    return context.Unsupported(".shared::cta as a destination needs PTX ISA 8.6");
  }
  return llvm::Error::success();
}

llvm::Error RefuseModes(const ptx::Instruction& instruction, DecodeContext& context) {
  for (const llvm::StringRef modifier : instruction.modifiers) {
    if (modifier.startswith("im2col") || modifier.startswith("tile::")) {
      return context.Unsupported(("mode ." + modifier + " is not emulated, only .tile").str());
    }
  }
  return llvm::Error::success();
}

llvm::Error TakeGroups(const ptx::Instruction& instruction, DecodeContext& context,
                       ptx::ModifierReader& modifiers, TensorDetail& detail) {
  detail.multicast = modifiers.Take("multicast::cluster");
  const int group = modifiers.TakeOneOf({"cta_group::1", "cta_group::2"});
  detail.pair = group == 1;
  if (group >= 0) {
    if (llvm::Error error = RequireSm(context, 100, ".cta_group")) return error;
  }
  const bool load = detail.direction == Direction::kLoad;
  if ((group >= 0 && !load) ||
      (detail.multicast && (!load || detail.destination != Space::kSharedCluster))) {
    return ptx::ErrorAt(instruction, ".cta_group and .multicast::cluster are for loads");
  }
  return llvm::Error::success();
}

llvm::Error Refuse(const ptx::Instruction& instruction, DecodeContext& context, Inst&) {
  return context.Unsupported((instruction.opcode + " is not emulated").str());
}

constexpr OpcodeDecoder kDecoders[] = {{"tensormap", Refuse}, {"multimem", Refuse}};

}  // namespace

llvm::Error DecodeBulkTensor(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst) {
  inst.inst_class = InstClass::kCopy;
  inst.execute = ExecuteTensor;
  if (llvm::Error error = RequireSm(context, 90, "cp.async.bulk.tensor")) return error;
  if (llvm::Error error = RefuseModes(instruction, context)) return error;
  auto* detail = context.New<TensorDetail>();
  inst.detail = detail;
  ptx::ModifierReader modifiers(instruction);
  detail->reduces = modifiers.Take("reduce");
  modifiers.Take("async");
  modifiers.Take("bulk");
  modifiers.Take("tensor");
  modifiers.Take("tile");
  const bool hint = modifiers.Take("L2::cache_hint");
  const int rank = modifiers.TakeOneOf({"1d", "2d", "3d", "4d", "5d"});
  if (rank < 0) return ptx::ErrorAt(instruction, "a rank from .1d to .5d is due");
  detail->rank = static_cast<uint32_t>(rank) + 1;
  if (modifiers.Take("prefetch")) {
    detail->direction = Direction::kPrefetch;
    if (!modifiers.Take("L2") || !modifiers.Take("global")) {
      return ptx::ErrorAt(instruction, ".L2.global is due");
    }
  } else if (llvm::Error error = TakeDirection(instruction, context, modifiers, *detail)) {
    return error;
  }
  if (llvm::Error error = TakeGroups(instruction, context, modifiers, *detail)) return error;
  if (detail->reduces) {
    const std::optional<ReduceOp> op = TakeReduceOp(modifiers);
    if (!op) return ptx::ErrorAt(instruction, "a reduction is due");
    detail->op = *op;
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  return BindOperands(instruction, context, hint, *detail, inst);
}

llvm::ArrayRef<OpcodeDecoder> TensorCopyDecoders() { return kDecoders; }

}  // namespace attnjit::emulator
