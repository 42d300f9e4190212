// Forms of an opcode by spelling, for families whose operands are all lane-wise values.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_FORM_TABLE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_FORM_TABLE_H_

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/ops/lane_kernel.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// How a form's operand is bound: bytes of a value, or a predicate.
enum class FormOperand : uint8_t { kBytes2 = 2, kBytes4 = 4, kBytes8 = 8, kPredicate = 1 };

struct Form {
  LaneKernel kernel;  ///< Its function is null where `execute` stands for it.
  FormOperand destination = FormOperand::kBytes4;
  std::vector<FormOperand> sources;  ///< At most four: Inst::a to Inst::d.
  InstClass inst_class = InstClass::kInteger;
  int host_rounding = -1;     ///< FE_TOWARDZERO, ..: run in that mode; -1: to nearest.
  Execute execute = nullptr;  ///< Of operations on predicates.
};

/// Maps an opcode with its modifiers to a form. Their order is free, but types keep theirs:
/// "dp4a.u32.s32" is not "dp4a.s32.u32". Immutable once filled.
class FormTable {
 public:
  /// `spelling`: "add.ftz.f32". A spelling may be added once for each number of sources.
  void Add(const std::string& spelling, Form form);
  /// Binds `instruction` by its form. Errors: PtxError, the spelling is not in the table or an
  /// operand does not fit.
  llvm::Error Decode(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) const;
  std::vector<std::string> Spellings() const;

 private:
  std::map<std::string, Form> forms_;  ///< By canonical spelling.
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_FORM_TABLE_H_
