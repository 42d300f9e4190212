#include "tools/attnjit/profile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "generator/error.h"
#include "llvm/Support/FormatVariadic.h"
#include "tools/attnjit/emulation.h"
#include "tools/attnjit/text_table.h"
#include "tools/problem/device_image.h"
#include "tools/problem/run_launch.h"

namespace attnjit {
namespace {

/// Keys of the profiled tiles: some blocks of them, so that the loop outweighs its ends.
constexpr int64_t kProfiledKeys = 512;

/// One tile of queries for each query head of one key head.
ForwardProblem TileProblem(const AttentionSpec& spec, const KernelPlan& plan) {
  int64_t seqlen_kv = kProfiledKeys;
  int64_t seqlen_q = std::max<int64_t>(plan.tile_m, 1);
  if (spec.seqlen_q_at_most != 0) seqlen_q = std::min<int64_t>(seqlen_q, spec.seqlen_q_at_most);
  const auto round_up = [](int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
  };
  seqlen_q = round_up(seqlen_q, spec.seqlen_q_multiple_of);
  seqlen_kv = round_up(seqlen_kv, spec.seqlen_kv_multiple_of);
  if (spec.align == Align::kEqualLengths)
    seqlen_q = seqlen_kv = std::max(seqlen_q, seqlen_kv);  // Lengths are equal.
  if (spec.layout == Layout::kThd) {
    return MakePackedProblem(spec, 1, {static_cast<int32_t>(seqlen_q)},
                             {static_cast<int32_t>(seqlen_kv)});
  }
  return MakeProblem(spec, 1, 1, seqlen_q, seqlen_kv);
}

llvm::Error RunOnce(const Emulation& emulation, const AttentionSpec& spec,
                    const ForwardProblem& problem, Profile& profile) {
  const DriverTable& driver = *emulation.gpu.driver;
  ScopedContext current(driver, emulation.gpu.device->context());
  if (llvm::Error error = current.TakeError()) return error;
  llvm::Expected<std::shared_ptr<const Kernel>> kernel = emulation.engine->Prepare(spec, 0);
  if (!kernel) return kernel.takeError();
  profile.kernel = (*kernel)->plan().name;
  llvm::Expected<DeviceStream> stream = DeviceStream::Create(driver);
  if (!stream) return stream.takeError();
  LaunchImage image = MakeLaunchImage(problem, spec.layout, {});
  FillInputs(image, 1, {}, {}, {}, {});
  llvm::Expected<DeviceImage> device = DeviceImage::Create(driver, image, stream->get());
  if (!device) return device.takeError();
  return RunLaunch(driver, **kernel, *device, image, stream->get(), LaunchMode::kStream);
}

}  // namespace

llvm::Expected<Profile> ProfileKernel(const AttentionSpec& spec, const KernelPlan& plan,
                                      const EngineOptions& options) {
  const std::string device = EmulatedDeviceFor(plan.arch);
  if (device.empty()) {
    return llvm::make_error<PlanError>(std::vector<std::string>{
        std::string("no emulated GPU runs ") + GetArchInfo(plan.arch).name});
  }
  // Wavefronts and bank conflicts are counted by the sanitizer's eyes alone.
  llvm::Expected<Emulation> emulation = OpenEmulation({device, {}, true}, options);
  if (!emulation) return emulation.takeError();
  const ForwardProblem problem = TileProblem(spec, plan);
  AttentionSpec on_arch = spec;
  on_arch.arch = plan.arch;
  Profile profile;
  if (llvm::Error error = RunOnce(*emulation, on_arch, problem, profile)) return error;
  profile.device = emulation->gpu.device->name();
  const SmRates& rates = *FindSmRates(*ParseArch(device));
  profile.rates = rates.source;
  profile.seqlen_q = problem.SeqlenQ(0);
  profile.seqlen_kv = problem.SeqlenKv(0);
  const int64_t query_tiles = (profile.seqlen_q + plan.tile_m - 1) / plan.tile_m;
  profile.tiles = query_tiles * ((problem.heads_q + plan.tile_heads - 1) / plan.tile_heads);
  profile.visible_share =
      static_cast<double>(problem.VisiblePairs()) /
      static_cast<double>(problem.heads_q * profile.seqlen_q * profile.seqlen_kv);
  profile.counters = emulation->emulator->TakeCounters();
  profile.costs = emulator::ResourceCosts(profile.counters, rates);
  return profile;
}

void PrintProfile(const Profile& profile, llvm::raw_ostream& os) {
  const auto tiles = static_cast<double>(profile.tiles);
  os << llvm::formatv("profile of {0} on an {1}\n", profile.kernel, profile.device)
     << llvm::formatv(
            "{0} tiles of {1} queries x {2} keys, {3:f0} % of the pairs visible; for one tile:\n",
            profile.tiles, profile.seqlen_q, profile.seqlen_kv, 100 * profile.visible_share);
  TextTable costs({"resource", ">cycles of an SM", ">of the largest", "from"});
  const double largest = profile.costs.empty() ? 1 : profile.costs.front().cycles;
  for (const emulator::ResourceCost& cost : profile.costs) {
    costs.Add({cost.resource, llvm::formatv("{0:f0}", cost.cycles / tiles),
               llvm::formatv("{0:f1} %", 100 * cost.cycles / largest), cost.detail});
  }
  costs.PrintAligned(os);
  os << "cycles are work divided by the GPU's rates (" << profile.rates
     << "), as if each resource had all the time it wants: no speed was measured\n";
  TextTable counts({"warp instructions", ">for one tile"});
  for (size_t i = 0; i < emulator::kInstructionClasses; ++i) {
    const auto kind = static_cast<emulator::InstructionClass>(i);
    if (profile.counters[kind] == 0) continue;
    counts.Add({emulator::InstructionClassName(kind).str(),
                llvm::formatv("{0:f1}", static_cast<double>(profile.counters[kind]) / tiles)});
  }
  counts.PrintAligned(os);
  TextTable bytes({"bytes", ">for one tile"});
  for (size_t i = 0; i < emulator::kTrafficKinds; ++i) {
    const auto kind = static_cast<emulator::Traffic>(i);
    if (profile.counters[kind] == 0) continue;
    bytes.Add({emulator::TrafficName(kind).str(),
               llvm::formatv("{0:f1}", static_cast<double>(profile.counters[kind]) / tiles)});
  }
  bytes.PrintAligned(os);
  os << llvm::formatv("bank conflicts {0:f1}, barrier waits {1:f1}, mbarrier waits {2:f1}\n",
                      static_cast<double>(profile.counters.bank_conflicts()) / tiles,
                      static_cast<double>(profile.counters.barrier_waits) / tiles,
                      static_cast<double>(profile.counters.mbarrier_waits) / tiles);
}

std::string ProfileJson(const Profile& profile) {
  using Json = nlohmann::ordered_json;
  Json costs = Json::array();
  for (const emulator::ResourceCost& cost : profile.costs) {
    costs.push_back(
        {{"resource", cost.resource}, {"cycles", cost.cycles}, {"detail", cost.detail}});
  }
  const Json json = {{"kernel", profile.kernel},
                     {"device", profile.device},
                     {"tiles", profile.tiles},
                     {"seqlen_q", profile.seqlen_q},
                     {"seqlen_kv", profile.seqlen_kv},
                     {"visible_share", profile.visible_share},
                     {"rates", profile.rates},
                     {"costs", std::move(costs)},
                     {"counters", Json::parse(profile.counters.ToJson())}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attnjit
