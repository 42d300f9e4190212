// tcgen05.cp and commit (PTX ISA 9.7.16.9.2, 9.7.16.12.1).
#include <cstring>
#include <memory>
#include <optional>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/matrix/tensor_layout.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/bulk_ops.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/matrix_reads.h"
#include "runtime/emulator/ops/tcgen05_state.h"

namespace attnjit::emulator {
namespace {

struct TensorCopyDetail {
  int cta_group = 1;
  TensorCopyShape shape = TensorCopyShape::k128x256b;
};

struct CommitDetail {
  int cta_group = 1;
  Space space = Space::kGeneric;
  bool multicast = false;
};

const TensorCopyDetail& CopyDetailOf(const Inst& inst) {
  return *static_cast<const TensorCopyDetail*>(inst.detail);
}
const CommitDetail& CommitDetailOf(const Inst& inst) {
  return *static_cast<const CommitDetail*>(inst.detail);
}

OpId BeginPipe(const Origin& origin, AsyncKind kind) {
  Monitor* monitor = origin.warp->monitor();
  if (monitor == nullptr) return 0;
  return monitor->BeginAsync({Issuer{origin.warp->id(), 1u << origin.lane}}, kind, origin.inst->pc);
}

/// Each CTA of the group copies from its own shared memory (inferred for the peer).
class TensorCopyOp : public AsyncOp {
 public:
  TensorCopyOp(const Origin& origin, llvm::SmallVector<Cta*, 2> ctas, const SharedMatrix& matrix,
               TensorAddress to)
      : origin_(origin),
        ctas_(std::move(ctas)),
        shape_(CopyDetailOf(*origin.inst).shape),
        matrix_(matrix),
        to_(to),
        op_(BeginPipe(origin, AsyncKind::kTcgen05Cp)) {
    fifo = TensorPipeKey(*origin.warp, CopyDetailOf(*origin.inst).cta_group);
    if (op_ == 0) return;
    const TensorCopyGrid grid = TensorCopySource(shape_);
    Monitor& monitor = *origin.warp->monitor();
    for (const Cta* cta : ctas_) {
      WatchShared(monitor, op_, cta->window(), matrix_, Major::kK, {grid.rows, grid.chunks});
      for (int row = 0; row < grid.rows; ++row) {
        for (int lane : TensorCopyLanes(shape_, row)) {
          monitor.OnAsyncTensor(op_, cta->rank(), static_cast<uint32_t>(to_.lane + lane), 1,
                                static_cast<uint32_t>(to_.column),
                                static_cast<uint32_t>(4 * grid.chunks), AccessMode::kWrite);
        }
      }
    }
  }

  void Run(Cluster&) override {
    for (Cta* cta : ctas_) {
      if (!Copy(*cta)) return;
    }
    if (op_ != 0) origin_.warp->monitor()->EndAsync(op_);
  }

  std::string Describe() const override {
    return llvm::formatv("tcgen05.cp (line {0})", origin_.inst->line);
  }

 private:
  bool Copy(Cta& cta) {
    const TensorCopyGrid grid = TensorCopySource(shape_);
    TensorMemory& memory = TensorOf(cta).memory;
    for (int row = 0; row < grid.rows; ++row) {
      for (int chunk = 0; chunk < grid.chunks; ++chunk) {
        const uint32_t address = ChunkAddress(matrix_, Major::kK, row, chunk);
        if (address < kSharedReserved || address + 16 > cta.shared_end()) {
          return Fault(origin_, Rule::kOutOfBounds,
                       llvm::formatv("row {0} of the source lies outside of shared memory", row),
                       MemorySpace::kShared, cta.window() | address, 16);
        }
        uint32_t words[4];
        std::memcpy(words, cta.shared(address), sizeof(words));
        for (int lane : TensorCopyLanes(shape_, row)) {
          for (int i = 0; i < 4; ++i) {
            const int column = to_.column + 4 * chunk + i;
            memory.Column(column)[to_.lane + lane] = words[i];
            memory.Initialised(column).set(static_cast<size_t>(to_.lane + lane));
          }
        }
      }
    }
    return true;
  }

  Origin origin_;
  llvm::SmallVector<Cta*, 2> ctas_;
  TensorCopyShape shape_;
  SharedMatrix matrix_;
  TensorAddress to_;
  OpId op_;
};

bool IssueCopy(const Origin& origin, uint32_t address, const llvm::SmallVector<Cta*, 2>& ctas) {
  const TensorCopyDetail& detail = CopyDetailOf(*origin.inst);
  const uint64_t bits = origin.warp->Read64(origin.inst->a, 1u << origin.lane)[origin.lane];
  llvm::Expected<SharedMatrix> matrix = ParseTcgen05Descriptor(bits);
  if (!matrix) return Fault(origin, Rule::kMisaligned, llvm::toString(matrix.takeError()));
  const TensorCopyGrid grid = TensorCopySource(detail.shape);
  OperandShape shape;
  shape.rows = grid.rows;
  if (llvm::Error error = CheckOperand(*matrix, shape, /*tcgen05=*/true)) {
    return Fault(origin, Rule::kMisaligned, llvm::toString(std::move(error)));
  }
  const TensorAddress to = ParseTensorAddress(address);
  // 4x256b writes one lane of each quarter, the others all lanes.
  const int lanes = detail.shape == TensorCopyShape::k4x256b ? 97 : kTensorLanes;
  for (Cta* cta : ctas) {
    if (llvm::Error error = TensorOf(*cta).memory.CheckRange(to, lanes, 4 * grid.chunks)) {
      return Fault(origin, Rule::kTmemMisuse, llvm::toString(std::move(error)),
                   MemorySpace::kTensor, address, 4);
    }
  }
  origin.warp->counters().AddBytes(Traffic::kTensorStore,
                                   static_cast<uint64_t>(16 * grid.rows * grid.chunks));
  Cluster& cluster = origin.cluster();
  cluster.queue().Issue(cluster, std::make_unique<TensorCopyOp>(origin, ctas, *matrix, to));
  return true;
}

Step ExecuteCopy(Warp& warp, const Inst& inst, uint32_t lanes) {
  const llvm::SmallVector<Cta*, 2> ctas = GroupCtas(warp, inst, CopyDetailOf(inst).cta_group);
  if (ctas.empty()) return Step::kTrap;
  std::array<uint64_t, 32> to;
  warp.Addresses(inst.address, lanes, to.data());
  const bool ok = AllLanes(lanes, [&](int lane) {
    return IssueCopy({&warp, &inst, lane}, static_cast<uint32_t>(to[static_cast<size_t>(lane)]),
                     ctas);
  });
  return ok ? Step::kNext : Step::kTrap;
}

/// Arrives once everything before it in the pipe is done.
class CommitOp : public AsyncOp {
 public:
  CommitOp(const Origin& origin, uint32_t mbarrier, llvm::SmallVector<uint32_t, 16> ranks)
      : origin_(origin),
        mbarrier_(mbarrier),
        ranks_(std::move(ranks)),
        op_(BeginPipe(origin, AsyncKind::kTcgen05Mma)) {
    fifo = TensorPipeKey(*origin.warp, CommitDetailOf(*origin.inst).cta_group);
    signal = MbarrierSignal(AddressIn(ranks_.front()));
  }

  void Run(Cluster&) override {
    if (op_ != 0) origin_.warp->monitor()->EndAsync(op_);
    for (uint32_t rank : ranks_) {
      if (!ArriveMbarrierAsync(origin_, op_, AddressIn(rank), 1)) return;
    }
  }

  std::string Describe() const override {
    return llvm::formatv("tcgen05.commit (line {0})", origin_.inst->line);
  }

 private:
  uint32_t AddressIn(uint32_t rank) const {
    return rank << kSharedRankShift | (mbarrier_ & kSharedOffsetMask);
  }

  Origin origin_;
  uint32_t mbarrier_;
  llvm::SmallVector<uint32_t, 16> ranks_;
  OpId op_;
};

Step ExecuteCommit(Warp& warp, const Inst& inst, uint32_t lanes) {
  const CommitDetail& detail = CommitDetailOf(inst);
  if (GroupCtas(warp, inst, detail.cta_group).empty()) return Step::kTrap;
  std::array<uint64_t, 32> addresses;
  warp.Addresses(inst.address, lanes, addresses.data());
  const uint32_t* masks = detail.multicast ? warp.Read32(inst.a, lanes) : nullptr;
  const bool ok = AllLanes(lanes, [&](int lane) {
    const Origin origin = {&warp, &inst, lane};
    const std::optional<uint32_t> address =
        SharedAddress(origin, detail.space, addresses[static_cast<size_t>(lane)]);
    if (!address) return false;
    std::optional<uint32_t> mask;
    if (masks != nullptr) mask = masks[lane] & 0xFFFF;
    auto ranks = TargetRanks(origin, mask, *address);
    if (!ranks) return false;
    if (ranks->empty()) return true;
    Cluster& cluster = warp.cluster();
    cluster.queue().Issue(cluster, std::make_unique<CommitOp>(origin, *address, std::move(*ranks)));
    return true;
  });
  return ok ? Step::kNext : Step::kTrap;
}

llvm::Error TakeCopyShape(const ptx::Instruction& instruction, DecodeContext& context,
                          ptx::ModifierReader& modifiers, TensorCopyShape& shape) {
  const int size = modifiers.TakeOneOf({"128x256b", "4x256b", "128x128b", "64x128b", "32x128b"});
  const int multicast = modifiers.TakeOneOf({"warpx2::02_13", "warpx2::01_23", "warpx4"});
  if (modifiers.Take("b8x16")) return context.Unsupported("tcgen05.cp with decompression");
  // Which multicast each size goes with: none, one of the two pairs, all four.
  const bool good = size < 0    ? false
                    : size < 3  ? multicast < 0
                    : size == 3 ? multicast == 0 || multicast == 1
                                : multicast == 2;
  if (!good) return ptx::ErrorAt(instruction, "tcgen05.cp has no such shape and multicast");
  static constexpr TensorCopyShape kWhole[] = {TensorCopyShape::k128x256b, TensorCopyShape::k4x256b,
                                               TensorCopyShape::k128x128b};
  if (size < 3) {
    shape = kWhole[size];
  } else if (size == 3) {
    shape = multicast == 0 ? TensorCopyShape::k64x128bWarpx2_02_13
                           : TensorCopyShape::k64x128bWarpx2_01_23;
  } else {
    shape = TensorCopyShape::k32x128bWarpx4;
  }
  return modifiers.Finish();
}

}  // namespace

llvm::Error DecodeTensorCopy(const ptx::Instruction& instruction, DecodeContext& context,
                             ptx::ModifierReader& modifiers, Inst& inst) {
  auto* detail = context.New<TensorCopyDetail>();
  detail->cta_group = TakeCtaGroup(modifiers);
  if (detail->cta_group == 0) return ptx::ErrorAt(instruction, "tcgen05.cp without .cta_group");
  if (llvm::Error error = TakeCopyShape(instruction, context, modifiers, detail->shape)) {
    return error;
  }
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[0]))) {
    return error;
  }
  inst.detail = detail;
  inst.execute = ExecuteCopy;
  inst.inst_class = InstClass::kCopy;
  return Bind(inst.a, context.Source(instruction.operands[1], 8));
}

llvm::Error DecodeTensorCommit(const ptx::Instruction& instruction, DecodeContext& context,
                               ptx::ModifierReader& modifiers, Inst& inst) {
  auto* detail = context.New<CommitDetail>();
  detail->cta_group = TakeCtaGroup(modifiers);
  if (detail->cta_group == 0 || !modifiers.Take("mbarrier::arrive::one") ||
      !modifiers.Take("b64")) {
    return ptx::ErrorAt(instruction,
                        "tcgen05.commit without .cta_group, .mbarrier::arrive::one or .b64");
  }
  detail->space = TakeSharedSpace(modifiers, /*cluster_allowed=*/true);
  detail->multicast = modifiers.Take("multicast::cluster");
  if (llvm::Error error = modifiers.Finish()) return error;
  const size_t count = detail->multicast ? 2 : 1;
  if (llvm::Error error = ExpectOperands(instruction, count, count)) return error;
  inst.detail = detail;
  inst.execute = ExecuteCommit;
  inst.inst_class = InstClass::kBarrier;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[0]))) {
    return error;
  }
  if (!detail->multicast) return llvm::Error::success();
  return Bind(inst.a, context.Source(instruction.operands[1], 2));
}

}  // namespace attnjit::emulator
