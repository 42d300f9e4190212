#include "tests/gpu/suite_supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "tests/gpu/suite_report.h"

namespace attnjit {
namespace {

llvm::Error SystemError(const char* call) {
  return llvm::createStringError(std::error_code(errno, std::generic_category()), "%s: %s", call,
                                 std::strerror(errno));
}

/// The cases of one child.
class ChildRun {
 public:
  explicit ChildRun(const std::function<void(size_t, const CaseResult&)>& finished)
      : finished_(finished) {}

  void TakeLine(llvm::StringRef line) {
    auto [kind, rest] = line.split(' ');
    auto [number, json] = rest.split(' ');
    size_t index = 0;
    if (number.getAsInteger(10, index)) return;
    if (kind == "S") {
      running_.insert(index);
    } else if (kind == "R") {
      llvm::Expected<CaseResult> result = ParseResult(json);
      if (!result) return llvm::consumeError(result.takeError());
      running_.erase(index);
      done_.insert(index);
      finished_(index, *result);
    }
  }

  const std::set<size_t>& running() const { return running_; }
  const std::set<size_t>& done() const { return done_; }

 private:
  const std::function<void(size_t, const CaseResult&)>& finished_;
  std::set<size_t> running_;
  std::set<size_t> done_;
};

void Erase(std::vector<size_t>& list, const std::set<size_t>& gone) {
  llvm::erase_if(list, [&](size_t index) { return gone.count(index) != 0; });
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

/// Writes everything; a reader that is gone is not an error.
void WriteAll(int fd, const std::string& text) {
  size_t written = 0;
  while (written < text.size()) {
    ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n <= 0 && errno != EINTR) return;
    written += std::max<ssize_t>(n, 0);
  }
}

/// Reads lines until the end, or until nothing came for the timeout: false.
bool ReadLines(int fd, double silence_timeout, const std::function<void(llvm::StringRef)>& line) {
  std::string pending;
  char buffer[4096];
  int timeout_ms = silence_timeout > 0 ? static_cast<int>(silence_timeout * 1000) : -1;
  for (;;) {
    pollfd poll_fd = {fd, POLLIN, 0};
    int ready = poll(&poll_fd, 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return false;
    ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    pending.append(buffer, count);
    for (size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      line(llvm::StringRef(pending).take_front(end));
      pending.erase(0, end + 1);
    }
  }
}

ChildEnd WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return {false, "signal " + std::to_string(WTERMSIG(status))};
  int code = WEXITSTATUS(status);
  return {code == 0, "exit code " + std::to_string(code)};
}

}  // namespace

std::string StartedLine(size_t index) { return "S " + std::to_string(index) + "\n"; }

std::string ResultLine(size_t index, const CaseResult& result) {
  return "R " + std::to_string(index) + " " + ResultJson(result) + "\n";
}

llvm::Error Supervise(const std::vector<size_t>& indices, const SupervisorOptions& options,
                      const RunChild& run_child,
                      const std::function<void(size_t, const CaseResult&)>& finished) {
  std::vector<size_t> pending = indices;
  std::vector<size_t> suspects;
  for (int restarts = 0; !pending.empty() && restarts <= options.max_restarts; ++restarts) {
    bool alone = !suspects.empty();
    ChildRun run(finished);
    llvm::Expected<ChildEnd> end =
        run_child(alone ? suspects : pending, alone ? 1 : options.threads,
                  [&](llvm::StringRef line) { run.TakeLine(line); });
    if (!end) return end.takeError();
    Erase(pending, run.done());
    Erase(suspects, run.done());
    if (end->clean) {
      if (!alone) return llvm::Error::success();  // Done, or out of time.
      suspects.clear();
      continue;
    }
    if (run.running().empty() && run.done().empty()) {
      return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                     "a process of the suite ended before its first case (%s)",
                                     end->description.c_str());
    }
    if (alone || run.running().size() == 1) {
      CaseResult died;
      died.status = CaseStatus::kFailed;
      died.device_lost = true;
      died.detail = "the process hung or died in this case (" + end->description + ")";
      for (size_t index : run.running()) finished(index, died);
      Erase(pending, run.running());
      Erase(suspects, run.running());
    } else {
      suspects.assign(run.running().begin(), run.running().end());
    }
  }
  return llvm::Error::success();
}

llvm::Expected<ChildEnd> RunProcess(const std::vector<std::string>& command,
                                    const std::vector<size_t>& indices, double silence_timeout,
                                    const std::function<void(llvm::StringRef)>& line) {
  int input[2], output[2];
  if (pipe2(input, O_CLOEXEC) != 0) return SystemError("pipe2");
  Descriptor input_read(input[0]), input_write(input[1]);
  if (pipe2(output, O_CLOEXEC) != 0) return SystemError("pipe2");
  Descriptor output_read(output[0]), output_write(output[1]);
  std::vector<char*> argv;
  for (const std::string& part : command) argv.push_back(const_cast<char*>(part.c_str()));
  argv.push_back(nullptr);
  pid_t child = fork();
  if (child < 0) return SystemError("fork");
  if (child == 0) {
    dup2(input_read.get(), STDIN_FILENO);
    dup2(output_write.get(), STDOUT_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  input_read.Close();
  output_write.Close();
  std::string text;
  for (size_t index : indices) text += std::to_string(index) + "\n";
  WriteAll(input_write.get(), text);
  input_write.Close();
  bool heard = ReadLines(output_read.get(), silence_timeout, line);
  if (!heard) kill(child, SIGKILL);
  ChildEnd end = WaitFor(child);
  if (!heard) end.description = "silent for too long";
  return end;
}

}  // namespace attnjit
