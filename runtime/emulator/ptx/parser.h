// Parses PTX text (PTX ISA 9.1, chapters 4, 5 and 11).
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_PARSER_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_PARSER_H_

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator::ptx {

/// Bounds on what a text may ask for, so that no text takes memory or stack out of proportion.
struct ParseLimits {
  static constexpr size_t kTextBytes = size_t{64} << 20;
  static constexpr uint32_t kNesting = 64;  ///< Scopes, operand lists, expressions, initialisers.
  static constexpr uint32_t kRegisters = 1 << 20;     ///< Of one function.
  static constexpr uint32_t kInstructions = 1 << 20;  ///< Of the module.
  static constexpr uint32_t kOperands = 4 << 20;      ///< Of the module, lists included.
  static constexpr uint32_t kModifiers = 32;          ///< Of one instruction.
  static constexpr uint64_t kVariableBytes = uint64_t{1} << 30;
  static constexpr uint64_t kInitialBytes = size_t{64} << 20;  ///< Of the module's variables.
};

/// Copies and parses `text`. Every failure is a PtxError at the first thing that is wrong.
/// Instructions are not checked beyond their syntax: what an opcode takes is its decoder's matter.
/// `.section` and `.pragma` are skipped: they carry no meaning for the execution.
llvm::Expected<Module> ParsePtx(llvm::StringRef text);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_PARSER_H_
