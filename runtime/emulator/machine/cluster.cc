#include "runtime/emulator/machine/cluster.h"

#include <algorithm>
#include <cstring>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "runtime/emulator/machine/executor.h"

namespace attnjit::emulator {
namespace {

/// What shared memory holds before it is written: NaNs.
constexpr uint8_t kFreshShared = 0x7f;
constexpr size_t kSharedAlign = 1024;

/// Seeded: one request in this many to cancel a launch fails without need (a GPU's fail when other
/// work is more urgent).
constexpr uint64_t kRequestsPerFailure = 8;

uint32_t Product(const Dim3& size) { return size[0] * size[1] * size[2]; }

Dim3 Unflatten(uint64_t linear, const Dim3& size) {
  return {static_cast<uint32_t>(linear % size[0]),
          static_cast<uint32_t>(linear / size[0] % size[1]),
          static_cast<uint32_t>(linear / size[0] / size[1])};
}

uint32_t LiveLanes(uint32_t threads, uint32_t warp) {
  const uint32_t rest = threads - warp * 32;
  return rest >= 32 ? kAllLanes : (1u << rest) - 1;
}

}  // namespace

uint64_t CountClusters(const Launch& launch) {
  return uint64_t{launch.grid[0]} * launch.grid[1] * launch.grid[2] / Product(launch.cluster);
}

Cta::Cta(Cluster& cluster, uint32_t rank, Dim3 index)
    : cluster_(&cluster), rank_(rank), index_(index) {
  const Launch& launch = cluster.launch();
  const Program& program = *launch.program;
  shared_end_ = kSharedReserved + program.static_shared_bytes + launch.dynamic_shared_bytes;
  shared_storage_ = std::make_unique_for_overwrite<uint8_t[]>(shared_end_ + kSharedAlign);
  const auto start = reinterpret_cast<uintptr_t>(shared_storage_.get());
  shared_ = shared_storage_.get() + (llvm::alignTo(start, kSharedAlign) - start);
  std::memset(shared_, kFreshShared, shared_end_);
  const uint32_t threads = Product(launch.block);
  live_warps_ = (threads + 31) / 32;
  for (uint32_t w = 0; w < live_warps_; ++w) {
    warps_.push_back(
        std::make_unique<Warp>(*this, static_cast<int>(w), program, LiveLanes(threads, w)));
  }
}

uint32_t Cta::linear_index() const {
  const Dim3& grid = cluster_->launch().grid;
  return (index_[2] * grid[1] + index_[1]) * grid[0] + index_[0];
}

uint32_t Cta::live_threads() const {
  uint32_t threads = 0;
  for (const auto& warp : warps_) {
    threads += static_cast<uint32_t>(__builtin_popcount(warp->live()));
  }
  return threads;
}

bool Cta::TakeRegisters(uint32_t count) {
  if (count > free_registers_) return false;
  free_registers_ -= count;
  return true;
}

void Cta::ReleaseRegisters(uint32_t count) {
  free_registers_ += count;
  cluster_->Wake();
}

void Cta::WarpExited(const Inst& inst) {
  --live_warps_;
  cluster_->Wake();
  if (live_warps_ != 0) return;
  for (const auto& check : at_exit_) check(*this);
  if (cluster_->monitor() != nullptr) cluster_->monitor()->CtaExit(rank_);
}

Cluster::Cluster(const Launch& launch, const RunOptions& options, uint64_t index, ReportSink* sink,
                 std::shared_ptr<const ClassTable> classes, uint64_t wave)
    : launch_(&launch),
      options_(&options),
      index_(index),
      wave_(wave),
      last_taken_(index),
      sink_(sink),
      queue_(options.policy) {
  const uint32_t size = Product(launch.cluster);
  if (options.sanitize) {
    MonitorOptions monitor;
    monitor.ctas = size;
    monitor.threads_per_cta = Product(launch.block);
    monitor.shared_bytes =
        kSharedReserved + launch.program->static_shared_bytes + launch.dynamic_shared_bytes;
    monitor.tensor_memory = launch.device->tensor_columns > 0;
    monitor.track_global = options.track_global;
    monitor.tcgen05_fences = options.tcgen05_fences;
    monitor_ = std::make_unique<Monitor>(monitor, sink);
  }
  const Dim3 first = this->index();
  for (uint32_t rank = 0; rank < size; ++rank) {
    const Dim3 at = Unflatten(rank, launch.cluster);
    Dim3 cta;
    for (int i = 0; i < 3; ++i) cta[i] = first[i] * launch.cluster[i] + at[i];
    ctas_.push_back(std::make_unique<Cta>(*this, rank, cta));
  }
  if (classes == nullptr) classes = MakeClassTable(*launch.program);
  executor_ = std::make_unique<Executor>(*this, std::move(classes));
}

Cluster::~Cluster() = default;

Cluster::Outcome Cluster::Run(const std::function<bool()>& stop) { return executor_->Run(stop); }

void Cluster::ReportStall() {
  emulator::Report report;
  report.rule = Rule::kDeadlock;
  report.message = "no warp can run and no operation is pending:" + executor_->DescribeWaits();
  for (const auto& cta : ctas_) {
    for (const auto& warp : cta->warps_) {
      if (warp->splits_.empty() || report.actor.warp >= 0) continue;
      report.actor.pc = warp->splits_.front().pc;
      report.actor.cta = static_cast<int32_t>(cta->rank());
      report.actor.warp = warp->index();
    }
  }
  sink_->Add(std::move(report));
  SetTrapped();
}

Dim3 Cluster::index() const { return IndexOf(index_); }

Dim3 Cluster::IndexOf(uint64_t linear) const {
  Dim3 clusters;
  for (int i = 0; i < 3; ++i) clusters[i] = launch_->grid[i] / launch_->cluster[i];
  return Unflatten(linear, clusters);
}

std::optional<uint64_t> Cluster::NextLaunch() const {
  const uint64_t next = last_taken_ + wave_;
  if (wave_ == 0 || next >= CountClusters(*launch_)) return std::nullopt;
  return next;
}

std::optional<Dim3> Cluster::CancelNextLaunch() {
  const std::optional<uint64_t> next = NextLaunch();
  const bool seeded = queue_.policy().kind == AsyncPolicy::Kind::kSeeded;
  if (!next || (seeded && queue_.Random() % kRequestsPerFailure == 0)) return std::nullopt;
  last_taken_ = *next;
  Dim3 first = IndexOf(*next);
  for (int i = 0; i < 3; ++i) first[i] *= launch_->cluster[i];
  return first;
}

uint8_t* Cluster::SharedRange(uint32_t address, uint32_t bytes, Warp* warp, const Inst* inst,
                              int lane) {
  const auto fail = [&](Rule rule, std::string message) -> uint8_t* {
    if (warp != nullptr) {
      warp->Trap(rule, *inst, lane, std::move(message), MemorySpace::kShared, address, bytes);
    }
    return nullptr;
  };
  const uint32_t rank = address >> kSharedRankShift;
  const uint32_t offset = address & kSharedOffsetMask;
  if (rank >= ctas_.size()) {
    return fail(Rule::kOutOfBounds,
                llvm::formatv("shared address {0:x} names CTA {1} of a cluster of {2}", address,
                              rank, ctas_.size()));
  }
  Cta& cta = *ctas_[rank];
  if (offset < kSharedReserved || offset > cta.shared_end() || cta.shared_end() - offset < bytes) {
    return fail(Rule::kOutOfBounds,
                llvm::formatv("{0} bytes at shared address {1:x} leave the CTA's window [{2:x}, "
                              "{3:x})",
                              bytes, address, cta.window() + kSharedReserved,
                              cta.window() + cta.shared_end()));
  }
  if (cta.exited() && (warp == nullptr || &warp->cta() != &cta)) {
    return fail(
        Rule::kDsmemExited,
        llvm::formatv("shared address {0:x} is of CTA {1}, which has exited", address, rank));
  }
  return cta.shared(offset);
}

const uint8_t* Cluster::ConstRange(uint64_t generic_address, uint64_t bytes) {
  if ((generic_address & kGenericMask) == kGenericParam) {
    const uint64_t offset = generic_address & ~kGenericMask;
    const std::vector<uint8_t>& params = launch_->params;
    const bool inside = offset <= params.size() && params.size() - offset >= bytes;
    return inside ? params.data() + offset : nullptr;
  }
  const BlockCache* block = FindBlock(generic_address, bytes);
  return block == nullptr ? nullptr : block->host + (generic_address - block->begin);
}

const Cluster::BlockCache* Cluster::FindBlock(uint64_t address, uint64_t bytes) {
  const auto holds = [&](const BlockCache& block) {
    return address >= block.begin && address <= block.end && block.end - address >= bytes;
  };
  for (const BlockCache& block : blocks_) {
    if (holds(block)) return &block;
  }
  const auto found = launch_->memory->BlockNear(address);
  if (!found) return nullptr;
  BlockCache block = {found->address, found->address + found->bytes, nullptr};
  if (!holds(block)) return nullptr;
  block.host = launch_->memory->Host(block.begin, 1);
  if (block.host == nullptr) return nullptr;
  BlockCache& place = blocks_[next_block_++ % blocks_.size()];
  place = block;
  return &place;
}

}  // namespace attnjit::emulator
