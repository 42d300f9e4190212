// PTX as parsed: a module with its names resolved and nothing decoded.
//
// A Module owns its text; every StringRef in it points into that text, so a Module must outlive
// what is read from it. Moving a Module keeps the references valid. Plain data: reading from
// several threads is safe.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_AST_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_AST_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/ptx/error.h"
#include "runtime/emulator/ptx/types.h"

namespace attnjit::emulator::ptx {

enum class OperandKind : uint8_t {
  kRegister,   ///< `index`: Function register.
  kPair,       ///< r|p: `list` has two, each kRegister or kSink.
  kInteger,    ///< `value`: 64 bits, two's complement.
  kFloat32,    ///< 0f3F800000: `value` has the 32 bits of the number.
  kFloat64,    ///< 0d... or a decimal number: `value` has the 64 bits of a double.
  kAddress,    ///< [list[0] + offset, list[1], ...]; list[0] is kRegister, kSymbol or kInteger.
  kVector,     ///< {a, b, ..}: `list`.
  kSymbol,     ///< A name, plus `offset` bytes: `symbol` says whose `index` it is.
  kSink,       ///< _
  kSpecial,    ///< `special`, `component` where it has components.
  kArguments,  ///< (a, b, ..) of a call: `list`.
};

enum class SymbolKind : uint8_t {
  kNone,
  kModuleVariable,    ///< Module::variables
  kFunctionVariable,  ///< Function::variables
  kParameter,         ///< Function::parameters
  kReturn,            ///< Function::returns
  kFunction,          ///< Module::functions
  kLabel,             ///< Function::labels
  kBranchTable,       ///< Function::branch_tables
};

struct Operand {
  OperandKind kind = OperandKind::kSink;
  SymbolKind symbol = SymbolKind::kNone;
  Special special = Special::kTid;
  bool negated = false;   ///< !p, of a kRegister.
  int8_t component = -1;  ///< kSpecial: 0 to 3 for .x .y .z .w, or -1.
  int32_t index = -1;     ///< kRegister, kSymbol.
  uint64_t value = 0;     ///< kInteger, kFloat32, kFloat64.
  int64_t offset = 0;     ///< kAddress, kSymbol: bytes.
  llvm::StringRef name;   ///< The spelling of a register, symbol or special register.
  std::vector<Operand> list;

  bool IsRegister() const { return kind == OperandKind::kRegister; }
  bool IsInteger() const { return kind == OperandKind::kInteger; }
};

/// Where the CUDA source has an instruction, from `.loc`. -1 where the PTX says nothing.
struct SourceLocation {
  int32_t file = -1;  ///< Index of `.file`.
  int32_t line = -1;  ///< The innermost position, from 1.
  int32_t column = -1;
  int32_t outer_file = -1;  ///< The outermost position of the chain of inlined calls; the
  int32_t outer_line = -1;  ///< innermost one where nothing was inlined.
};

struct Instruction {
  llvm::StringRef opcode;  ///< "wgmma": up to the first dot.
  /// What follows the opcode, in the text's order, without the leading dot: "mma_async",
  /// "shared::cta", "m64n128k16". At most 32. The order carries no meaning but among types.
  std::vector<llvm::StringRef> modifiers;
  int32_t guard = -1;  ///< The predicate register of @p, or -1.
  bool guard_negated = false;
  uint32_t line = 0;  ///< In the PTX, from 1, of the opcode.
  uint32_t column = 0;
  /// As written, but for a call: always returns (kArguments, perhaps empty), target, arguments
  /// (kArguments, perhaps empty), and the prototype or call targets if there are any.
  std::vector<Operand> operands;
  SourceLocation source;
  llvm::StringRef text;  ///< The statement, from the guard or opcode up to the semicolon.

  bool Has(llvm::StringRef modifier) const;
};

/// A PtxError at an instruction.
llvm::Error ErrorAt(const Instruction& instruction, const llvm::Twine& message);

/// Part of a variable's initial value that is only known when addresses are.
struct Relocation {
  uint64_t offset = 0;   ///< In the variable, in bytes.
  uint32_t bytes = 8;    ///< Written there, little endian: (address + addend) >> shift.
  uint32_t shift = 0;    ///< 0, 8, .. 56: the byte that a mask such as 0xFF00(symbol) takes.
  bool generic = false;  ///< generic(symbol): its generic address, not that in its space.
  SymbolKind symbol = SymbolKind::kNone;  ///< kModuleVariable or kFunction.
  int32_t index = -1;
  int64_t addend = 0;
  llvm::StringRef name;
};

enum class Linkage : uint8_t { kNone, kExtern, kVisible, kWeak, kCommon };

/// A variable or a parameter.
struct Variable {
  llvm::StringRef name;
  Space space = Space::kGlobal;
  Type type = Type::kB8;      ///< Of one element.
  uint32_t vector_width = 1;  ///< 2 or 4 for .v2 .v4.
  uint64_t align = 1;         ///< Bytes; the natural one where none was given.
  uint64_t bytes = 0;         ///< The whole size; 0 for an unsized extern array.
  bool unsized = false;       ///< `extern .shared .b8 smem[]`.
  bool managed = false;
  int32_t reg = -1;  ///< A .reg parameter of a device function: its register; space is kReg.
  Linkage linkage = Linkage::kNone;
  std::vector<uint8_t> initial;  ///< The leading bytes that are given; the rest is zero.
  std::vector<Relocation> relocations;
  uint32_t line = 0;
};

struct Label {
  llvm::StringRef name;
  uint32_t instruction = 0;  ///< Index of what follows; may be one past the last.
  uint32_t line = 0;
};

/// `name: .branchtargets a, b;` for brx.idx.
struct BranchTable {
  llvm::StringRef name;
  std::vector<uint32_t> labels;
  uint32_t line = 0;
};

/// Registers of one declaration. `%r<10>` declares %r0 to %r9, anything else its own name. A vector
/// (`.v4`) is `width` registers in a row.
struct RegisterGroup {
  llvm::StringRef name;
  uint32_t first = 0;  ///< Register index of the first.
  uint32_t count = 1;  ///< Of names, not of a vector's components.
  uint32_t width = 1;  ///< Registers of one name: 2 or 4 for .v2 .v4.
  bool numbered = false;
  RegisterClass register_class = RegisterClass::k32;
};

/// Directives between a function's header and its body. 0 is "not given".
struct PerformanceDirectives {
  std::array<uint32_t, 3> maxntid = {0, 0, 0};  ///< Dimensions not given are 1.
  std::array<uint32_t, 3> reqntid = {0, 0, 0};
  std::array<uint32_t, 3> reqnctapercluster = {0, 0, 0};
  uint32_t minnctapersm = 0;
  uint32_t maxnctapersm = 0;
  uint32_t maxnreg = 0;
  uint32_t maxclusterrank = 0;
  bool explicitcluster = false;
  bool blocksareclusters = false;
  bool noreturn = false;
};

struct Function {
  llvm::StringRef name;
  bool entry = false;    ///< A kernel.
  bool defined = false;  ///< Has a body; else a prototype.
  Linkage linkage = Linkage::kNone;
  int32_t alias_of = -1;  ///< `.alias`: Module::functions index of the function meant.
  std::vector<Variable> returns;
  std::vector<Variable> parameters;
  PerformanceDirectives directives;
  std::vector<RegisterGroup> register_groups;  ///< In order of `first`, without gaps.
  std::vector<RegisterClass> registers;        ///< Of all scopes; each register once.
  std::vector<Variable> variables;  ///< .local, .shared and .param of all scopes; .global and
                                    ///< .const ones stand among the module's.
  std::vector<Label> labels;
  std::vector<BranchTable> branch_tables;
  std::vector<Instruction> instructions;
  uint32_t line = 0;

  std::string RegisterName(uint32_t index) const;  ///< "%r17".
};

struct Module {
  std::shared_ptr<const std::string> text;
  uint32_t version_major = 0;
  uint32_t version_minor = 0;
  llvm::StringRef target;  ///< "sm_90a".
  uint32_t address_size = 64;
  std::map<int32_t, std::string> files;
  std::vector<Variable> variables;  ///< .global, .const and .shared of the module.
  std::vector<Function> functions;

  const Function* FindFunction(llvm::StringRef name) const;  ///< Null where there is none.
  const Variable* FindVariable(llvm::StringRef name) const;
};

/// Reads an instruction's modifiers as a set, for decoders: take what is known, then Finish().
class ModifierReader {
 public:
  /// `instruction` must outlive the reader.
  explicit ModifierReader(const Instruction& instruction) : instruction_(instruction) {}

  /// Takes the first modifier left that reads `modifier`; false where there is none.
  bool Take(llvm::StringRef modifier);
  /// Takes the first modifier left that is one of `choices`: its index there, or -1.
  int TakeOneOf(std::initializer_list<llvm::StringRef> choices);
  /// Takes the first modifier left, "" where none is left. For types, in the text's order, after
  /// everything else was taken.
  llvm::StringRef TakeNext();
  /// The first modifier left that starts with `prefix`, "" where there is none.
  llvm::StringRef TakePrefixed(llvm::StringRef prefix);
  bool Done() const;
  /// Success where all was taken, else "unknown modifier .x of add".
  llvm::Error Finish() const;

 private:
  bool Taken(size_t i) const { return (taken_ >> i & 1) != 0; }
  const Instruction& instruction_;
  uint64_t taken_ = 0;
};

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_AST_H_
