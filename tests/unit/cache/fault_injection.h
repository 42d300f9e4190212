// Calls of the system that fail when told to: the test program's own openat, write and so on stand
// before the C library's, so that the code under test needs no seam for it.
#ifndef ATTNJIT_TESTS_UNIT_CACHE_FAULT_INJECTION_H_
#define ATTNJIT_TESTS_UNIT_CACHE_FAULT_INJECTION_H_

#include <string>
#include <vector>

namespace attnjit {

/// While it lives, every call of `name` on a path or descriptor fails with `error`, from the
/// `skip`-th on. One at a time, for all threads.
class InjectedFault {
 public:
  InjectedFault(std::string name, int error, int skip = 0);
  ~InjectedFault();
  InjectedFault(const InjectedFault&) = delete;
  InjectedFault& operator=(const InjectedFault&) = delete;
  int calls() const;  ///< How many failed.
};

/// The calls that can be made to fail.
const std::vector<std::string>& InjectableCalls();

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_UNIT_CACHE_FAULT_INJECTION_H_
