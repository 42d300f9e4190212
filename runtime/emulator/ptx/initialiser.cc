#include "runtime/emulator/ptx/initialiser.h"

#include <bit>

#include "runtime/emulator/ptx/constant.h"

namespace attnjit::emulator::ptx {
namespace {

class InitialiserParser {
 public:
  InitialiserParser(ParseState& state, std::vector<uint64_t>& dimensions, Variable& variable)
      : state_(state), cursor_(state.cursor), dimensions_(dimensions), variable_(variable) {}

  bool Parse() { return dimensions_.empty() ? Element(0) : List(0, 0); }

 private:
  // Elements of one entry at `level`.
  uint64_t Stride(size_t level) const {
    uint64_t stride = 1;
    for (size_t i = level + 1; i < dimensions_.size(); ++i) stride *= dimensions_[i];
    return stride;
  }

  // {a, b, ..} of dimension `level`, whose first element is number `first`.
  bool List(size_t level, uint64_t first) {
    NestingGuard nesting(state_.depth);
    if (state_.depth > ParseLimits::kNesting)
      return cursor_.Fail("initial value nested too deeply");
    if (!cursor_.Expect("{")) return false;
    const bool open = level == 0 && dimensions_[0] == 0;
    const uint64_t stride = Stride(level);
    uint64_t count = 0;
    while (!cursor_.Peek().Is("}")) {
      if (!open && count == dimensions_[level]) return cursor_.Fail("too many initial values");
      const uint64_t at = first + count * stride;
      if (level + 1 == dimensions_.size() ? !Element(at) : !List(level + 1, at)) return false;
      ++count;
      if (!cursor_.TakeIf(",")) break;
    }
    if (open) dimensions_[0] = count;
    return cursor_.Expect("}");
  }

  bool Element(uint64_t number) {
    const uint64_t bytes = TypeBytes(variable_.type);
    const uint64_t offset = number * bytes;
    if (offset + bytes > ParseLimits::kVariableBytes) return cursor_.Fail("variable too large");
    if (offset + bytes > variable_.initial.size()) {
      state_.initial_bytes += offset + bytes - variable_.initial.size();
      if (state_.initial_bytes > ParseLimits::kInitialBytes) {
        return cursor_.Fail("initial values too large");
      }
      variable_.initial.resize(offset + bytes);
    }
    const bool mask = cursor_.Peek().kind == TokenKind::kInteger && cursor_.PeekSecond().Is("(");
    if (mask) return Mask(offset);
    if (IsSymbol()) return Symbol(offset, bytes, 0);
    return Number(offset, bytes);
  }

  bool IsSymbol() const {
    return cursor_.Peek().kind == TokenKind::kIdentifier && cursor_.Peek().text != "WARP_SZ";
  }

  void Store(uint64_t offset, uint64_t bytes, uint64_t value) {
    for (uint64_t i = 0; i < bytes && i < 8; ++i) {
      variable_.initial[offset + i] = static_cast<uint8_t>(value >> (8 * i));
    }
  }

  bool Number(uint64_t offset, uint64_t bytes) {
    const Token at = cursor_.Peek();
    Constant value;
    if (!ParseConstant(cursor_, state_.depth, value)) return false;
    const bool floating = variable_.type == Type::kF32 || variable_.type == Type::kF64;
    if (value.IsInteger()) {
      if (floating && value.bits != 0) return cursor_.FailAt(at, "a float's value is an integer");
      Store(offset, bytes, value.bits);
      return true;
    }
    if (bytes == 4) {
      const auto single = static_cast<float>(value.AsDouble());
      Store(offset, 4,
            value.kind == Constant::Kind::kF32 ? value.bits : std::bit_cast<uint32_t>(single));
    } else if (bytes == 8) {
      Store(offset, 8, std::bit_cast<uint64_t>(value.AsDouble()));
    } else {
      return cursor_.FailAt(at, "a float is the value of a variable of 4 or 8 bytes");
    }
    return true;
  }

  // 0xFF00(symbol + 4) or 0xFF00(131187): one byte of an address or number.
  bool Mask(uint64_t offset) {
    const Token mask = cursor_.Take();
    const unsigned shift = mask.value == 0 ? 0 : std::countr_zero(mask.value);
    if (shift % 8 != 0 || mask.value >> shift != 0xff) {
      return cursor_.FailAt(mask, "a mask selects one byte");
    }
    if (!cursor_.Expect("(")) return false;
    if (IsSymbol()) {
      if (!Symbol(offset, 1, shift)) return false;
    } else {
      uint64_t value = 0;
      if (!ParseIntegerConstant(cursor_, state_.depth, "what a mask takes", value)) return false;
      Store(offset, 1, value >> shift);
    }
    return cursor_.Expect(")");
  }

  // symbol, generic(symbol), each with + or - an offset.
  bool Symbol(uint64_t offset, uint64_t bytes, uint32_t shift) {
    Relocation relocation;
    Token name = cursor_.Take();
    if (name.text == "generic" && cursor_.Peek().Is("(")) {
      relocation.generic = true;
      cursor_.Take();
      if (!cursor_.ExpectIdentifier(name, "a variable") || !cursor_.Expect(")")) return false;
    }
    const auto found = state_.symbols.find(name.text);
    if (found == state_.symbols.end()) return cursor_.FailAt(name, "unknown name " + name.text);
    const bool by_mask = bytes == 1;
    if (!by_mask && bytes != 4 && bytes != 8) {
      return cursor_.FailAt(name, "an address needs a variable of 4 or 8 bytes");
    }
    relocation.offset = offset;
    relocation.bytes = static_cast<uint32_t>(bytes);
    relocation.shift = shift;
    relocation.symbol = found->second.symbol;
    relocation.index = found->second.index;
    relocation.name = name.text;
    if (cursor_.Peek().Is("+") || cursor_.Peek().Is("-")) {
      uint64_t addend = 0;
      if (!ParseIntegerConstant(cursor_, state_.depth, "an offset", addend)) return false;
      relocation.addend = static_cast<int64_t>(addend);
    }
    variable_.relocations.push_back(relocation);
    return true;
  }

  ParseState& state_;
  Cursor& cursor_;
  std::vector<uint64_t>& dimensions_;
  Variable& variable_;
};

}  // namespace

bool ParseInitialiser(ParseState& state, std::vector<uint64_t>& dimensions, Variable& variable) {
  return InitialiserParser(state, dimensions, variable).Parse();
}

}  // namespace attnjit::emulator::ptx
