// Texts embedded at build time (CMakeLists.txt).
#ifndef ATTNJIT_TOOLS_ATTNJIT_EMBEDDED_H_
#define ATTNJIT_TOOLS_ATTNJIT_EMBEDDED_H_

namespace attnjit {

extern const char kWorkloadsJson[];  ///< tests/workloads/workloads.json
extern const char kBashCompletion[];
extern const char kZshCompletion[];
extern const char kFishCompletion[];

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_EMBEDDED_H_
