#include "runtime/emulator/ptx/declaration.h"

#include <bit>

#include "llvm/ADT/StringSwitch.h"
#include "runtime/emulator/ptx/constant.h"
#include "runtime/emulator/ptx/initialiser.h"

namespace attnjit::emulator::ptx {
namespace {

constexpr uint64_t kMaxAlign = 1 << 20;
constexpr size_t kMaxDimensions = 16;

bool ParseAlign(Cursor& cursor, uint64_t& align) {
  const Token at = cursor.Peek();
  if (!cursor.ExpectInteger(kMaxAlign, "an alignment", align)) return false;
  return std::has_single_bit(align) || cursor.FailAt(at, "an alignment is a power of two");
}

// `.ptr .global .align 16`: about what the pointer points to, which execution does not need.
bool ParsePointerAttribute(Cursor& cursor) {
  for (const char* space : {"global", "const", "local", "shared", "param"}) {
    if (cursor.TakeDotted(space)) break;
  }
  uint64_t align = 0;
  return !cursor.TakeDotted("align") || ParseAlign(cursor, align);
}

// `.attribute(.managed)`, after ".attribute".
bool ParseAttribute(Cursor& cursor, Variable& variable) {
  if (!cursor.Expect("(")) return false;
  if (!cursor.TakeDotted("managed")) return cursor.Fail("unsupported attribute");
  variable.managed = true;
  return cursor.Expect(")");
}

bool ParseDimensions(ParseState& state, Variable& variable, std::vector<uint64_t>& dimensions) {
  Cursor& cursor = state.cursor;
  uint64_t bytes = TypeBytes(variable.type) * variable.vector_width;
  while (cursor.Peek().Is("[")) {
    const Token at = cursor.Take();
    if (dimensions.size() == kMaxDimensions) return cursor.FailAt(at, "too many dimensions");
    uint64_t extent = 0;
    if (!cursor.Peek().Is("]")) {
      if (!ParseIntegerConstant(cursor, state.depth, "a dimension", extent)) return false;
      if (extent == 0 || extent > ParseLimits::kVariableBytes / bytes) {
        return cursor.FailAt(at, "the array's size is 0 or above 1 GiB");
      }
      bytes *= extent;
    } else if (!dimensions.empty()) {
      return cursor.Fail("only the first dimension may be left open");
    }
    dimensions.push_back(extent);
    if (!cursor.Expect("]")) return false;
  }
  return true;
}

}  // namespace

std::optional<Space> ParseSpace(llvm::StringRef dotted) {
  return llvm::StringSwitch<std::optional<Space>>(dotted)
      .Case("reg", Space::kReg)
      .Case("global", Space::kGlobal)
      .Case("const", Space::kConst)
      .Case("shared", Space::kShared)
      .Case("local", Space::kLocal)
      .Case("param", Space::kParam)
      .Default(std::nullopt);
}

bool ParseTypeOf(ParseState& state, Variable& variable) {
  Cursor& cursor = state.cursor;
  bool typed = false;
  uint64_t align = 0;
  variable.line = cursor.Peek().line;
  while (cursor.Peek().kind == TokenKind::kDotted) {
    const Token token = cursor.Take();
    if (token.text == "align") {
      if (!ParseAlign(cursor, align)) return false;
    } else if (token.text == "v2" || token.text == "v4" || token.text == "v8") {
      variable.vector_width = token.text[1] - '0';
    } else if (token.text == "ptr") {
      if (!ParsePointerAttribute(cursor)) return false;
    } else if (token.text == "attribute") {
      if (!ParseAttribute(cursor, variable)) return false;
    } else if (const std::optional<Type> type = ParseType(token.text); type && !typed) {
      variable.type = *type;
      typed = true;
    } else {
      return cursor.FailAt(token, "unknown or repeated ." + token.text + " in a declaration");
    }
  }
  if (!typed) return cursor.Fail("expected a type");
  if (variable.type == Type::kPred && variable.space != Space::kReg) {
    return cursor.Fail(".pred is a type of registers only");
  }
  variable.align = align != 0 ? align : uint64_t{TypeBytes(variable.type)} * variable.vector_width;
  return true;
}

bool ParseDeclarator(ParseState& state, bool may_initialise, Variable& variable) {
  Cursor& cursor = state.cursor;
  Token name;
  if (!cursor.ExpectIdentifier(name, "a name")) return false;
  variable.name = name.text;
  variable.line = name.line;
  std::vector<uint64_t> dimensions;
  if (!ParseDimensions(state, variable, dimensions)) return false;
  const bool array = !dimensions.empty();
  if (variable.vector_width > 1) dimensions.push_back(variable.vector_width);
  if (may_initialise && cursor.TakeIf("=")) {
    if (variable.space != Space::kGlobal && variable.space != Space::kConst) {
      return cursor.FailAt(name, "only .global and .const variables have an initial value");
    }
    if (!ParseInitialiser(state, dimensions, variable)) return false;
  }
  variable.unsized = array && dimensions[0] == 0;
  variable.bytes = TypeBytes(variable.type);
  for (const uint64_t extent : dimensions) variable.bytes *= extent;
  if (variable.bytes > ParseLimits::kVariableBytes)
    return cursor.FailAt(name, "variable too large");
  return true;
}

}  // namespace attnjit::emulator::ptx
