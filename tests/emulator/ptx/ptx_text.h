// PTX for tests: a module around what a test is about.
#ifndef ATTNJIT_TESTS_EMULATOR_PTX_PTX_TEXT_H_
#define ATTNJIT_TESTS_EMULATOR_PTX_PTX_TEXT_H_

#include <string>

#include "runtime/emulator/ptx/parser.h"

namespace attnjit::emulator::ptx {

/// A module's first three lines; what follows starts in line 4.
inline std::string ModuleText(const std::string& rest) {
  return ".version 9.0\n.target sm_90a\n.address_size 64\n" + rest;
}

/// The body of an entry k that has registers of every class; the body starts in line 6.
inline std::string EntryText(const std::string& body) {
  return ModuleText(
      ".visible .entry k(.param .u64 k_param_0, .param .align 8 .b8 k_param_1[24]) {\n"
      ".reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<16>; .reg .f32 %f<16>; .reg .b64 "
      "%rd<16>;\n" +
      body + "\n}\n");
}

/// The problem of the error; "" where the text parses. Fails at any other error.
struct Problem {
  uint32_t line = 0;
  uint32_t column = 0;
  std::string message, text;
};
inline Problem ProblemOf(const std::string& text) {
  Problem problem;
  llvm::Expected<Module> module = ParsePtx(text);
  if (module) return problem;
  llvm::handleAllErrors(module.takeError(), [&](const PtxError& error) {
    problem = {error.line(), error.column(), error.problem(), error.text()};
  });
  return problem;
}

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_TESTS_EMULATOR_PTX_PTX_TEXT_H_
