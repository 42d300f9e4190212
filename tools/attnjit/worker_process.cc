#include "tools/attnjit/worker_process.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

extern char** environ;

namespace attnjit {
namespace {

constexpr char kThisProgram[] = "/proc/self/exe";

llvm::Error SystemError(const char* what, int error) {
  return llvm::createStringError(std::error_code(error, std::generic_category()),
                                 "cannot start a worker: %s: %s", what,
                                 std::generic_category().message(error).c_str());
}

}  // namespace

llvm::Expected<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(
    const std::vector<std::string>& args) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return SystemError("socketpair", errno);
  }
  UniqueFd ours(pair[0]), theirs(pair[1]);
  std::vector<char*> argv = {const_cast<char*>("attnjit")};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, kThisProgram, &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return SystemError("posix_spawn", error);
  return std::unique_ptr<WorkerProcess>(new WorkerProcess(std::move(ours), pid));
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) WaitForEnd();
}

bool WorkerProcess::Send(const std::string& line) {
  const std::string bytes = line + "\n";
  for (size_t sent = 0; sent < bytes.size();) {
    // Without a signal where the child is gone.
    const ssize_t n = ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

std::optional<std::string> WorkerProcess::Receive(bool* ended) {
  char buffer[1 << 14];
  const ssize_t n = ::recv(fd_.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
  if (n > 0) received_.append(buffer, static_cast<size_t>(n));
  *ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
  const size_t end = received_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return line;
}

std::string WorkerProcess::WaitForEnd() {
  ::shutdown(fd_.get(), SHUT_RDWR);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace attnjit
