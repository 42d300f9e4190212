// Emulated GPUs behind the table of driver functions: what stands in for libcuda.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_EMULATOR_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_EMULATOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/driver.h"
#include "runtime/emulator/async/queue.h"
#include "runtime/emulator/sanitizer/counters.h"
#include "runtime/emulator/sanitizer/report.h"

namespace attnjit::emulator {

struct EmulatorOptions {
  std::vector<std::string> devices = {"sm_90a"};  ///< By name, as FindDeviceModel takes them.
  int sms = 0;  ///< Of each device; 0: its own. Few let persistent kernels walk many tiles.
  AsyncPolicy policy;
  bool sanitize = true;
  // For kernels by others that leave out what the PTX ISA asks for and GPUs do not need.
  bool tcgen05_fences = true;     ///< MonitorOptions::tcgen05_fences.
  bool tcgen05_waits = true;      ///< RunOptions::tcgen05_waits.
  int threads = 0;                ///< Clusters that run at a time; 0: one for each core.
  uint64_t max_instructions = 0;  ///< Of one warp, against endless loops; 0: the machine's own.
  std::vector<Silence> silences;
};

/// What the launches since the last look have had reported.
struct Findings {
  std::vector<Report> reports;    ///< Equal ones once, in the order of rule and place.
  uint64_t total = 0;             ///< Equal ones each time.
  uint64_t dropped = 0;           ///< Different ones that were too many to keep.
  std::vector<Silence> silences;  ///< All that were given, with how often each was used.
};

/// Thread safe. Ends when nothing holds it or its table any more.
class Emulator {
 public:
  /// The most that one process can have at a time.
  static constexpr int kMaxEmulators = 16;

  virtual ~Emulator() = default;

  /// Its driver functions, initialised. Loads PTX. Keeps the emulator alive.
  virtual std::shared_ptr<const DriverTable> table() = 0;

  /// What was found and has not been taken.
  virtual Findings TakeFindings() = 0;
  /// The sum over the launches that have not been taken.
  virtual Counters TakeCounters() = 0;
  /// Why calls have failed, one line each, oldest first: what an error code cannot say ("ptx:12:5:
  /// unknown opcode ..", "3 x 99 KiB of shared memory ..").
  virtual std::vector<std::string> TakeLog() = 0;

  /// For the launches that follow.
  virtual void SetPolicy(const AsyncPolicy& policy) = 0;
};

/// Errors: an unknown device (the message names those there are), no device, no address space, or
/// kMaxEmulators reached.
llvm::Expected<std::shared_ptr<Emulator>> MakeDriver(const EmulatorOptions& options);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_EMULATOR_H_
