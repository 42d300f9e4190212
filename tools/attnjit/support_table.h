// What is supported on which GPU, found out by asking the planner.
#ifndef ATTNJIT_TOOLS_ATTNJIT_SUPPORT_TABLE_H_
#define ATTNJIT_TOOLS_ATTNJIT_SUPPORT_TABLE_H_

#include <string>

#include "llvm/Support/raw_ostream.h"

namespace attnjit {

/// Markdown: a row for each GPU with its family, dtypes, head dims and the tiles of a few of them.
void PrintSupport(llvm::raw_ostream& os);

/// The same as one line of JSON.
std::string SupportJson();

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_SUPPORT_TABLE_H_
