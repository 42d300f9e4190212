#include "runtime/emulator/ops/carry.h"

#include <type_traits>

#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lanes.h"

namespace attnjit::emulator {
namespace {

/// Inst::kind is the operation; dst2 is the flag where it is written, d where it is read.
enum class CarryOp : uint8_t { kAdd, kSub, kMadLo, kMadHi };

template <class Word>
const Word* Read(Warp& warp, const Value& value, uint32_t lanes) {
  if constexpr (sizeof(Word) == 8) return warp.Read64(value, lanes);
  if constexpr (sizeof(Word) == 4) return warp.Read32(value, lanes);
}

/// The upper half of a product of `T`, signed or not.
template <class T>
T HighHalf(T a, T b) {
  using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
  return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> (8 * sizeof(T)));
}

/// What is added to or subtracted from: a, or half of a * b.
template <class T>
std::make_unsigned_t<T> Term(CarryOp op, std::make_unsigned_t<T> a, std::make_unsigned_t<T> b) {
  if (op == CarryOp::kMadLo) return a * b;
  if (op == CarryOp::kMadHi) return HighHalf(static_cast<T>(a), static_cast<T>(b));
  return a;
}

/// PTX ISA 9.7.2: the flag is the carry out of an addition and the borrow of a subtraction.
template <class T>
Step RunCarry(Warp& warp, const Inst& inst, uint32_t lanes) {
  using Word = std::make_unsigned_t<T>;
  const auto op = static_cast<CarryOp>(inst.kind);
  const Word* a = Read<Word>(warp, inst.a, lanes);
  const Word* b = Read<Word>(warp, inst.b, lanes);
  const bool product = inst.c.kind != ValueKind::kNone;
  const Word* second = product ? Read<Word>(warp, inst.c, lanes) : b;
  const bool reads = inst.d.kind != ValueKind::kNone;
  const uint32_t flag = reads ? warp.ReadPredicate(inst.d, lanes) : 0;
  auto* dst = reinterpret_cast<Word*>(warp.Write32(inst.dst, lanes));
  uint32_t out = 0;
  ForEachLane(lanes, [&](int l) {
    const unsigned __int128 first = Term<T>(op, a[l], b[l]);
    const unsigned __int128 amount = static_cast<unsigned __int128>(second[l]) + (flag >> l & 1);
    const unsigned __int128 result = op == CarryOp::kSub ? first - amount : first + amount;
    dst[l] = static_cast<Word>(result);
    out |= static_cast<uint32_t>(result >> (8 * sizeof(Word)) & 1) << l;
  });
  warp.WritePredicate(inst.dst2, lanes, out);
  return Step::kNext;
}

}  // namespace

llvm::Error DecodeCarry(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  llvm::StringRef opcode = instruction.opcode;
  const bool reads = opcode.consume_back("c");
  const int half = opcode == "mad" ? modifiers.TakeOneOf({"lo", "hi"}) : -1;
  if (opcode == "mad" && half < 0) return context.Unsupported("expected .lo or .hi");
  const bool writes = modifiers.Take("cc");
  const int type = modifiers.TakeOneOf({"u32", "s32", "u64", "s64"});
  if (type < 0) return context.Unsupported("expected .u32, .s32, .u64 or .s64");
  if (llvm::Error error = modifiers.Finish()) return error;
  const size_t count = half >= 0 ? 4 : 3;
  if (llvm::Error error = ExpectOperands(instruction, count, count)) return error;
  static constexpr Execute kRun[] = {&RunCarry<uint32_t>, &RunCarry<int32_t>, &RunCarry<uint64_t>,
                                     &RunCarry<int64_t>};
  inst.execute = kRun[type];
  inst.inst_class = InstClass::kInteger;
  const CarryOp plain = opcode == "sub" ? CarryOp::kSub : CarryOp::kAdd;
  inst.kind = static_cast<uint8_t>(half == 0   ? CarryOp::kMadLo
                                   : half == 1 ? CarryOp::kMadHi
                                               : plain);
  if (writes) inst.dst2 = context.CarryFlag();
  if (reads) inst.d = context.CarryFlag();
  const int bytes = type < 2 ? 4 : 8;
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.dst, context.Destination(operands[0], bytes))) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[1], bytes))) return error;
  if (llvm::Error error = Bind(inst.b, context.Source(operands[2], bytes))) return error;
  if (half < 0) return llvm::Error::success();
  return Bind(inst.c, context.Source(operands[3], bytes));
}

llvm::ArrayRef<OpcodeDecoder> CarryDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"addc", &DecodeCarry}, {"madc", &DecodeCarry}, {"subc", &DecodeCarry}};
  return kDecoders;
}

}  // namespace attnjit::emulator
