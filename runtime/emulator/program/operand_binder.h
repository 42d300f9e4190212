// The DecodeContext: binds operands of one program's instructions, function after function.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_OPERAND_BINDER_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_OPERAND_BINDER_H_

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/emulator/program/constant_pool.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/layout.h"
#include "runtime/emulator/program/register_plan.h"

namespace attnjit::emulator {

class OperandBinder : public DecodeContext {
 public:
  /// `first_pc`: of each function of the module, where its code starts in the program, or -1.
  OperandBinder(const ptx::Module& module, const Layout& layout, std::vector<int32_t> first_pc,
                Program& program)
      : module_(module), layout_(layout), first_pc_(std::move(first_pc)), program_(program) {}

  /// The instructions that follow are of this function; plans its registers.
  llvm::Error EnterFunction(int32_t index);
  void SetInstruction(const ptx::Instruction* instruction) { instruction_ = instruction; }
  int32_t Guard(int32_t reg) const;  ///< Its index in the program.
  /// Moves what was collected into the program.
  void Finish();

  llvm::Expected<Value> Source(const ptx::Operand& operand, int bytes, bool relaxed) override;
  llvm::Expected<Value> Destination(const ptx::Operand& operand, int bytes, bool relaxed) override;
  int RegisterBytes(const ptx::Operand& operand) const override;
  llvm::Expected<Value> Predicate(const ptx::Operand& operand, bool destination) override;
  llvm::Expected<Address> AddressOf(const ptx::Operand& operand) override;
  llvm::Expected<int32_t> Label(const ptx::Operand& operand) override;
  llvm::Expected<std::vector<int32_t>> BranchTargets(const ptx::Operand& operand) override;
  Value CarryFlag() override;
  Value Constant(uint64_t bits, int bytes) override;
  llvm::Error Unsupported(const std::string& what) override;
  const TargetInfo& target() const override { return program_.target; }

 protected:
  void Keep(std::shared_ptr<void> owned) override { program_.details.push_back(std::move(owned)); }

 private:
  const ptx::Function& function() const { return module_.functions[function_]; }
  llvm::Error Mismatch(const ptx::Operand& operand, const std::string& expected);
  llvm::Expected<Value> Register(const ptx::Operand& operand, int bytes, bool relaxed);
  llvm::Expected<Value> SpecialSource(const ptx::Operand& operand, int bytes);
  llvm::Expected<Value> SymbolSource(const ptx::Operand& operand, int bytes);
  llvm::Expected<uint64_t> FloatBits(const ptx::Operand& operand, int bytes);
  Value BindSpecial(Special special, int bytes, uint32_t addend);
  llvm::Error Locate(const ptx::Operand& symbol, bool& shared, uint64_t& address);

  const ptx::Module& module_;
  const Layout& layout_;
  std::vector<int32_t> first_pc_;
  Program& program_;
  int32_t function_ = -1;
  const ptx::Instruction* instruction_ = nullptr;
  RegisterPlan plan_;
  Value carry_;  // kNone before its first use.
  uint32_t next_slot_ = 0;
  uint32_t next_reg_ = 0;
  ConstantPool constants_;
  std::map<std::tuple<Special, int, uint32_t>, Value> specials_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_OPERAND_BINDER_H_
