// How far a long command has come: a bar on a terminal, a line for each step elsewhere.
#ifndef ATTNJIT_TOOLS_ATTNJIT_PROGRESS_H_
#define ATTNJIT_TOOLS_ATTNJIT_PROGRESS_H_

#include <chrono>
#include <string>

#include "llvm/Support/raw_ostream.h"

namespace attnjit {

/// "[#####.....]  5/10  2.5/s  2 s left": `width` columns for the bar's inside.
std::string ProgressBar(size_t done, size_t total, double seconds, int width);

class Progress {
 public:
  /// `bar`: draw one, over itself.
  Progress(llvm::raw_ostream& os, size_t total, bool bar);
  /// One more is done; `line` says what, and is printed where there is no bar or `important`.
  void Step(const std::string& line, bool important);
  void Finish();

 private:
  llvm::raw_ostream& os_;
  const size_t total_;
  const bool bar_;
  size_t done_ = 0;
  const std::chrono::steady_clock::time_point start_;
};

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_PROGRESS_H_
