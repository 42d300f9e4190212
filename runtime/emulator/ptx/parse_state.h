// What the parts of the parser share.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_PARSE_STATE_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_PARSE_STATE_H_

#include "llvm/ADT/DenseMap.h"
#include "runtime/emulator/ptx/ast.h"
#include "runtime/emulator/ptx/cursor.h"
#include "runtime/emulator/ptx/parser.h"
#include "runtime/emulator/ptx/scope.h"

namespace attnjit::emulator::ptx {

struct ParseState {
  explicit ParseState(llvm::StringRef text) : cursor(text) {}

  Cursor cursor;
  Module module;
  llvm::DenseMap<llvm::StringRef, Meaning> symbols;  ///< Of the module.
  uint32_t depth = 0;                                ///< Nesting here; see NestingGuard.
  uint32_t instructions = 0;                         ///< So far, of the module, as the next two.
  uint32_t operands = 0;
  uint64_t initial_bytes = 0;
};

/// A linking directive, if there is one: .visible, .extern, .weak, .common.
Linkage ParseLinkage(Cursor& cursor);
/// `.file 1 "name" [, timestamp, size]`, after ".file".
bool ParseFile(ParseState& state);
/// `.section name { .. }`, after ".section": skipped.
bool ParseSection(Cursor& cursor);
/// `.pragma "text" [, ..];`, after ".pragma": skipped.
bool ParsePragma(Cursor& cursor);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_PARSE_STATE_H_
