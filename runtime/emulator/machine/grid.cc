#include "runtime/emulator/machine/grid.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/emulator/machine/executor.h"

namespace attnjit::emulator {
namespace {

/// Times that a worker goes through its stalled clusters, while no worker makes progress, before
/// they count as deadlocked.
constexpr uint32_t kStallRounds = 100000;
/// Clusters that one worker keeps in memory for such waiting.
constexpr size_t kMaxOpen = 256;

std::vector<SourcePlace> PlacesOf(const Program& program) {
  std::vector<SourcePlace> places(program.code.size());
  for (size_t pc = 0; pc < places.size(); ++pc) {
    places[pc].ptx_line = static_cast<uint32_t>(std::max(program.code[pc].line, 0));
    if (pc < program.cuda_lines.size()) {
      places[pc].cuda_line = static_cast<uint32_t>(std::max(program.cuda_lines[pc], 0));
    }
    if (pc < program.text.size()) places[pc].instruction = program.text[pc];
  }
  return places;
}

/// Clusters that are on the GPU together, where one may cancel the launch of others: a CTA for each
/// SM. Which of them cancels which does not depend on the host's threads: n takes n + wave. 0: the
/// program cancels none, and clusters need not wait for each other.
uint64_t WaveOf(const Launch& launch) {
  if (!launch.program->cancels_launches) return 0;
  const uint64_t size = uint64_t{launch.cluster[0]} * launch.cluster[1] * launch.cluster[2];
  return std::max(uint64_t{1}, static_cast<uint64_t>(launch.device->sm_count) / size);
}

/// The clusters of one launch, handed out to workers in order.
class GridRun {
 public:
  GridRun(const Launch& launch, const RunOptions& options, ReportSink& sink)
      : launch_(launch),
        options_(options),
        sink_(sink),
        classes_(MakeClassTable(*launch.program)),
        wave_(WaveOf(launch)),
        count_(wave_ == 0 ? CountClusters(launch) : std::min(wave_, CountClusters(launch))) {}

  GridResult Run() {
    const uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
    const uint64_t wanted = options_.threads > 0 ? static_cast<uint64_t>(options_.threads) : cores;
    const auto workers = static_cast<size_t>(std::min(wanted, count_));
    std::vector<std::thread> threads;
    for (size_t i = 1; i < workers; ++i) threads.emplace_back([this] { Work(); });
    Work();
    for (std::thread& thread : threads) thread.join();
    GridResult result;
    result.completed = !failed_;
    result.counters = counters_;
    return result;
  }

 private:
  /// Runs clusters until none is left. A cluster that only polls makes room for the next one: it
  /// may wait for what a later cluster writes, as clusters that are on a GPU together may.
  void Work() {
    std::deque<std::unique_ptr<Cluster>> open;
    uint32_t idle = 0;
    uint64_t seen = 0;  // progress_ when idle was 0
    while (!failed_ && (!open.empty() || Open(open))) {
      Cluster& cluster = *open.front();
      const Cluster::Outcome outcome = RunCluster(cluster);
      if (outcome == Cluster::Outcome::kFailed) failed_ = true;
      if (outcome != Cluster::Outcome::kStalled) {
        Close(open);
        continue;
      }
      std::rotate(open.begin(), open.begin() + 1, open.end());
      if (open.size() < kMaxOpen && Open(open)) {
        std::rotate(open.begin(), open.end() - 1, open.end());
        continue;
      }
      if (idle == 0 || seen != progress_) {
        idle = 0;
        seen = progress_;
      }
      if (++idle % 64 == 0) std::this_thread::yield();
      if (idle < kStallRounds) continue;
      open.front()->ReportStall();
      failed_ = true;
    }
    for (const std::unique_ptr<Cluster>& cluster : open) Merge(cluster->counters());
  }

  Cluster::Outcome RunCluster(Cluster& cluster) {
    uint64_t effects = cluster.effects();
    const auto stop = [&] {  // Called often while the cluster runs.
      if (cluster.effects() != effects) {
        effects = cluster.effects();
        ++progress_;
      }
      return failed_.load();
    };
    const Cluster::Outcome outcome = cluster.Run(stop);
    stop();
    return outcome;
  }

  bool Open(std::deque<std::unique_ptr<Cluster>>& open) {
    const uint64_t index = next_++;
    if (index >= count_) return false;
    open.push_back(MakeCluster(index));
    return true;
  }

  /// Ends the first open cluster. What it was to cancel and has not starts in its place.
  void Close(std::deque<std::unique_ptr<Cluster>>& open) {
    const std::unique_ptr<Cluster> closed = std::move(open.front());
    open.pop_front();
    Merge(closed->counters());
    const std::optional<uint64_t> next = closed->NextLaunch();
    if (next && !failed_) open.push_front(MakeCluster(*next));
  }

  std::unique_ptr<Cluster> MakeCluster(uint64_t index) {
    return std::make_unique<Cluster>(launch_, options_, index, &sink_, classes_, wave_);
  }

  void Merge(const Counters& counters) {
    const std::lock_guard lock(mutex_);
    counters_.Merge(counters);
  }

  const Launch& launch_;
  const RunOptions& options_;
  ReportSink& sink_;
  const std::shared_ptr<const ClassTable> classes_;
  const uint64_t wave_;   ///< Of Cluster.
  const uint64_t count_;  ///< Clusters that start without another's end.
  std::atomic<uint64_t> next_ = 0;
  std::atomic<uint64_t> progress_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  Counters counters_;
};

}  // namespace

GridResult RunGrid(const Launch& launch, const RunOptions& options, ReportSink& sink) {
  sink.SetKernel(launch.program->name, PlacesOf(*launch.program));
  return GridRun(launch, options, sink).Run();
}

}  // namespace attnjit::emulator
