// From plain C functions to one of several drivers: the table that a Driver gives out.
//
// A DriverTable holds plain functions, which know nothing but their arguments, and some take no
// handle that would lead to a driver (cuDeviceGetCount, cuCtxGetCurrent, cuLibraryLoadData). So
// every function exists once for each of kMaxEmulators places, as an instance of a template, and a
// process-wide array says which Driver has which place.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_TABLE_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_TABLE_H_

#include "runtime/driver.h"

namespace attnjit::emulator {

class Driver;

/// A free place, from now on the driver's, and a table whose functions lead to it; -1: none is
/// left.
int TakePlace(Driver& driver, DriverTable& table);
/// The functions of the place's table return kErrorDeinitialized from now on.
void LeavePlace(int place);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_TABLE_H_
