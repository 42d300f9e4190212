#include "runtime/emulator/ptx/constant.h"

#include <bit>

#include "llvm/ADT/StringExtras.h"
#include "runtime/emulator/ptx/parser.h"

namespace attnjit::emulator::ptx {
namespace {

using Kind = Constant::Kind;

constexpr const char* kOperators[][4] = {
    {"||"},       {"&&"},     {"|"},           {"^"}, {"&"}, {"==", "!="}, {"<", ">", "<=", ">="},
    {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"},
};
constexpr size_t kLevels = std::size(kOperators);

Constant Integer(Kind kind, uint64_t bits) { return {kind, bits}; }
Constant Boolean(bool value) { return {Kind::kS64, value ? uint64_t{1} : 0}; }
Constant Double(double value) { return {Kind::kF64, std::bit_cast<uint64_t>(value)}; }

class Evaluator {
 public:
  Evaluator(Cursor& cursor, uint32_t& depth) : cursor_(cursor), depth_(depth) {}

  bool Ternary(Constant& result) {
    if (!Binary(0, result)) return false;
    if (!cursor_.Peek().Is("?")) return true;
    const Token at = cursor_.Take();
    Constant yes, no;
    if (!result.IsInteger()) return cursor_.FailAt(at, "the condition of ?: is an integer");
    NestingGuard nesting(depth_);
    if (!CheckDepth() || !Ternary(yes) || !cursor_.Expect(":") || !Ternary(no)) return false;
    if (yes.IsInteger() != no.IsInteger()) return cursor_.FailAt(at, "?: mixes types");
    const bool is_unsigned = yes.kind == Kind::kU64 || no.kind == Kind::kU64;
    result = result.bits != 0 ? yes : no;
    if (result.IsInteger() && is_unsigned) result.kind = Kind::kU64;
    return true;
  }

 private:
  bool CheckDepth() {
    return depth_ <= ParseLimits::kNesting || cursor_.Fail("expression nested too deeply");
  }

  bool Binary(size_t level, Constant& left) {
    if (level == kLevels) return Unary(left);
    if (!Binary(level + 1, left)) return false;
    while (IsOperator(level)) {
      const Token op = cursor_.Take();
      Constant right;
      if (!Binary(level + 1, right) || !Apply(op, right, left)) return false;
    }
    return true;
  }

  bool IsOperator(size_t level) const {
    for (const char* name : kOperators[level]) {
      if (name != nullptr && cursor_.Peek().Is(name)) return true;
    }
    return false;
  }

  bool Unary(Constant& result) {
    NestingGuard nesting(depth_);
    if (!CheckDepth()) return false;
    const Token op = cursor_.Peek();
    if (op.Is("(") && cursor_.PeekSecond().kind == TokenKind::kDotted &&
        !llvm::isDigit(cursor_.PeekSecond().text.front())) {
      return Cast(result);
    }
    if (!op.Is("-") && !op.Is("+") && !op.Is("~") && !op.Is("!")) return Primary(result);
    cursor_.Take();
    if (!Unary(result)) return false;
    if (op.Is("-")) {
      Negate(result);
    } else if (!op.Is("+")) {
      if (!result.IsInteger()) return cursor_.FailAt(op, "'" + op.text + "' takes an integer");
      result = op.Is("~") ? Integer(Kind::kU64, ~result.bits) : Boolean(result.bits == 0);
    }
    return true;
  }

  static void Negate(Constant& value) {
    if (value.IsInteger()) {
      value.bits = 0 - value.bits;
    } else {
      value.bits ^= value.kind == Kind::kF32 ? uint64_t{1} << 31 : uint64_t{1} << 63;
    }
  }

  bool Cast(Constant& result) {
    cursor_.Take();
    const Token type = cursor_.Take();
    if (type.text != "s64" && type.text != "u64") {
      return cursor_.FailAt(type, "only (.s64) and (.u64) cast constants");
    }
    if (!cursor_.Expect(")") || !Unary(result)) return false;
    if (!result.IsInteger()) return cursor_.FailAt(type, "a cast takes an integer");
    result.kind = type.text == "s64" ? Kind::kS64 : Kind::kU64;
    return true;
  }

  bool Primary(Constant& result) {
    const Token token = cursor_.Peek();
    if (token.Is("(")) {
      cursor_.Take();
      return Ternary(result) && cursor_.Expect(")");
    }
    if (!StartsConstant(token)) return cursor_.Fail("expected a constant");
    cursor_.Take();
    switch (token.kind) {
      case TokenKind::kInteger:
        result = Integer(token.is_unsigned ? Kind::kU64 : Kind::kS64, token.value);
        return true;
      case TokenKind::kFloat32:
        result = {Kind::kF32, token.value};
        return true;
      case TokenKind::kFloat64:
        result = {Kind::kF64, token.value};
        return true;
      case TokenKind::kDotted:
        return Fraction(token, result);
      default:
        result = Integer(Kind::kS64, 32);  // WARP_SZ
        return true;
    }
  }

  // ".5", which reads like a modifier.
  bool Fraction(const Token& token, Constant& result) {
    double number = 0;
    if (("0." + token.text).str().find_first_not_of("0123456789.eE") != std::string::npos ||
        llvm::StringRef(("0." + token.text).str()).getAsDouble(number)) {
      return cursor_.FailAt(token, "malformed number");
    }
    result = Double(number);
    return true;
  }

  bool Apply(const Token& op, const Constant& right, Constant& left) {
    if (left.IsInteger() != right.IsInteger()) {
      return cursor_.FailAt(op, "an expression mixes integers and floats");
    }
    return left.IsInteger() ? ApplyInteger(op, right, left) : ApplyFloat(op, right, left);
  }

  bool ApplyFloat(const Token& op, const Constant& right, Constant& left) {
    const double a = left.AsDouble();
    const double b = right.AsDouble();
    if (op.Is("+"))
      left = Double(a + b);
    else if (op.Is("-"))
      left = Double(a - b);
    else if (op.Is("*"))
      left = Double(a * b);
    else if (op.Is("/"))
      left = Double(b == 0 ? Quotient(a, b) : a / b);
    else if (!Compare(op, a, b, left))
      return cursor_.FailAt(op, "not an operator of floats");
    return true;
  }

  // Dividing by zero is defined in IEEE 754, not in C++.
  static double Quotient(double a, double b) {
    if (a == 0 || a != a) return std::bit_cast<double>(uint64_t{0x7ff8} << 48);
    const uint64_t sign = (std::bit_cast<uint64_t>(a) ^ std::bit_cast<uint64_t>(b)) >> 63 << 63;
    return std::bit_cast<double>(sign | uint64_t{0x7ff} << 52);
  }

  template <class T>
  static bool Compare(const Token& op, T a, T b, Constant& result) {
    if (op.Is("<"))
      result = Boolean(a < b);
    else if (op.Is(">"))
      result = Boolean(a > b);
    else if (op.Is("<="))
      result = Boolean(a <= b);
    else if (op.Is(">="))
      result = Boolean(a >= b);
    else if (op.Is("=="))
      result = Boolean(a == b);
    else if (op.Is("!="))
      result = Boolean(a != b);
    else
      return false;
    return true;
  }

  bool ApplyInteger(const Token& op, const Constant& right, Constant& left) {
    const uint64_t a = left.bits;
    const uint64_t b = right.bits;
    const bool both_signed = left.kind == Kind::kS64 && right.kind == Kind::kS64;
    const Kind common = both_signed ? Kind::kS64 : Kind::kU64;
    if (op.Is("||"))
      left = Boolean(a != 0 || b != 0);
    else if (op.Is("&&"))
      left = Boolean(a != 0 && b != 0);
    else if (op.Is("|"))
      left = Integer(Kind::kU64, a | b);
    else if (op.Is("^"))
      left = Integer(Kind::kU64, a ^ b);
    else if (op.Is("&"))
      left = Integer(Kind::kU64, a & b);
    else if (op.Is("<<"))
      left.bits = b < 64 ? a << b : 0;
    else if (op.Is(">>"))
      left.bits = ShiftRight(left, b);
    else if (op.Is("+"))
      left = Integer(common, a + b);
    else if (op.Is("-"))
      left = Integer(common, a - b);
    else if (op.Is("*"))
      left = Integer(common, a * b);
    else if (op.Is("/") || op.Is("%"))
      return Divide(op, common, b, left);
    else if (both_signed)
      Compare(op, static_cast<int64_t>(a), static_cast<int64_t>(b), left);
    else
      Compare(op, a, b, left);
    return true;
  }

  static uint64_t ShiftRight(const Constant& left, uint64_t count) {
    if (left.kind == Kind::kU64) return count < 64 ? left.bits >> count : 0;
    return static_cast<uint64_t>(static_cast<int64_t>(left.bits) >> (count < 64 ? count : 63));
  }

  bool Divide(const Token& op, Kind common, uint64_t b, Constant& left) {
    if (b == 0) return cursor_.FailAt(op, "division by zero");
    if (op.Is("%")) {
      left = Integer(Kind::kS64, left.bits % b);
    } else if (common == Kind::kU64) {
      left = Integer(common, left.bits / b);
    } else if (b == ~uint64_t{0}) {
      left = Integer(common, 0 - left.bits);  // The quotient of the least integer would overflow.
    } else {
      left = Integer(
          common, static_cast<uint64_t>(static_cast<int64_t>(left.bits) / static_cast<int64_t>(b)));
    }
    return true;
  }

  Cursor& cursor_;
  uint32_t& depth_;
};

}  // namespace

double Constant::AsDouble() const {
  if (kind == Kind::kF64) return std::bit_cast<double>(bits);
  return std::bit_cast<float>(static_cast<uint32_t>(bits));
}

bool ParseConstant(Cursor& cursor, uint32_t& depth, Constant& result) {
  return Evaluator(cursor, depth).Ternary(result);
}

bool ParseIntegerConstant(Cursor& cursor, uint32_t& depth, const char* what, uint64_t& result) {
  const Token at = cursor.Peek();
  Constant value;
  if (!ParseConstant(cursor, depth, value)) return false;
  if (!value.IsInteger()) return cursor.FailAt(at, llvm::Twine(what) + " is an integer");
  result = value.bits;
  return true;
}

bool StartsConstant(const Token& token) {
  switch (token.kind) {
    case TokenKind::kInteger:
    case TokenKind::kFloat32:
    case TokenKind::kFloat64:
      return true;
    case TokenKind::kIdentifier:
      return token.text == "WARP_SZ";
    case TokenKind::kDotted:
      return llvm::isDigit(token.text.front());
    case TokenKind::kPunctuation:
      return token.Is("-") || token.Is("+") || token.Is("~") || token.Is("!") || token.Is("(");
    default:
      return false;
  }
}

}  // namespace attnjit::emulator::ptx
