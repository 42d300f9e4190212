// A child process of this program that answers lines with lines.
#ifndef ATTNJIT_TOOLS_ATTNJIT_WORKER_PROCESS_H_
#define ATTNJIT_TOOLS_ATTNJIT_WORKER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/file_io.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// One thread at a time. Ending it closes the child's input, at which the child ends, and waits for
/// it.
class WorkerProcess {
 public:
  /// Runs this program with `args`, standard input and output connected; standard error is shared.
  static llvm::Expected<std::unique_ptr<WorkerProcess>> Start(const std::vector<std::string>& args);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// False: the child has ended.
  bool Send(const std::string& line);
  /// Readable when the child has written, or has ended.
  int fd() const { return fd_.get(); }
  /// Takes in what is there. A whole line without its end, or nullopt; `ended` is set where the
  /// child has closed its output.
  std::optional<std::string> Receive(bool* ended);
  /// Waits for its end: "ended with exit code 1", "was ended by signal 11".
  std::string WaitForEnd();

 private:
  WorkerProcess(UniqueFd fd, pid_t pid) : fd_(std::move(fd)), pid_(pid) {}
  UniqueFd fd_;
  pid_t pid_;
  std::string received_;
};

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_WORKER_PROCESS_H_
