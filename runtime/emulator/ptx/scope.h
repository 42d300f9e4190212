// Names inside a function: nested scopes of registers, variables and labels.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_SCOPE_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_SCOPE_H_

#include <cstdint>
#include <vector>

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"
#include "runtime/emulator/ptx/ast.h"
#include "runtime/emulator/ptx/lexer.h"

namespace attnjit::emulator::ptx {

/// What a name means: a register (`symbol` is kNone, `index` its first register, `width` how many a
/// vector has) or a symbol.
struct Meaning {
  SymbolKind symbol = SymbolKind::kNone;
  int32_t index = -1;
  uint32_t width = 1;
};

/// A use of a label that may be declared later: an operand of an instruction, or an entry of a
/// branch table.
struct LabelUse {
  Token token;
  bool in_table = false;
  uint32_t owner = 0;  ///< Index of the instruction or table.
  uint32_t entry = 0;  ///< Of its operands or labels.
};

class ScopeStack {
 public:
  void Open() { scopes_.emplace_back(); }
  size_t depth() const { return scopes_.size(); }

  /// Declares in the innermost scope; false where the name is taken there.
  bool Declare(llvm::StringRef name, Meaning meaning);
  /// Declares prefix0 .. prefix<count-1>, of `meaning.width` registers each.
  bool DeclareNumbered(llvm::StringRef prefix, uint32_t count, Meaning meaning);
  /// Labels and branch tables are apart: they may be used before they are declared.
  bool DeclareLabel(llvm::StringRef name, Meaning meaning);
  /// What a name other than a label means, from the innermost scope outwards; null if nothing.
  bool Find(llvm::StringRef name, Meaning& meaning) const;

  void UseLabel(const LabelUse& use) { scopes_.back().uses.push_back(use); }
  /// Closes the innermost scope. Uses of its labels go to `resolved`, with their meaning; others
  /// become the enclosing scope's, or where there is none, go to `unresolved`.
  struct ResolvedUse {
    LabelUse use;
    Meaning meaning;
  };
  void Close(std::vector<ResolvedUse>& resolved, std::vector<LabelUse>& unresolved);

 private:
  struct Numbered {
    uint32_t count = 0;
    Meaning meaning;
  };
  struct Scope {
    llvm::DenseMap<llvm::StringRef, Meaning> names;
    llvm::DenseMap<llvm::StringRef, Numbered> numbered;
    llvm::DenseMap<llvm::StringRef, Meaning> labels;
    std::vector<LabelUse> uses;
  };
  static bool FindIn(const Scope& scope, llvm::StringRef name, Meaning& meaning);

  std::vector<Scope> scopes_;
};

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_SCOPE_H_
