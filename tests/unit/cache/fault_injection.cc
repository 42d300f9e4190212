#include "tests/unit/cache/fault_injection.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>

namespace attnjit {

namespace {

struct Plan {
  std::string name;
  int error = 0;
  std::atomic<int> skip = 0;
  std::atomic<int> failed = 0;
};
Plan plan;
std::atomic<bool> active = false;

bool Fails(const char* name) {
  if (!active || plan.name != name || plan.skip-- > 0) return false;
  ++plan.failed;
  errno = plan.error;
  return true;
}

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

InjectedFault::InjectedFault(std::string name, int error, int skip) {
  plan.name = std::move(name);
  plan.error = error;
  plan.skip = skip;
  plan.failed = 0;
  active = true;
}

InjectedFault::~InjectedFault() { active = false; }

int InjectedFault::calls() const { return plan.failed; }

const std::vector<std::string>& InjectableCalls() {
  static const std::vector<std::string> calls = {"open",  "openat",  "read",     "write",
                                                 "fstat", "mkdirat", "renameat", "fcntl"};
  return calls;
}

}  // namespace attnjit

using attnjit::Fails;
using attnjit::Real;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (Fails("open")) return -1;
  return Real<int (*)(const char*, int, ...)>("open")(path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (Fails("openat")) return -1;
  return Real<int (*)(int, const char*, int, ...)>("openat")(directory, path, flags, mode);
}

ssize_t read(int fd, void* buffer, size_t size) {
  if (Fails("read")) return -1;
  return Real<ssize_t (*)(int, void*, size_t)>("read")(fd, buffer, size);
}

ssize_t write(int fd, const void* buffer, size_t size) {
  if (Fails("write")) return -1;
  return Real<ssize_t (*)(int, const void*, size_t)>("write")(fd, buffer, size);
}

int fstat(int fd, struct stat* info) noexcept {
  if (Fails("fstat")) return -1;
  return Real<int (*)(int, struct stat*)>("fstat")(fd, info);
}

int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  if (Fails("mkdirat")) return -1;
  return Real<int (*)(int, const char*, mode_t)>("mkdirat")(directory, path, mode);
}

int renameat(int from, const char* old_path, int to, const char* new_path) noexcept {
  if (Fails("renameat")) return -1;
  return Real<int (*)(int, const char*, int, const char*)>("renameat")(from, old_path, to,
                                                                       new_path);
}

int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (Fails("fcntl")) return -1;
  return Real<int (*)(int, int, ...)>("fcntl")(fd, command, argument);
}

}  // extern "C"
