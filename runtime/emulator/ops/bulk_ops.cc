#include "runtime/emulator/ops/bulk_ops.h"

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/copy_groups.h"
#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {
namespace {

OpId Begin(const Origin& origin, uint32_t lanes, AsyncKind kind = AsyncKind::kBulk) {
  Monitor* monitor = origin.warp->monitor();
  if (monitor == nullptr) return 0;
  return monitor->BeginAsync({Issuer{origin.warp->id(), lanes}}, kind, origin.inst->pc);
}

void End(const Origin& origin, OpId op) {
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) monitor->EndAsync(op);
}

/// "cp.async.bulk.tensor (line 812)": the opcode and its first modifiers.
std::string DescribeCopy(const Origin& origin, const char* step) {
  const llvm::StringRef text = origin.warp->program().text[origin.inst->pc];
  // After a guard, if there is one.
  const llvm::StringRef rest = text.startswith("@") ? text.drop_until(llvm::isSpace).ltrim() : text;
  const llvm::StringRef spelling = rest.take_until(llvm::isSpace);
  return llvm::formatv("{0}{1} (line {2})", spelling, step, origin.inst->line);
}

CopyGroups& GroupsOf(const Origin& origin) {
  return origin.warp->State<WarpCopies>(StateSlot::kCopies).bulk;
}

class LoadOp : public AsyncOp {
 public:
  LoadOp(const Origin& origin, std::unique_ptr<BulkMover> mover, uint32_t mbarrier, uint32_t bytes,
         AsyncKind kind)
      : origin_(origin),
        mover_(std::move(mover)),
        mbarrier_(mbarrier),
        bytes_(bytes),
        op_(Begin(origin, 1u << origin.lane, kind)) {
    signal = MbarrierSignal(mbarrier);
    if (op_ != 0) mover_->Watch(*origin.warp->monitor(), op_, op_);
  }

  void Run(Cluster&) override {
    // The mbarrier first: where the CTA has exited, its memory is nobody's to write.
    if (FindMbarrier(origin_, mbarrier_) == nullptr) return;
    mover_->Read();
    End(origin_, op_);
    CompleteMbarrierTx(origin_, op_, mbarrier_, bytes_);
  }

  std::string Describe() const override { return DescribeCopy(origin_, ""); }

 private:
  Origin origin_;
  std::unique_ptr<BulkMover> mover_;
  uint32_t mbarrier_;
  uint32_t bytes_;
  OpId op_;
};

class StoreWriteOp : public AsyncOp {
 public:
  StoreWriteOp(const Origin& origin, std::unique_ptr<BulkMover> mover, uint64_t number, OpId op)
      : origin_(origin), mover_(std::move(mover)), number_(number), op_(op) {
    fifo = BulkWriteKey(*origin.warp);
    signal = fifo;
  }

  void Run(Cluster&) override {
    mover_->Write();
    End(origin_, op_);
    GroupsOf(origin_).EndWrites(number_);
  }

  std::string Describe() const override { return DescribeCopy(origin_, ", its writes"); }

 private:
  Origin origin_;
  std::unique_ptr<BulkMover> mover_;
  uint64_t number_;
  OpId op_;
};

class StoreReadOp : public AsyncOp {
 public:
  StoreReadOp(const Origin& origin, std::unique_ptr<BulkMover> mover, uint32_t lanes)
      : origin_(origin),
        mover_(std::move(mover)),
        number_(GroupsOf(origin).Issue(lanes)),
        reads_(Begin(origin, lanes)),
        writes_(Begin(origin, lanes)) {
    fifo = BulkReadKey(*origin.warp);
    signal = fifo;
    if (reads_ == 0) return;
    mover_->Watch(*origin.warp->monitor(), reads_, writes_);
    GroupsOf(origin).Name(number_, lanes, reads_, writes_);
  }

  void Run(Cluster& cluster) override {
    mover_->Read();
    End(origin_, reads_);
    GroupsOf(origin_).EndReads(number_);
    cluster.queue().Issue(
        cluster, std::make_unique<StoreWriteOp>(origin_, std::move(mover_), number_, writes_));
  }

  std::string Describe() const override { return DescribeCopy(origin_, ""); }

 private:
  Origin origin_;
  std::unique_ptr<BulkMover> mover_;
  uint64_t number_;
  OpId reads_;
  OpId writes_;
};

}  // namespace

void IssueLoad(const Origin& origin, std::unique_ptr<BulkMover> mover, uint32_t mbarrier,
               uint32_t bytes, AsyncKind kind) {
  Cluster& cluster = origin.cluster();
  cluster.queue().Issue(cluster,
                        std::make_unique<LoadOp>(origin, std::move(mover), mbarrier, bytes, kind));
}

void IssueStore(const Origin& origin, std::unique_ptr<BulkMover> mover, uint32_t lanes) {
  Cluster& cluster = origin.cluster();
  cluster.queue().Issue(cluster, std::make_unique<StoreReadOp>(origin, std::move(mover), lanes));
}

std::optional<llvm::SmallVector<uint32_t, 16>> TargetRanks(const Origin& origin,
                                                           std::optional<uint32_t> mask,
                                                           uint32_t destination) {
  llvm::SmallVector<uint32_t, 16> ranks;
  if (!mask) {
    ranks.push_back(destination >> kSharedRankShift);
    return ranks;
  }
  for (uint32_t rank = 0; rank < 16; ++rank) {
    if ((*mask >> rank & 1) == 0) continue;
    if (rank >= origin.cluster().ctas().size()) {
      Fault(origin, Rule::kOutOfBounds,
            llvm::formatv("multicast mask {0:x} names CTA {1} of a cluster of {2}", *mask, rank,
                          origin.cluster().ctas().size()));
      return std::nullopt;
    }
    ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace attnjit::emulator
