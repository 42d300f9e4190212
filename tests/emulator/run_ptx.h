// Runs a PTX text in the emulator's machine, without a driver: for tests of what instructions do.
//
//   PtxRun run;                                  // sm_90a, one CTA of 32 threads, sanitizer on
//   const uint64_t out = run.Allocate(128);
//   run.Kernel(".param .u64 out", R"(.reg .b64 %rd<2>; ld.param.u64 %rd0, [out]; ..)", {out});
//   EXPECT_EQ(run.Read<uint32_t>(out, 32), ..);
#ifndef ATTNJIT_TESTS_EMULATOR_RUN_PTX_H_
#define ATTNJIT_TESTS_EMULATOR_RUN_PTX_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "runtime/emulator/machine/address.h"
#include "runtime/emulator/machine/grid.h"
#include "runtime/emulator/ops/registry.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/parser.h"

namespace attnjit::emulator {

class PtxRun {
 public:
  explicit PtxRun(std::string arch = "sm_90a") : arch_(std::move(arch)) {
    launch.device = FindDeviceModel(arch_);
    memory_ = llvm::cantFail(GlobalMemory::Create(uint64_t{1} << 28));
    launch.memory = memory_.get();
    launch.block = {32, 1, 1};
  }

  /// Fields to change before a run; program and params are set by it.
  Launch launch;
  RunOptions options;
  ReportSink sink;

  uint64_t Allocate(uint64_t bytes) { return *memory_->Allocate(bytes); }
  template <class T>
  uint64_t Upload(const std::vector<T>& values) {
    const uint64_t address = Allocate(values.size() * sizeof(T));
    std::memcpy(memory_->Host(address, values.size() * sizeof(T)), values.data(),
                values.size() * sizeof(T));
    return address;
  }
  template <class T>
  std::vector<T> Read(uint64_t address, size_t count) const {
    std::vector<T> values(count);
    std::memcpy(values.data(), memory_->Host(address, count * sizeof(T)), count * sizeof(T));
    return values;
  }

  /// Module text around a kernel "test" with these parameters. `module` stands before it.
  std::string Text(const std::string& parameters, const std::string& body,
                   const std::string& module = "") const {
    return ".version 9.0\n.target " + arch_ + "\n.address_size 64\n" + module +
           "\n.visible .entry test(" + parameters + ")\n{\n" + body + "\n}\n";
  }

  /// Parses and decodes; a failure is the test's, and null.
  std::shared_ptr<const Program> Decode(const std::string& text) {
    llvm::Expected<ptx::Module> module = ptx::ParsePtx(text);
    if (!module) {
      ADD_FAILURE() << llvm::toString(module.takeError());
      return nullptr;
    }
    auto owned = std::make_shared<const ptx::Module>(std::move(*module));
    auto program = DecodeEntryWith(owned, "test", AllDecoders());
    if (!program) {
      ADD_FAILURE() << llvm::toString(program.takeError());
      return nullptr;
    }
    return *program;
  }

  /// Runs a program whose parameters are all 8 bytes. True: completed; the sink may hold reports.
  bool Run(std::shared_ptr<const Program> program, const std::vector<uint64_t>& arguments) {
    if (program == nullptr) return false;
    program_ = std::move(program);
    launch.program = program_.get();
    launch.params.assign(arguments.size() * 8, 0);
    if (!arguments.empty()) {
      std::memcpy(launch.params.data(), arguments.data(), launch.params.size());
    }
    const std::string problem = LaunchProblem(launch);
    if (!problem.empty()) {
      ADD_FAILURE() << problem;
      return false;
    }
    result = RunGrid(launch, options, sink);
    return result.completed;
  }
  bool Kernel(const std::string& parameters, const std::string& body,
              const std::vector<uint64_t>& arguments, const std::string& module = "") {
    return Run(Decode(Text(parameters, body, module)), arguments);
  }

  GridResult result;

 private:
  std::string arch_;
  std::unique_ptr<GlobalMemory> memory_;
  std::shared_ptr<const Program> program_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_RUN_PTX_H_
