// Runs many cases: grouped into modules, in this process or in children that may hang or die.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_BATCH_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_BATCH_H_

#include <functional>
#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "tests/emulator/micro/executor.h"

namespace attnjit::micro {

/// Called for a case with its output, or with what went wrong.
using CaseFinished = std::function<void(size_t index, llvm::Expected<Bytes>)>;

/// Indices of cases that make a module together: one family and target, at most `max_cases`.
std::vector<std::vector<size_t>> GroupIntoModules(const std::vector<Case>& cases,
                                                  const std::vector<size_t>& indices,
                                                  size_t max_cases);

/// Runs cases[index] for each index. A module that does not load is tried again a case at a time,
/// so that one bad text costs one case.
void RunInProcess(Executor& executor, const std::vector<Case>& cases,
                  const std::vector<size_t>& indices, size_t max_cases,
                  const CaseFinished& finished);

/// The same in `children` processes at once, each `command` given indices on its standard input
/// and speaking as ServeBatch does. A case in which a child dies or is silent for `timeout` seconds
/// fails; a new child takes the rest. `finished` is called by one thread at a time.
void RunInChildren(const std::vector<std::string>& command, int children, double timeout,
                   const std::vector<Case>& cases, const std::vector<size_t>& indices,
                   const CaseFinished& finished);

/// The child's side: reads indices from standard input and runs them; writes "S index" before
/// each, "R index HEX" or "E index TEXT" after it. Stops at the first case that loads and fails,
/// since the context may be lost then: false.
bool ServeBatch(Executor& executor, const std::vector<Case>& cases);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_BATCH_H_
