// Compares an output with a stored answer, an exact function or an oracle.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_JUDGE_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_JUDGE_H_

#include <string>

#include "tests/emulator/micro/answers.h"
#include "tests/emulator/micro/case.h"

namespace attnjit::micro {

enum class Verdict {
  kSame,  ///< As it should be.
  kDifferent,
  kNoAnswer,  ///< None is stored, and the case has no oracle.
  kStale,     ///< The stored answer is of another text or input of this case.
};

struct Judgement {
  Verdict verdict = Verdict::kSame;
  std::string detail;  ///< Of a difference: the first differing values, or where it lies.
};

/// Judges `output` of `c`: approximate regions against their exact function (bound), else against
/// the answer (bound); everything else against the answer or the oracle bit for bit.
Judgement Judge(const Case& c, const Bytes& output, const Answer* answer);

/// Whether `error`, with which the case ended, is the refusal that it expects of the emulator.
bool IsRefusal(const Case& c, const std::string& error);

/// Whether approximate regions with an exact function hold it: what can be said without an answer.
Judgement JudgeAlone(const Case& c, const Bytes& output);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_JUDGE_H_
