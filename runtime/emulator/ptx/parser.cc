#include "runtime/emulator/ptx/parser.h"

#include <algorithm>
#include <iterator>

#include "llvm/ADT/StringSwitch.h"
#include "runtime/emulator/ptx/declaration.h"
#include "runtime/emulator/ptx/function_parser.h"
#include "runtime/emulator/ptx/parse_state.h"

namespace attnjit::emulator::ptx {
namespace {

// The versions of the PTX ISA that have been released, as major * 10 + minor (chapter 13).
constexpr uint32_t kVersions[] = {60, 61, 62, 63, 64, 65, 70, 71, 72, 73, 74, 75, 76,
                                  77, 78, 80, 81, 82, 83, 84, 85, 86, 87, 88, 90, 91};

// Targets of PTX ISA 11.1.2 from sm_50 on.
constexpr const char* kTargets[] = {
    "sm_50",   "sm_52",  "sm_53",   "sm_60",   "sm_61",  "sm_62",   "sm_70",   "sm_72",  "sm_75",
    "sm_80",   "sm_86",  "sm_87",   "sm_88",   "sm_89",  "sm_90",   "sm_90a",  "sm_100", "sm_100a",
    "sm_100f", "sm_101", "sm_101a", "sm_101f", "sm_103", "sm_103a", "sm_103f", "sm_110", "sm_110a",
    "sm_110f", "sm_120", "sm_120a", "sm_120f", "sm_121", "sm_121a", "sm_121f"};

class ModuleParser {
 public:
  explicit ModuleParser(ParseState& state) : state_(state), cursor_(state.cursor) {}

  bool Parse() {
    if (!Version() || !Target() || !AddressSize()) return false;
    while (!cursor_.failed() && !cursor_.AtEnd()) {
      if (!Statement()) return false;
    }
    return !cursor_.failed();
  }

 private:
  bool Version() {
    if (!cursor_.TakeDotted("version")) return cursor_.Fail("PTX starts with .version");
    const Token token = cursor_.Peek();
    const auto [major, minor] = token.text.split('.');
    Module& module = state_.module;
    if (token.kind != TokenKind::kFloat64 || major.getAsInteger(10, module.version_major) ||
        minor.getAsInteger(10, module.version_minor)) {
      return cursor_.Fail("expected a version such as 9.0");
    }
    const uint64_t version = uint64_t{module.version_major} * 10 + module.version_minor;
    const bool known =
        module.version_minor < 10 &&
        std::find(std::begin(kVersions), std::end(kVersions), version) != std::end(kVersions);
    if (!known) return cursor_.Fail("unknown PTX version " + token.text + "; 6.0 to 9.1 are known");
    cursor_.Take();
    return true;
  }

  bool Target() {
    if (!cursor_.TakeDotted("target")) return cursor_.Fail("expected .target after .version");
    Token token;
    if (!cursor_.ExpectIdentifier(token, "a target")) return false;
    state_.module.target = token.text;
    if (std::find(std::begin(kTargets), std::end(kTargets), token.text) == std::end(kTargets)) {
      return cursor_.FailAt(token, "unknown target " + token.text);
    }
    while (cursor_.TakeIf(",")) {
      if (!cursor_.ExpectIdentifier(token, "a target option")) return false;
      // The texture modes say how textures are named; no texture instruction is known here.
      if (token.text != "debug" && token.text != "texmode_unified" &&
          token.text != "texmode_independent") {
        return cursor_.FailAt(token, "unsupported target option " + token.text);
      }
    }
    return true;
  }

  bool AddressSize() {
    // PTX ISA 11.1.3: 32 where it is left out.
    if (!cursor_.TakeDotted("address_size")) {
      return cursor_.Fail("32-bit addresses are not supported: expected .address_size 64");
    }
    uint64_t size = 0;
    const Token at = cursor_.Peek();
    if (!cursor_.ExpectInteger(64, "an address size", size)) return false;
    return size == 64 || cursor_.FailAt(at, "only .address_size 64 is supported");
  }

  bool Statement() {
    if (cursor_.TakeIf(";")) return true;
    const Token start = cursor_.Peek();
    const Linkage linkage = ParseLinkage(cursor_);
    if (cursor_.Peek().kind != TokenKind::kDotted) return cursor_.Fail("expected a directive");
    const Token token = cursor_.Take();
    if (token.text == "entry") return ParseFunction(state_, true, linkage);
    if (token.text == "func") return ParseFunction(state_, false, linkage);
    const std::optional<Space> space = ParseSpace(token.text);
    if (space && *space != Space::kReg && *space != Space::kLocal && *space != Space::kParam) {
      return Variables(*space, linkage);
    }
    if (linkage != Linkage::kNone) return cursor_.FailAt(start, "expected a variable or function");
    if (token.text == "file") return ParseFile(state_);
    if (token.text == "section") return ParseSection(cursor_);
    if (token.text == "pragma") return ParsePragma(cursor_);
    if (token.text == "alias") return Alias();
    return cursor_.FailAt(token, "unknown directive ." + token.text);
  }

  bool Variables(Space space, Linkage linkage) {
    Variable type;
    type.space = space;
    type.linkage = linkage;
    if (!ParseTypeOf(state_, type)) return false;
    do {
      const Token name = cursor_.Peek();
      Variable variable = type;
      if (!ParseDeclarator(state_, linkage != Linkage::kExtern, variable)) return false;
      if (variable.unsized && linkage != Linkage::kExtern && variable.initial.empty()) {
        return cursor_.FailAt(name, "only an .extern array may have no size");
      }
      const Meaning meaning{SymbolKind::kModuleVariable,
                            static_cast<int32_t>(state_.module.variables.size())};
      if (!state_.symbols.try_emplace(name.text, meaning).second) {
        return cursor_.FailAt(name, "declared twice: " + name.text);
      }
      state_.module.variables.push_back(std::move(variable));
    } while (cursor_.TakeIf(","));
    return cursor_.Expect(";");
  }

  bool NamedFunction(int32_t& index) {
    Token name;
    if (!cursor_.ExpectIdentifier(name, "a function")) return false;
    const auto found = state_.symbols.find(name.text);
    if (found == state_.symbols.end() || found->second.symbol != SymbolKind::kFunction) {
      return cursor_.FailAt(name, "unknown function " + name.text);
    }
    index = found->second.index;
    return true;
  }

  bool Alias() {
    int32_t alias = -1;
    int32_t meant = -1;
    const Token at = cursor_.Peek();
    if (!NamedFunction(alias) || !cursor_.Expect(",") || !NamedFunction(meant)) return false;
    Function& function = state_.module.functions[alias];
    if (function.defined || function.entry || !state_.module.functions[meant].defined) {
      return cursor_.FailAt(at, "an alias is a prototype of a function that is defined");
    }
    function.alias_of = meant;
    return cursor_.Expect(";");
  }

  ParseState& state_;
  Cursor& cursor_;
};

}  // namespace

Linkage ParseLinkage(Cursor& cursor) {
  if (cursor.Peek().kind != TokenKind::kDotted) return Linkage::kNone;
  const Linkage linkage = llvm::StringSwitch<Linkage>(cursor.Peek().text)
                              .Case("visible", Linkage::kVisible)
                              .Case("extern", Linkage::kExtern)
                              .Case("weak", Linkage::kWeak)
                              .Case("common", Linkage::kCommon)
                              .Default(Linkage::kNone);
  if (linkage != Linkage::kNone) cursor.Take();
  return linkage;
}

bool ParseFile(ParseState& state) {
  Cursor& cursor = state.cursor;
  uint64_t index = 0;
  if (!cursor.ExpectInteger(INT32_MAX, "a file's index", index)) return false;
  if (cursor.Peek().kind != TokenKind::kString) return cursor.Fail("expected a file's name");
  state.module.files[static_cast<int32_t>(index)] = cursor.Take().text.str();
  uint64_t of_no_use = 0;  // Time stamp and size.
  for (int i = 0; i < 2 && cursor.TakeIf(","); ++i) {
    if (!cursor.ExpectInteger(UINT64_MAX, "a number", of_no_use)) return false;
  }
  return true;
}

bool ParseSection(Cursor& cursor) {
  if (cursor.Peek().kind != TokenKind::kDotted && cursor.Peek().kind != TokenKind::kIdentifier) {
    return cursor.Fail("expected a section's name");
  }
  cursor.Take();
  if (!cursor.Expect("{")) return false;
  for (size_t depth = 1; depth > 0;) {
    if (cursor.AtEnd()) return cursor.Fail("the section has no closing '}'");
    const Token token = cursor.Take();
    if (token.Is("{")) ++depth;
    if (token.Is("}")) --depth;
  }
  return true;
}

bool ParsePragma(Cursor& cursor) {
  do {
    if (cursor.Peek().kind != TokenKind::kString) return cursor.Fail("expected a string");
    cursor.Take();
  } while (cursor.TakeIf(","));
  return cursor.Expect(";");
}

llvm::Expected<Module> ParsePtx(llvm::StringRef text) {
  // The driver takes PTX as a string that ends at its first zero.
  text = text.take_until([](char c) { return c == '\0'; });
  if (text.size() > ParseLimits::kTextBytes) {
    return llvm::make_error<PtxError>(1, 1, "", "the text is above 64 MiB");
  }
  auto owned = std::make_shared<const std::string>(text.str());
  ParseState state(*owned);
  state.module.text = owned;
  if (!ModuleParser(state).Parse()) return state.cursor.TakeError();
  return std::move(state.module);
}

}  // namespace attnjit::emulator::ptx
