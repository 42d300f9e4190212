// Advisory locks on ranges of a file, of an open file description (fcntl(2)).
#ifndef ATTNJIT_CACHE_RECORD_LOCK_H_
#define ATTNJIT_CACHE_RECORD_LOCK_H_

#include <cstdint>
#include <string>

#include "cache/file_io.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Opens a file of an open directory for reading and writing, made if it is not there. No link is
/// followed. Errors: CacheError.
llvm::Expected<UniqueFd> OpenRecordFile(int directory, const std::string& name,
                                        const std::string& path, const AccessRules& rules);

/// Does not wait. 0, or errno: EAGAIN where somebody else holds a part of the range.
int TryLockRecord(int fd, int64_t start, int64_t length);
void UnlockRecord(int fd, int64_t start, int64_t length);

/// Somebody holds a lock on any part of the file.
bool IsRecordLocked(int fd);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_RECORD_LOCK_H_
