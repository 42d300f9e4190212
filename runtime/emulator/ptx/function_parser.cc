#include "runtime/emulator/ptx/function_parser.h"

#include "runtime/emulator/ptx/body_parser.h"
#include "runtime/emulator/ptx/declaration.h"

namespace attnjit::emulator::ptx {
namespace {

// No limit of a launch is above this; the device's own limits are checked at the launch.
constexpr uint64_t kMaxExtent = 1u << 31;

class FunctionParser {
 public:
  FunctionParser(ParseState& state, bool entry, Linkage linkage)
      : state_(state), cursor_(state.cursor) {
    function_.entry = entry;
    function_.linkage = linkage;
    scopes_.Open();
  }

  bool Parse() {
    if (cursor_.Peek().IsDotted("attribute")) return cursor_.Fail("unsupported attribute");
    if (cursor_.Peek().Is("(")) {
      if (function_.entry) return cursor_.Fail("an entry returns nothing");
      if (!Parameters(SymbolKind::kReturn, function_.returns)) return false;
    }
    if (!cursor_.ExpectIdentifier(name_, "a function's name")) return false;
    function_.name = name_.text;
    function_.line = name_.line;
    if (cursor_.Peek().Is("(") && !Parameters(SymbolKind::kParameter, function_.parameters)) {
      return false;
    }
    if (!Directives() || !Register()) return false;
    if (cursor_.TakeIf(";")) return Store();
    function_.defined = true;
    return BodyParser(state_, scopes_, function_).Parse() && Store();
  }

 private:
  bool Parameters(SymbolKind kind, std::vector<Variable>& list) {
    cursor_.Take();
    while (!cursor_.Peek().Is(")")) {
      if (!Parameter(kind, list)) return false;
      if (!cursor_.TakeIf(",")) break;
    }
    return cursor_.Expect(")");
  }

  bool Parameter(SymbolKind kind, std::vector<Variable>& list) {
    const Token start = cursor_.Peek();
    Variable parameter;
    if (cursor_.TakeDotted("reg")) {
      parameter.space = Space::kReg;
    } else if (cursor_.TakeDotted("param")) {
      parameter.space = Space::kParam;
    } else {
      return cursor_.Fail("expected .param or .reg");
    }
    if (parameter.space == Space::kReg && function_.entry) {
      return cursor_.FailAt(start, "an entry's parameters are .param");
    }
    if (!ParseTypeOf(state_, parameter)) return false;
    const Token name = cursor_.Peek();
    if (!ParseDeclarator(state_, false, parameter)) return false;
    if (parameter.unsized) return cursor_.FailAt(name, "unsupported: a parameter without size");
    if (!DeclareParameter(kind, name, list.size(), parameter)) return false;
    list.push_back(std::move(parameter));
    return true;
  }

  bool DeclareParameter(SymbolKind kind, const Token& name, size_t index, Variable& parameter) {
    if (name.text == "_") return true;  // Prototypes need no names.
    if (parameter.space == Space::kReg) {
      parameter.reg = static_cast<int32_t>(function_.registers.size());
      return AddRegisters(state_, scopes_, parameter, name, 1, false, function_);
    }
    return scopes_.Declare(name.text, {kind, static_cast<int32_t>(index)}) ||
           cursor_.FailAt(name, "declared twice: " + name.text);
  }

  bool Directives() {
    while (cursor_.Peek().kind == TokenKind::kDotted) {
      const Token token = cursor_.Take();
      if (!OneDirective(token)) return false;
    }
    return true;
  }

  bool OneDirective(const Token& token) {
    PerformanceDirectives& d = function_.directives;
    if (token.text == "maxntid") return Extents(d.maxntid);
    if (token.text == "reqntid") return Extents(d.reqntid);
    if (token.text == "reqnctapercluster") return Extents(d.reqnctapercluster);
    if (token.text == "minnctapersm") return Number(d.minnctapersm);
    if (token.text == "maxnctapersm") return Number(d.maxnctapersm);
    if (token.text == "maxnreg") return Number(d.maxnreg);
    if (token.text == "maxclusterrank") return Number(d.maxclusterrank);
    if (token.text == "explicitcluster") return d.explicitcluster = true;
    if (token.text == "blocksareclusters") return d.blocksareclusters = true;
    if (token.text == "noreturn") return d.noreturn = true;
    if (token.text == "pragma") return ParsePragma(cursor_);
    if (token.text == "abi_preserve" || token.text == "abi_preserve_control") {
      uint32_t of_no_effect = 0;  // About the machine's registers, which PTX does not show.
      return Number(of_no_effect);
    }
    return cursor_.FailAt(token, "unknown directive ." + token.text);
  }

  bool Number(uint32_t& result) {
    uint64_t value = 0;
    if (!cursor_.ExpectInteger(kMaxExtent, "a number", value)) return false;
    result = static_cast<uint32_t>(value);
    return true;
  }

  bool Extents(std::array<uint32_t, 3>& extents) {
    extents = {1, 1, 1};
    for (size_t i = 0; i < 3; ++i) {
      const Token at = cursor_.Peek();
      if (!Number(extents[i])) return false;
      if (extents[i] == 0) return cursor_.FailAt(at, "an extent is 0");
      if (i == 2 || !cursor_.TakeIf(",")) return true;
    }
    return true;
  }

  // Makes the name known before the body, which may call itself.
  bool Register() {
    const auto [place, fresh] = state_.symbols.try_emplace(
        name_.text,
        Meaning{SymbolKind::kFunction, static_cast<int32_t>(state_.module.functions.size())});
    index_ = place->second.index;
    if (place->second.symbol != SymbolKind::kFunction) {
      return cursor_.FailAt(name_, "declared twice: " + name_.text);
    }
    if (fresh) {
      state_.module.functions.emplace_back();
      state_.module.functions.back().name = function_.name;
      state_.module.functions.back().entry = function_.entry;
      return true;
    }
    const Function& known = state_.module.functions[index_];
    const bool same = known.entry == function_.entry &&
                      known.parameters.size() == function_.parameters.size() &&
                      known.returns.size() == function_.returns.size();
    if (!same) return cursor_.FailAt(name_, "declared otherwise before: " + name_.text);
    return !(known.defined && cursor_.Peek().Is("{")) ||
           cursor_.FailAt(name_, "defined twice: " + name_.text);
  }

  bool Store() {
    Function& place = state_.module.functions[index_];
    if (function_.defined || !place.defined) place = std::move(function_);
    return true;
  }

  ParseState& state_;
  Cursor& cursor_;
  ScopeStack scopes_;
  Function function_;
  Token name_;
  int32_t index_ = -1;
};

}  // namespace

bool ParseFunction(ParseState& state, bool entry, Linkage linkage) {
  return FunctionParser(state, entry, linkage).Parse();
}

}  // namespace attnjit::emulator::ptx
