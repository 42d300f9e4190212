// The smallest ELF file that CheckCubin takes for a cubin.
#ifndef ATTNJIT_TESTS_UNIT_CACHE_FAKE_CUBIN_H_
#define ATTNJIT_TESTS_UNIT_CACHE_FAKE_CUBIN_H_

#include <string>

namespace attnjit {

/// For `sm` (90) with the function `entry`; `payload` is its code. `abi_version` is 7 or 8, as CUDA
/// 12's and 13's compilers write it.
std::string FakeCubin(int sm, const std::string& entry, const std::string& payload,
                      int abi_version = 8);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_UNIT_CACHE_FAKE_CUBIN_H_
