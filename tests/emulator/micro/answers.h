// A GPU's answers to micro-programs, kept in small files: one a family, NAME.answers, each a zstd
// frame.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_ANSWERS_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_ANSWERS_H_

#include <map>
#include <string>

#include "llvm/Support/Error.h"
#include "tests/emulator/micro/case.h"

namespace attnjit::micro {

/// What is kept of one output. A big one keeps its beginning alone, and a digest of all.
struct Answer {
  std::string fingerprint;  ///< Of the case that was run.
  uint64_t size = 0;        ///< Bytes of the whole output.
  std::string digest;       ///< Of the whole output, every NaN of a float region the same.
  Bytes head;
};

struct FamilyAnswers {
  std::string device;  ///< Executor::description() of who answered.
  std::map<std::string, Answer> by_case;
};

/// Bytes kept of an output that is compared exactly; approximate ones are kept whole.
inline constexpr size_t kHeadBytes = 256;

/// `output` with every NaN of the case's exact float regions replaced by one and the same.
Bytes Canonical(const Case& c, Bytes output);
std::string Digest(const Bytes& canonical);
Answer MakeAnswer(const Case& c, const Bytes& output, bool whole);

/// The answers of a family; none where there is no file. Errors: unreadable or corrupt.
llvm::Expected<FamilyAnswers> ReadAnswers(const std::string& directory, const std::string& family);
llvm::Error WriteAnswers(const std::string& directory, const std::string& family,
                         const FamilyAnswers& answers);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_ANSWERS_H_
