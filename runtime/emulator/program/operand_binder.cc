#include "runtime/emulator/program/operand_binder.h"

#include <bit>

#include "runtime/emulator/machine/address.h"
#include "runtime/emulator/program/special.h"

namespace attnjit::emulator {
namespace {

using ptx::Operand;
using ptx::OperandKind;
using ptx::SymbolKind;

// What the system uses of the reserved shared memory on an H200.
constexpr uint32_t kReservedInUse = 0x120;

// 8 MiB for each warp.
constexpr uint32_t kMaxSlots = 1 << 16;

// Addresses wrap.
int64_t Sum(int64_t offset, uint64_t address) {
  return static_cast<int64_t>(static_cast<uint64_t>(offset) + address);
}

uint8_t StoredBytes(int bytes) { return static_cast<uint8_t>(bytes < 4 ? 4 : bytes); }

}  // namespace

llvm::Error OperandBinder::EnterFunction(int32_t index) {
  function_ = index;
  plan_ = PlanRegisters(function(), next_slot_, next_reg_);
  if (plan_.slots > kMaxSlots) {
    return llvm::make_error<PtxError>(function().line, 1, function().name,
                                      "the function's registers take too much memory");
  }
  next_slot_ = plan_.slots;
  next_reg_ = plan_.regs;
  program_.register_names.resize(next_reg_);
  for (uint32_t r = 0; r < plan_.places.size(); ++r) {
    const RegisterPlace& place = plan_.places[r];
    if (place.used) program_.register_names[place.reg] = function().RegisterName(r);
  }
  return llvm::Error::success();
}

void OperandBinder::Finish() {
  program_.constants = constants_.TakeWords();
  program_.register_slots = next_slot_;
  program_.register_count = next_reg_;
}

llvm::Error OperandBinder::Unsupported(const std::string& what) {
  return ErrorAt(*instruction_, what);
}

llvm::Error OperandBinder::Mismatch(const Operand& operand, const std::string& expected) {
  const std::string name = operand.name.empty() ? "" : ", got " + operand.name.str();
  return Unsupported("expected " + expected + name);
}

int32_t OperandBinder::Guard(int32_t reg) const {
  return static_cast<int32_t>(plan_.places[reg].reg);
}

llvm::Expected<Value> OperandBinder::Register(const Operand& operand, int bytes, bool relaxed) {
  const ptx::RegisterClass c = function().registers[operand.index];
  const int declared = static_cast<int>(ptx::ClassBits(c)) / 8;
  const bool fits = c != ptx::RegisterClass::kPred && !operand.negated &&
                    (relaxed ? declared >= bytes : declared == bytes);
  if (!fits) return Mismatch(operand, "a register of " + std::to_string(8 * bytes) + " bits");
  const RegisterPlace& place = plan_.places[operand.index];
  Value value;
  value.kind = ValueKind::kRegister;
  value.bytes = place.bytes;
  value.slot = place.slot;
  value.reg = place.reg;
  return value;
}

llvm::Expected<Value> OperandBinder::Source(const Operand& operand, int bytes, bool relaxed) {
  switch (operand.kind) {
    case OperandKind::kRegister:
      return Register(operand, bytes, relaxed);
    case OperandKind::kInteger:
      return Constant(operand.value, bytes);
    case OperandKind::kFloat32:
    case OperandKind::kFloat64: {
      llvm::Expected<uint64_t> bits = FloatBits(operand, bytes);
      if (!bits) return bits.takeError();
      return Constant(*bits, bytes);
    }
    case OperandKind::kSpecial:
      return SpecialSource(operand, bytes);
    case OperandKind::kSymbol:
      return SymbolSource(operand, bytes);
    default:
      return Mismatch(operand, "a register or a constant");
  }
}

llvm::Expected<Value> OperandBinder::Destination(const Operand& operand, int bytes, bool relaxed) {
  if (operand.kind == OperandKind::kRegister) return Register(operand, bytes, relaxed);
  if (operand.kind != OperandKind::kSink) return Mismatch(operand, "a register or _");
  Value value;
  value.kind = ValueKind::kSink;
  value.bytes = StoredBytes(bytes);
  return value;
}

int OperandBinder::RegisterBytes(const Operand& operand) const {
  if (!operand.IsRegister()) return 0;
  return static_cast<int>(ptx::ClassBits(function().registers[operand.index])) / 8;
}

llvm::Expected<Value> OperandBinder::Predicate(const Operand& operand, bool destination) {
  Value value;
  if (operand.kind == OperandKind::kSink && destination) {
    value.kind = ValueKind::kSink;
    return value;
  }
  if (operand.IsInteger() && !destination) return Constant(operand.value != 0 ? 1 : 0, 4);
  if (operand.kind == OperandKind::kSpecial && !destination &&
      operand.special == ptx::Special::kIsExplicitCluster) {
    return BindSpecial(Special::kIsExplicitCluster, 4, 0);
  }
  const bool fits = operand.IsRegister() &&
                    function().registers[operand.index] == ptx::RegisterClass::kPred &&
                    !(destination && operand.negated);
  if (!fits) return Mismatch(operand, "a predicate register");
  value.kind = ValueKind::kPredicate;
  value.negated = operand.negated;
  value.reg = plan_.places[operand.index].reg;
  return value;
}

// A literal is converted to the size of the instruction's type (PTX ISA 4.5.2).
llvm::Expected<uint64_t> OperandBinder::FloatBits(const Operand& operand, int bytes) {
  const bool is_single = operand.kind == OperandKind::kFloat32;
  if (bytes == 4) {
    if (is_single) return operand.value;
    return std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(operand.value)));
  }
  if (bytes != 8) return Mismatch(operand, "no float constant");
  if (!is_single) return operand.value;
  const auto single = std::bit_cast<float>(static_cast<uint32_t>(operand.value));
  return std::bit_cast<uint64_t>(static_cast<double>(single));
}

Value OperandBinder::CarryFlag() {
  if (carry_.kind == ValueKind::kNone) {
    carry_.kind = ValueKind::kPredicate;
    carry_.reg = next_reg_++;
    program_.register_names.push_back("CC.CF");
  }
  return carry_;
}

Value OperandBinder::Constant(uint64_t bits, int bytes) {
  if (bytes < 4) bits &= (uint64_t{1} << (8 * bytes)) - 1;
  return constants_.Get(bits, StoredBytes(bytes));
}

Value OperandBinder::BindSpecial(Special special, int bytes, uint32_t addend) {
  const uint8_t stored = StoredBytes(bytes);
  const auto [place, fresh] = specials_.try_emplace({special, stored, addend});
  Value& value = place->second;
  if (!fresh) return value;
  value.kind = ValueKind::kRegister;
  value.bytes = stored;
  value.slot = next_slot_;
  value.reg = next_reg_++;
  next_slot_ += stored / 4;
  program_.register_names.push_back(SpecialName(special));
  program_.specials.push_back({special, value, addend});
  return value;
}

llvm::Expected<Value> OperandBinder::SpecialSource(const Operand& operand, int bytes) {
  using Name = ptx::Special;
  // PTX ISA 10.1: the fourth component is always 0. 10.29: the window's first bytes are reserved.
  if (operand.component == 3) return Constant(0, bytes);
  if (operand.special == Name::kReservedSmemOffsetBegin) return Constant(0, bytes);
  if (operand.special == Name::kReservedSmemOffsetEnd) return Constant(kReservedInUse, bytes);
  if (operand.special == Name::kReservedSmemOffsetCap) return Constant(kSharedReserved, bytes);
  const std::optional<Special> special = ToSpecial(operand);
  if (!special) return Unsupported("unsupported special register " + operand.name.str());
  if (bytes == 16) return Mismatch(operand, "a register of 128 bits");
  if (!Changes(*special)) return BindSpecial(*special, bytes, 0);
  Value value;
  value.kind = ValueKind::kSpecial;
  value.bytes = StoredBytes(bytes);
  value.reg = static_cast<uint32_t>(*special);
  return value;
}

llvm::Error OperandBinder::Locate(const Operand& symbol, bool& shared, uint64_t& address) {
  shared = false;
  switch (symbol.symbol) {
    case SymbolKind::kModuleVariable:
      shared = module_.variables[symbol.index].space == ptx::Space::kShared;
      address = layout_.ModuleVariable(symbol.index);
      break;
    case SymbolKind::kFunctionVariable:
      shared = function().variables[symbol.index].space == ptx::Space::kShared;
      address = layout_.FunctionVariable(function_, symbol.index);
      break;
    case SymbolKind::kParameter:
      address = layout_.Parameter(function_, symbol.index);
      break;
    case SymbolKind::kReturn:
      address = layout_.Return(function_, symbol.index);
      break;
    default:
      return Mismatch(symbol, "a variable");
  }
  if (address == kNoAddress) return Mismatch(symbol, "a variable that is defined");
  return llvm::Error::success();
}

llvm::Expected<Value> OperandBinder::SymbolSource(const Operand& operand, int bytes) {
  bool shared = false;
  uint64_t address = 0;
  if (llvm::Error error = Locate(operand, shared, address)) return error;
  if (bytes != 4 && bytes != 8) return Mismatch(operand, "no address");
  address += static_cast<uint64_t>(operand.offset);
  if (shared) return BindSpecial(Special::kSharedWindow, bytes, static_cast<uint32_t>(address));
  return Constant(address, bytes);
}

llvm::Expected<Address> OperandBinder::AddressOf(const Operand& operand) {
  if (operand.kind != OperandKind::kAddress) return Mismatch(operand, "an address");
  const Operand& base = operand.list.front();
  Address result;
  result.offset = operand.offset;
  if (base.IsInteger()) {
    result.offset = Sum(operand.offset, base.value);
    return result;
  }
  if (base.IsRegister()) {
    const int bits = static_cast<int>(ptx::ClassBits(function().registers[base.index]));
    if (bits != 32 && bits != 64) return Mismatch(base, "a register of 32 or 64 bits");
    llvm::Expected<Value> value = Register(base, bits / 8, false);
    if (!value) return value.takeError();
    result.base = *value;
    return result;
  }
  bool shared = false;
  uint64_t address = 0;
  if (llvm::Error error = Locate(base, shared, address)) return error;
  result.offset = Sum(operand.offset, address);
  if (shared) result.base = BindSpecial(Special::kSharedWindow, 4, 0);
  return result;
}

llvm::Expected<int32_t> OperandBinder::Label(const Operand& operand) {
  if (operand.kind == OperandKind::kSymbol && operand.symbol == SymbolKind::kLabel) {
    return first_pc_[function_] +
           static_cast<int32_t>(function().labels[operand.index].instruction);
  }
  const int32_t callee = CalledFunction(module_, operand);
  if (callee < 0) return Mismatch(operand, "a label");
  return first_pc_[callee];
}

llvm::Expected<std::vector<int32_t>> OperandBinder::BranchTargets(const Operand& operand) {
  if (operand.kind != OperandKind::kSymbol || operand.symbol != SymbolKind::kBranchTable) {
    return Mismatch(operand, "a list of branch targets");
  }
  std::vector<int32_t> targets;
  for (const uint32_t label : function().branch_tables[operand.index].labels) {
    targets.push_back(first_pc_[function_] +
                      static_cast<int32_t>(function().labels[label].instruction));
  }
  return targets;
}

}  // namespace attnjit::emulator
