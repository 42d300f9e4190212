// Decoders that bind operands and execute nothing, to test how programs are decoded.
#ifndef ATTNJIT_TESTS_EMULATOR_PROGRAM_FAKE_DECODERS_H_
#define ATTNJIT_TESTS_EMULATOR_PROGRAM_FAKE_DECODERS_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "runtime/emulator/program/decode.h"

namespace attnjit::emulator {

/// mov.b16/b32/b64, add.b32, ld/st.*.b32, bra, brx, call, ret, wgmma (any operands), not.pred.
llvm::ArrayRef<OpcodeDecoder> FakeDecoders();

/// Decodes entry k of the module; `rest` follows the module's first three lines.
llvm::Expected<std::shared_ptr<const Program>> DecodeText(const std::string& rest);
/// The same, with the test failing where that fails; then the program is empty.
std::shared_ptr<const Program> DecodeOrFail(const std::string& rest);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_PROGRAM_FAKE_DECODERS_H_
