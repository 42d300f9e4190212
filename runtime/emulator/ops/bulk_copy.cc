#include "runtime/emulator/ops/bulk_copy.h"

#include <cstring>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/copy_groups.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/bulk_ops.h"
#include "runtime/emulator/ops/group_wait.h"
#include "runtime/emulator/ops/reduce_modifiers.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kBulkAlignment = 16;

struct BulkDetail {
  Space destination = Space::kGlobal;  ///< kGlobal, kShared or kSharedCluster.
  bool from_shared = false;            ///< Else from global memory.
  bool multicast = false;
  bool masked = false;  ///< .cp_mask
  StoreMode mode;
  Address source;
  Address mbarrier;
  Value size;
  Value mask;  ///< ctaMask or byteMask.
};

const BulkDetail& DetailOf(const Inst& inst) {
  return *static_cast<const BulkDetail*>(inst.detail);
}

/// One range of bytes: where it comes from and goes to.
struct Range {
  MemorySpace source_space;
  uint64_t source_address;
  const uint8_t* source;
  MemorySpace destination_space;
  uint64_t destination_address;
  uint8_t* destination;
  uint32_t bytes;
};

class RangeMover : public BulkMover {
 public:
  RangeMover(const Range& range, const StoreMode& mode, bool store)
      : range_(range), mode_(mode), store_(store) {}

  void Watch(Monitor& monitor, OpId reads, OpId writes) const override {
    monitor.OnAsyncAccess(reads, range_.source_space, range_.source_address, range_.bytes,
                          AccessMode::kRead);
    const AccessMode mode = mode_.reduces ? AccessMode::kAtomicWrite : AccessMode::kWrite;
    if (mode_.byte_mask == 0xffff) {
      monitor.OnAsyncAccess(writes, range_.destination_space, range_.destination_address,
                            range_.bytes, mode);
      return;
    }
    ForEachByte([&](uint32_t i) {
      monitor.OnAsyncAccess(writes, range_.destination_space, range_.destination_address + i, 1,
                            mode);
    });
  }

  void Read() override {
    if (store_) {
      buffer_.assign(range_.source, range_.source + range_.bytes);
    } else {
      Move(range_.source);
    }
  }

  void Write() override { Move(buffer_.data()); }

 private:
  template <class Use>
  void ForEachByte(const Use& use) const {
    for (uint32_t i = 0; i < range_.bytes; ++i) {
      if ((mode_.byte_mask >> i % 16 & 1) != 0) use(i);
    }
  }

  void Move(const uint8_t* source) {
    if (mode_.reduces) {
      Reduce(mode_.op, mode_.type, range_.destination, source, range_.bytes);
    } else if (mode_.byte_mask == 0xffff) {
      std::memcpy(range_.destination, source, range_.bytes);
    } else {
      ForEachByte([&](uint32_t i) { range_.destination[i] = source[i]; });
    }
  }

  Range range_;
  StoreMode mode_;
  bool store_;
  std::vector<uint8_t> buffer_;
};

/// The operands of a lane.
struct LaneOperands {
  uint64_t destination;
  uint64_t source;
  uint64_t mbarrier;
  uint32_t bytes;
  uint32_t mask;
  bool operator==(const LaneOperands&) const = default;
};

bool LocateSource(const Origin& origin, const LaneOperands& o, Range& range) {
  if (!DetailOf(*origin.inst).from_shared) {
    range.source_space = MemorySpace::kGlobal;
    range.source_address = o.source;
    range.source = GlobalPlace(origin, o.source, o.bytes, kBulkAlignment, AccessKind::kRead);
    return range.source != nullptr;
  }
  const auto address = SharedAddress(origin, Space::kShared, o.source);
  if (!address) return false;
  range.source_space = MemorySpace::kShared;
  range.source_address = *address;
  range.source = SharedPlace(origin, *address, o.bytes, kBulkAlignment);
  return range.source != nullptr;
}

bool StoreRange(const Origin& origin, const LaneOperands& o, Range range, uint32_t lanes) {
  const BulkDetail& detail = DetailOf(*origin.inst);
  range.destination_space = MemorySpace::kGlobal;
  range.destination_address = o.destination;
  range.destination =
      GlobalPlace(origin, o.destination, o.bytes, kBulkAlignment, AccessKind::kWrite);
  if (range.destination == nullptr) return false;
  StoreMode mode = detail.mode;
  if (detail.masked) mode.byte_mask = static_cast<uint16_t>(o.mask);
  origin.warp->counters().AddBytes(Traffic::kBulkToGlobal, o.bytes);
  IssueStore(origin, std::make_unique<RangeMover>(range, mode, /*store=*/true), lanes);
  return true;
}

bool InClusterLaunch(const Origin& origin) {
  const Launch& launch = origin.cluster().launch();
  return launch.explicit_cluster || origin.cluster().ctas().size() > 1;
}

bool LoadRange(const Origin& origin, const LaneOperands& o, Range range) {
  const BulkDetail& detail = DetailOf(*origin.inst);
  const auto destination = SharedAddress(origin, detail.destination, o.destination);
  if (!destination) return false;
  const auto mbarrier = SharedAddress(origin, detail.destination, o.mbarrier);
  if (!mbarrier) return false;
  if (RankOf(*mbarrier) != RankOf(*destination)) {
    return Fault(origin, Rule::kOutOfBounds, "the mbarrier is not in the destination's CTA",
                 MemorySpace::kShared, *mbarrier, 8);
  }
  // An H200 takes the executing CTA as the destination, too, but wants a launch with clusters.
  if (detail.from_shared && !InClusterLaunch(origin)) {
    return Fault(origin, Rule::kIllegalInstruction,
                 "a copy from shared to shared memory needs a launch with clusters, if only of 1",
                 MemorySpace::kShared, *destination, o.bytes);
  }
  const auto ranks = TargetRanks(
      origin, detail.multicast ? std::optional<uint32_t>(o.mask & 0xffff) : std::nullopt,
      *destination);
  if (!ranks) return false;
  range.destination_space = MemorySpace::kShared;
  for (const uint32_t rank : *ranks) {
    const uint32_t window = rank << kSharedRankShift;
    const uint32_t target = window | (*destination & kSharedOffsetMask);
    const uint32_t signalled = window | (*mbarrier & kSharedOffsetMask);
    range.destination_address = target;
    range.destination = SharedPlace(origin, target, o.bytes, kBulkAlignment);
    if (range.destination == nullptr || FindMbarrier(origin, signalled) == nullptr) return false;
    origin.warp->counters().AddBytes(Traffic::kBulkToShared, o.bytes);
    IssueLoad(origin, std::make_unique<RangeMover>(range, detail.mode, /*store=*/false), signalled,
              o.bytes);
  }
  if (!detail.from_shared) origin.warp->counters().AddBytes(Traffic::kBulkFromGlobal, o.bytes);
  return !origin.cluster().trapped();
}

/// The copy of `lanes`, the lowest of which is the origin's.
bool CopyRange(const Origin& origin, const LaneOperands& o, uint32_t lanes) {
  if (o.bytes % kBulkAlignment != 0) {
    return Fault(origin, Rule::kMisaligned,
                 llvm::formatv("size {0} is not a multiple of 16", o.bytes));
  }
  Range range = {};
  range.bytes = o.bytes;
  if (!LocateSource(origin, o, range)) return false;
  return DetailOf(*origin.inst).destination == Space::kGlobal ? StoreRange(origin, o, range, lanes)
                                                              : LoadRange(origin, o, range);
}

Step ExecuteBulk(Warp& warp, const Inst& inst, uint32_t lanes) {
  const BulkDetail& detail = DetailOf(inst);
  uint64_t destinations[32];
  uint64_t sources[32];
  uint64_t mbarriers[32] = {};
  warp.Addresses(inst.address, lanes, destinations);
  warp.Addresses(detail.source, lanes, sources);
  if (detail.destination != Space::kGlobal) warp.Addresses(detail.mbarrier, lanes, mbarriers);
  const uint32_t* sizes = warp.Read32(detail.size, lanes);
  const uint32_t* masks =
      detail.mask.kind == ValueKind::kNone ? nullptr : warp.Read32(detail.mask, lanes);
  if (inst.c.kind != ValueKind::kNone) warp.Read64(inst.c, lanes);  // A cache policy: a hint.
  const auto operands = [&](int lane) -> LaneOperands {
    return {destinations[lane], sources[lane], mbarriers[lane], sizes[lane],
            masks == nullptr ? 0 : masks[lane]};
  };
  const bool joins = detail.destination == Space::kGlobal && !detail.mode.reduces;
  const bool ok = ForEachCopy(lanes, joins, operands, [&](uint32_t same, const LaneOperands& o) {
    return CopyRange({&warp, &inst, __builtin_ctz(same)}, o, same);
  });
  return ok ? Step::kNext : Step::kTrap;
}

/// A prefetch has no effect but on time; what it may not do is checked.
Step ExecutePrefetch(Warp& warp, const Inst& inst, uint32_t lanes) {
  uint64_t sources[32];
  warp.Addresses(inst.address, lanes, sources);
  const uint32_t* sizes = warp.Read32(DetailOf(inst).size, lanes);
  if (inst.c.kind != ValueKind::kNone) warp.Read64(inst.c, lanes);
  const bool ok = AllLanes(lanes, [&](int lane) {
    const Origin origin = {&warp, &inst, lane};
    if (sizes[lane] % kBulkAlignment != 0) {
      return Fault(origin, Rule::kMisaligned,
                   llvm::formatv("size {0} is not a multiple of 16", sizes[lane]));
    }
    return GlobalPlace(origin, sources[lane], sizes[lane], kBulkAlignment, AccessKind::kRead) !=
           nullptr;
  });
  return ok ? Step::kNext : Step::kTrap;
}

Step ExecuteCommit(Warp& warp, const Inst&, uint32_t lanes) {
  warp.State<WarpCopies>(StateSlot::kCopies).bulk.Commit(lanes);
  return Step::kNext;
}

enum class WaitFor : uint8_t { kAll, kReads };

Step ExecuteWaitGroup(Warp& warp, const Inst& inst, uint32_t lanes) {
  const bool reads = inst.kind == static_cast<uint8_t>(WaitFor::kReads);
  return WaitForGroups(
      warp, warp.State<WarpCopies>(StateSlot::kCopies).bulk,
      {reads ? "cp.async.bulk.wait_group.read" : "cp.async.bulk.wait_group",
       static_cast<uint32_t>(inst.address.offset), reads, BulkReadKey(warp), BulkWriteKey(warp)},
      lanes);
}

llvm::Error DecodeWaitGroup(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                            Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  inst.execute = ExecuteWaitGroup;
  inst.kind = static_cast<uint8_t>(modifiers.Take("read") ? WaitFor::kReads : WaitFor::kAll);
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  uint32_t pending = 0;
  if (llvm::Error error = Bind(pending, TakeInteger(instruction, 0, INT32_MAX))) return error;
  inst.address.offset = pending;
  return llvm::Error::success();
}

llvm::Error DecodePrefetch(const ptx::Instruction& instruction, DecodeContext& context,
                           ptx::ModifierReader& modifiers, Inst& inst) {
  auto* detail = context.New<BulkDetail>();
  inst.detail = detail;
  inst.execute = ExecutePrefetch;
  const bool hint = modifiers.Take("L2::cache_hint");
  if (!modifiers.Take("L2") || !modifiers.Take("global")) {
    return ptx::ErrorAt(instruction, ".L2.global is due");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, hint ? 3 : 2, hint ? 3 : 2)) return error;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[0]))) {
    return error;
  }
  if (llvm::Error error = Bind(detail->size, context.Source(instruction.operands[1], 4))) {
    return error;
  }
  return hint ? Bind(inst.c, context.Source(instruction.operands[2], 8)) : llvm::Error::success();
}

/// Spaces and completion: which of the four directions it is.
llvm::Error TakeDirection(const ptx::Instruction& instruction, DecodeContext& context,
                          ptx::ModifierReader& modifiers, BulkDetail& detail) {
  const bool mbarrier = modifiers.Take("mbarrier::complete_tx::bytes");
  if (!mbarrier && !modifiers.Take("bulk_group")) {
    return ptx::ErrorAt(instruction, ".mbarrier::complete_tx::bytes or .bulk_group is due");
  }
  const bool cluster = modifiers.Take("shared::cluster");
  const bool shared = modifiers.Take("shared::cta");
  const bool global = modifiers.Take("global");
  if (!mbarrier) {
    detail.from_shared = true;
    if (!shared || !global || cluster) {
      return ptx::ErrorAt(instruction, ".bulk_group goes with .global.shared::cta");
    }
    return llvm::Error::success();
  }
  if (cluster + shared + global != 2 || (global && shared && detail.mode.reduces)) {
    return ptx::ErrorAt(instruction, "these state spaces do not go together");
  }
  detail.destination = cluster ? Space::kSharedCluster : Space::kShared;
  detail.from_shared = !global;
  if (!cluster && context.target().ptx_version < 86) {
    return context.Unsupported(".shared::cta as a destination needs PTX ISA 8.6");
  }
  return llvm::Error::success();
}

/// [dst], [src], size, [mbar] where there is one, then masks and a policy.
llvm::Error BindOperands(const ptx::Instruction& instruction, DecodeContext& context, bool hint,
                         BulkDetail& detail, Inst& inst) {
  const bool mbarrier = detail.destination != Space::kGlobal;
  const bool mask = detail.multicast || detail.masked;
  const size_t count = 3u + mbarrier + mask + hint;
  if (llvm::Error error = ExpectOperands(instruction, count, count)) return error;
  const auto& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(operands[0]))) return error;
  if (llvm::Error error = Bind(detail.source, context.AddressOf(operands[1]))) return error;
  if (llvm::Error error = Bind(detail.size, context.Source(operands[2], 4))) return error;
  size_t next = 3;
  if (mbarrier) {
    if (llvm::Error error = Bind(detail.mbarrier, context.AddressOf(operands[next++]))) {
      return error;
    }
  }
  if (detail.multicast) {
    if (llvm::Error error = Bind(detail.mask, context.Source(operands[next++], 2))) return error;
  }
  if (hint) {
    if (llvm::Error error = Bind(inst.c, context.Source(operands[next++], 8))) return error;
  }
  if (detail.masked) return Bind(detail.mask, context.Source(operands[next], 2));
  return llvm::Error::success();
}

llvm::Error DecodeCopy(const ptx::Instruction& instruction, DecodeContext& context,
                       ptx::ModifierReader& modifiers, bool reduces, Inst& inst) {
  auto* detail = context.New<BulkDetail>();
  inst.detail = detail;
  inst.execute = ExecuteBulk;
  detail->mode.reduces = reduces;
  const bool hint = modifiers.Take("L2::cache_hint");
  detail->multicast = modifiers.Take("multicast::cluster");
  detail->masked = modifiers.Take("cp_mask");
  if (llvm::Error error = TakeDirection(instruction, context, modifiers, *detail)) return error;
  if (detail->masked) {
    if (llvm::Error error = RequireSm(context, 100, ".cp_mask")) return error;
  }
  if ((detail->multicast &&
       (detail->from_shared || detail->destination != Space::kSharedCluster)) ||
      (detail->masked && (detail->destination != Space::kGlobal || reduces))) {
    return ptx::ErrorAt(instruction, "this direction has no such mask");
  }
  if (reduces) {
    if (!detail->from_shared) return ptx::ErrorAt(instruction, "a reduction's source is shared");
    if (llvm::Error error = TakeReduction(instruction, modifiers,
                                          detail->destination == Space::kGlobal, detail->mode)) {
      return error;
    }
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  return BindOperands(instruction, context, hint, *detail, inst);
}

}  // namespace

llvm::Error DecodeBulk(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  inst.inst_class = InstClass::kCopy;
  if (llvm::Error error = RequireSm(context, 90, "cp.async.bulk")) return error;
  ptx::ModifierReader modifiers(instruction);
  const bool reduces = modifiers.Take("reduce");
  modifiers.Take("async");
  modifiers.Take("bulk");
  if (modifiers.Take("commit_group")) {
    inst.inst_class = InstClass::kBarrier;
    inst.execute = ExecuteCommit;
    if (llvm::Error error = modifiers.Finish()) return error;
    return ExpectOperands(instruction, 0, 0);
  }
  if (modifiers.Take("wait_group")) return DecodeWaitGroup(instruction, modifiers, inst);
  if (modifiers.Take("prefetch")) return DecodePrefetch(instruction, context, modifiers, inst);
  return DecodeCopy(instruction, context, modifiers, reduces, inst);
}

}  // namespace attnjit::emulator
