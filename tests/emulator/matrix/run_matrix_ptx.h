// PtxRun with every policy, for programs of matrix instructions.
#ifndef ATTNJIT_TESTS_EMULATOR_MATRIX_RUN_MATRIX_PTX_H_
#define ATTNJIT_TESTS_EMULATOR_MATRIX_RUN_MATRIX_PTX_H_

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/emulator/ops/matrix_ops.h"
#include "tests/emulator/run_ptx.h"

namespace attnjit::emulator {

/// The decoders of all families, and these, each once.
inline std::vector<OpcodeDecoder> DecodersWithMatrix() {
  std::vector<OpcodeDecoder> all = AllDecoders();
  for (const OpcodeDecoder& decoder : MatrixDecoders()) {
    const auto same = [&](const OpcodeDecoder& other) {
      return std::strcmp(other.opcode, decoder.opcode) == 0;
    };
    if (std::none_of(all.begin(), all.end(), same)) all.push_back(decoder);
  }
  std::sort(all.begin(), all.end(), [](const OpcodeDecoder& a, const OpcodeDecoder& b) {
    return std::strcmp(a.opcode, b.opcode) < 0;
  });
  return all;
}

/// The error of decoding, "" if there is none.
inline std::string DecodeMatrixText(const std::string& text,
                                    std::shared_ptr<const Program>* program = nullptr) {
  llvm::Expected<ptx::Module> module = ptx::ParsePtx(text);
  if (!module) return llvm::toString(module.takeError());
  auto owned = std::make_shared<const ptx::Module>(std::move(*module));
  const std::vector<OpcodeDecoder> decoders = DecodersWithMatrix();
  auto decoded = DecodeEntryWith(owned, "test", decoders);
  if (!decoded) return llvm::toString(decoded.takeError());
  if (program != nullptr) *program = *decoded;
  return "";
}

inline bool RunMatrixKernel(PtxRun& run, const std::string& parameters, const std::string& body,
                            const std::vector<uint64_t>& arguments,
                            const std::string& module = "") {
  std::shared_ptr<const Program> program;
  const std::string error = DecodeMatrixText(run.Text(parameters, body, module), &program);
  EXPECT_EQ("", error);
  return program != nullptr && run.Run(program, arguments);
}

inline std::vector<AsyncPolicy> SomePolicies() {
  std::vector<AsyncPolicy> policies = {{AsyncPolicy::Kind::kEager, 0},
                                       {AsyncPolicy::Kind::kLate, 0}};
  for (uint64_t seed = 1; seed <= 4; ++seed) policies.push_back({AsyncPolicy::Kind::kSeeded, seed});
  return policies;
}

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_MATRIX_RUN_MATRIX_PTX_H_
