// Small faults to plant into PTX text: one fence, wait, barrier, parity, byte count, descriptor
// field or address at a time.
#ifndef ATTNJIT_TESTS_EMULATOR_MUTANTS_MUTATION_H_
#define ATTNJIT_TESTS_EMULATOR_MUTANTS_MUTATION_H_

#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"

namespace attnjit::emulator {

inline constexpr size_t kContextStatements = 4;

/// One faulty version of a PTX text.
struct Mutant {
  std::string name;       ///< "drop wgmma.wait_group #2".
  int line = 0;           ///< Of the changed statement, from 1.
  std::string statement;  ///< As it was.
  /// The statements around it that synchronise, copy or multiply: "before | statement | after",
  /// kContextStatements each way, separated by "; ".
  std::string context;
  std::string ptx;  ///< The whole text with the fault.
};

/// Every fault that the table of operators knows, at every statement that it fits, in the order of
/// operator and line. Every mutant is a valid program for an assembler.
std::vector<Mutant> MakeMutants(llvm::StringRef ptx);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_MUTANTS_MUTATION_H_
