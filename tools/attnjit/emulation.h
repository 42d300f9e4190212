// A kernel on an emulated GPU: opening one behind an engine, and what it found in readable form.
#ifndef ATTNJIT_TOOLS_ATTNJIT_EMULATION_H_
#define ATTNJIT_TOOLS_ATTNJIT_EMULATION_H_

#include <memory>
#include <string>

#include "generator/arch.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/driver/emulator.h"
#include "runtime/engine.h"
#include "tools/problem/opened_gpu.h"

namespace attnjit {

struct EmulationOptions {
  std::string device;  ///< "sm_90a"
  emulator::AsyncPolicy policy;
  bool sanitize = true;
};

/// An emulated GPU and an engine that loads kernels on it as device 0.
struct Emulation {
  std::shared_ptr<emulator::Emulator> emulator;
  OpenedGpu gpu;
  std::unique_ptr<Engine> engine;
};

/// "sm_90a" for `--device emulator:sm_90a`. Errors: UsageError with the devices there are.
llvm::Expected<std::string> ParseEmulatedDevice(llvm::StringRef name);

/// The emulated device that runs kernels for `arch`: that GPU itself, else the next one that takes
/// its code. "": none does.
std::string EmulatedDeviceFor(Arch arch);

/// Errors: of the emulator, DriverError.
llvm::Expected<Emulation> OpenEmulation(const EmulationOptions& options,
                                        const EngineOptions& engine_options);

/// Gives findings in the kernel of `entry` the lines of its CUDA source, by compiling it once more
/// with line numbers. False, and nothing changed, where that is not possible here.
bool AddCudaLines(const CacheEntry& entry, const std::string& nvrtc_path,
                  emulator::Findings& findings);

/// Takes out what comments of the kernel's source allow (`// sanitizer-allow(RULE): REASON`,
/// report.h), and lists those comments with how often each did. Findings need their CUDA lines.
/// Errors: a comment that is malformed.
llvm::Error ApplySilences(llvm::StringRef source, emulator::Findings& findings);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_EMULATION_H_
