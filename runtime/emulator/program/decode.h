// What decoders use to bind a parsed instruction's operands, and the decoding of a whole function.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_DECODE_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_DECODE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/inst.h"
#include "runtime/emulator/program/program.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

/// Binds operands of one function's instructions. Errors of every function: PtxError located at the
/// instruction, saying what was expected. One thread.
class DecodeContext {
 public:
  virtual ~DecodeContext() = default;

  /// A register, immediate, constant special register or symbol's address, as a source of `bytes`
  /// (1 and 2 count as 4 in Value, but the declared width of a register is checked by PTX's rules
  /// for the type: equal size, or wider where the instruction relaxes it, `relaxed`).
  virtual llvm::Expected<Value> Source(const ptx::Operand& operand, int bytes,
                                       bool relaxed = false) = 0;
  /// A register or `_`.
  virtual llvm::Expected<Value> Destination(const ptx::Operand& operand, int bytes,
                                            bool relaxed = false) = 0;
  /// The declared width of a register in bytes (1, 2, 4, 8, 16): what sign extension fills. 0: the
  /// operand is not a register, or is a predicate.
  virtual int RegisterBytes(const ptx::Operand& operand) const = 0;
  /// p, !p or an integer immediate (as a constant predicate), where allowed as a source; p or `_`
  /// as a destination.
  virtual llvm::Expected<Value> Predicate(const ptx::Operand& operand, bool destination) = 0;
  /// [register | symbol | immediate + offset]. Symbols resolve to addresses of their own space.
  virtual llvm::Expected<Address> AddressOf(const ptx::Operand& operand) = 0;
  /// The instruction a label names; of a call's target, the function's first.
  virtual llvm::Expected<int32_t> Label(const ptx::Operand& operand) = 0;
  /// The instructions that a `.branchtargets` table names, in its order, for brx.idx.
  virtual llvm::Expected<std::vector<int32_t>> BranchTargets(const ptx::Operand& operand) = 0;
  /// CC.CF, a predicate that every function of the program shares.
  virtual Value CarryFlag() = 0;
  /// The same bits in all lanes.
  virtual Value Constant(uint64_t bits, int bytes) = 0;

  virtual llvm::Error Unsupported(
      const std::string& what) = 0;  ///< A PtxError at this instruction.
  virtual const TargetInfo& target() const = 0;

  /// A detail struct that lives as long as the program.
  template <class T>
  T* New() {
    auto owned = std::make_shared<T>();
    T* raw = owned.get();
    Keep(std::move(owned));
    return raw;
  }

 protected:
  virtual void Keep(std::shared_ptr<void> owned) = 0;
};

/// Decodes entry `name` of a module, and the functions it calls, with `decoders`. A function has
/// one frame and one set of registers for each thread, so recursion is an error, as are calls
/// through addresses. Errors: PtxError.
llvm::Expected<std::shared_ptr<const Program>> DecodeEntryWith(
    std::shared_ptr<const ptx::Module> module, llvm::StringRef name,
    llvm::ArrayRef<OpcodeDecoder> decoders);

/// The same with the decoders of ops/registry.h.
llvm::Expected<std::shared_ptr<const Program>> DecodeEntry(
    std::shared_ptr<const ptx::Module> module, llvm::StringRef name);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_DECODE_H_
