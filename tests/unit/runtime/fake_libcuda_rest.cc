// Every function of the table that fake_libcuda.cc does not define: succeeds and does nothing.
#include "runtime/driver.h"

// Weak: fake_libcuda.cc's take precedence. In C's calling convention the caller cleans up, so
// parameters need no declaration.
#define ATTNJIT_SUCCEED(need, field, symbol, parameters) \
  extern "C" __attribute__((weak, visibility("default"))) int symbol() { return 0; }
ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_SUCCEED)
