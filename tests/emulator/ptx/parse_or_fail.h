// Parses, and fails the test where that fails.
#ifndef ATTNJIT_TESTS_EMULATOR_PTX_PARSE_OR_FAIL_H_
#define ATTNJIT_TESTS_EMULATOR_PTX_PARSE_OR_FAIL_H_

#include <gtest/gtest.h>

#include <string>

#include "tests/emulator/ptx/ptx_text.h"

namespace attnjit::emulator::ptx {

inline Module ParseOrFail(const std::string& text) {
  llvm::Expected<Module> module = ParsePtx(text);
  if (module) return std::move(*module);
  ADD_FAILURE() << llvm::toString(module.takeError());
  return Module();
}

/// The instructions of an entry with this body, kept alive with their module.
struct Body {
  Module module;
  const Function& function() const { return module.functions.at(0); }
  const Instruction& operator[](size_t i) const { return function().instructions.at(i); }
  size_t size() const { return module.functions.empty() ? 0 : function().instructions.size(); }
};
inline Body ParseBody(const std::string& body) { return {ParseOrFail(EntryText(body))}; }

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_TESTS_EMULATOR_PTX_PARSE_OR_FAIL_H_
