// Where a program's variables are: parameters, shared and local memory, variables of the module.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LAYOUT_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LAYOUT_H_

#include <cstdint>
#include <map>
#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/program.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

/// The functions that an entry reaches, by their index in the module, the entry first, callers
/// before what they call, without system calls (vprintf, ..). Errors: PtxError at the call:
/// recursion, no body, no function.
llvm::Expected<std::vector<int32_t>> FindReachable(const ptx::Module& module, int32_t entry);

/// The function that a call names, aliases resolved.
int32_t CalledFunction(const ptx::Module& module, const ptx::Operand& target);

/// No address: a variable that the module declares and does not define.
inline constexpr uint64_t kNoAddress = ~uint64_t{0};

/// Addresses of a program's variables, each in its own space (machine/address.h). A shared
/// variable's is its offset in the CTA's window.
class Layout {
 public:
  /// `reachable` as FindReachable gives them. Fills the program's params, sizes and variables.
  static llvm::Expected<Layout> Make(const ptx::Module& module,
                                     const std::vector<int32_t>& reachable, Program& program);

  uint64_t ModuleVariable(int32_t index) const { return module_[index]; }
  uint64_t FunctionVariable(int32_t function, int32_t index) const {
    return of_function_.at(function).variables[index];
  }
  uint64_t Parameter(int32_t function, int32_t index) const {
    return of_function_.at(function).parameters[index];
  }
  uint64_t Return(int32_t function, int32_t index) const {
    return of_function_.at(function).returns[index];
  }

 private:
  friend class LayoutBuilder;
  struct Frame {
    std::vector<uint64_t> parameters, returns, variables;
  };

  std::vector<uint64_t> module_;
  std::map<int32_t, Frame> of_function_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LAYOUT_H_
