#include "runtime/emulator/async/queue.h"

#include <algorithm>

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {
namespace {

/// Seeded: one tick in this many runs an operation, so that some operations take long.
constexpr uint64_t kTicksPerRun = 4;

}  // namespace

llvm::Expected<AsyncPolicy> ParseAsyncPolicy(llvm::StringRef text) {
  AsyncPolicy policy;
  if (text == "eager") return policy;
  if (text == "late") {
    policy.kind = AsyncPolicy::Kind::kLate;
    return policy;
  }
  llvm::StringRef number = text;
  if (number.consume_front("seed=") && llvm::to_integer(number, policy.seed, 10)) {
    policy.kind = AsyncPolicy::Kind::kSeeded;
    return policy;
  }
  return llvm::createStringError(std::errc::invalid_argument,
                                 "'%s' is no policy: eager, late or seed=N (0 <= N < 2^64)",
                                 text.str().c_str());
}

std::string ToString(const AsyncPolicy& policy) {
  switch (policy.kind) {
    case AsyncPolicy::Kind::kEager:
      return "eager";
    case AsyncPolicy::Kind::kLate:
      return "late";
    case AsyncPolicy::Kind::kSeeded:
      return llvm::formatv("seed={0}", policy.seed);
  }
  return "";
}

AsyncQueue::AsyncQueue(const AsyncPolicy& policy) : policy_(policy), random_state_(policy.seed) {}

void AsyncQueue::Issue(Cluster& cluster, std::unique_ptr<AsyncOp> op) {
  cluster.NoteEffect();
  if (policy_.kind == AsyncPolicy::Kind::kEager) {
    op->Run(cluster);
    cluster.Wake();
    return;
  }
  pending_.push_back(std::move(op));
}

bool AsyncQueue::Tick(Cluster& cluster) {
  if (pending_.empty() || policy_.kind != AsyncPolicy::Kind::kSeeded) return false;
  return Random() % kTicksPerRun == 0 && RunOne(cluster);
}

bool AsyncQueue::RunOne(Cluster& cluster) {
  if (pending_.empty()) return false;
  RunAt(cluster, policy_.kind == AsyncPolicy::Kind::kSeeded ? PickRandom() : PickLate());
  return true;
}

void AsyncQueue::RunAt(Cluster& cluster, size_t i) {
  const std::unique_ptr<AsyncOp> op = std::move(pending_[i]);
  pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(i));
  wanted_.clear();
  op->Run(cluster);
  cluster.Wake();
}

/// The operation that has to run first for operation i to run.
size_t AsyncQueue::HeadOf(size_t i) const {
  const uint64_t fifo = pending_[i]->fifo;
  if (fifo == 0) return i;
  for (size_t k = 0; k < i; ++k) {
    if (pending_[k]->fifo == fifo) return k;
  }
  return i;
}

size_t AsyncQueue::PickLate() const {
  for (size_t i = 0; i < pending_.size(); ++i) {
    const AsyncSignal signal = pending_[i]->signal;
    if (signal != 0 && llvm::is_contained(wanted_, signal)) return HeadOf(i);
  }
  return 0;
}

size_t AsyncQueue::PickRandom() { return HeadOf(static_cast<size_t>(Random() % pending_.size())); }

std::vector<std::string> AsyncQueue::Describe() const {
  std::vector<std::string> result;
  for (const std::unique_ptr<AsyncOp>& op : pending_) result.push_back(op->Describe());
  return result;
}

void AsyncQueue::Want(AsyncSignal signal) {
  if (!llvm::is_contained(wanted_, signal)) wanted_.push_back(signal);
}

uint64_t AsyncQueue::Random() {
  // SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
  random_state_ += 0x9e37'79b9'7f4a'7c15;
  uint64_t z = random_state_;
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

}  // namespace attnjit::emulator
