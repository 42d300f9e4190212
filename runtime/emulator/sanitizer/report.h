// Findings of the sanitizer: what one says, where they are collected, how they are silenced.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_REPORT_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/sanitizer/rule.h"

namespace attnjit::emulator {

enum class MemorySpace : uint8_t { kNone, kShared, kGlobal, kLocal, kTensor };
llvm::StringRef SpaceName(MemorySpace space);

/// Index of a decoded instruction of the running kernel; kNoPc where there is none.
using Pc = uint32_t;
inline constexpr Pc kNoPc = UINT32_MAX;

/// A place in the sources of the running kernel. Lines count from 1; 0 is unknown.
struct SourcePlace {
  uint32_t ptx_line = 0;
  uint32_t cuda_line = 0;
  std::string label;        ///< The nearest PTX label before it, may be empty.
  std::string instruction;  ///< The PTX instruction, may be empty.
};

/// Who did what: the reported access or the one that it conflicts with.
struct Actor {
  Pc pc = kNoPc;
  SourcePlace place;  ///< Filled in by ReportSink::Add from pc.
  int32_t cta = -1;   ///< Rank in the cluster; -1 if not a single CTA's.
  int32_t warp = -1;  ///< Index in the CTA; -1 if not a single warp's.
  int32_t lane = -1;  ///< -1 if not a single lane's.
  std::string kind;   ///< "write", "asynchronous read by wgmma", ...; empty if there is none.
};

struct Report {
  Rule rule = Rule::kRace;
  std::string message;  ///< One sentence, without the places that the other fields give.
  Actor actor;
  MemorySpace space = MemorySpace::kNone;
  uint64_t address = 0;  ///< Meaningful with a space: of shared memory, CTA rank << 24 | offset.
  uint32_t size = 0;     ///< Bytes; 0 with no space.
  Actor other;           ///< The conflicting access; its kind is empty if there is none.
  std::string kernel;    ///< Entry name; filled in by ReportSink::Add.
  uint64_t count = 1;    ///< How often it was found (same rule, pc and conflicting pc).
};

/// "rule: message" and its places, indented, ending in a newline.
std::string ToText(const Report& report);

/// Allows a rule at one place, for a stated reason. All that are given must match; at least one
/// of the four places must be given.
struct Silence {
  Rule rule = Rule::kRace;
  std::string kernel;      ///< Entry name.
  uint32_t ptx_line = 0;   ///< Of either access.
  uint32_t cuda_line = 0;  ///< Of either access.
  std::string label;       ///< PTX label before either access.
  std::string reason;      ///< Never empty.
  uint64_t used = 0;       ///< Filled in by the sink: how many findings it silenced.
};

/// Reads `RULE PLACE[,PLACE..]: REASON`, where PLACE is kernel=NAME, ptx=LINE, cuda=LINE or
/// label=NAME. An error says what is wrong with the text.
llvm::Expected<Silence> ParseSilence(llvm::StringRef text);

/// The silences written in CUDA source as comments `// sanitizer-allow(RULE): REASON`. One covers
/// its own line or, where it stands alone on a line, the next. Errors name the line.
llvm::Expected<std::vector<Silence>> FindSilences(llvm::StringRef cuda_source);

/// Collects findings from all threads of a launch. Equal ones (rule, pc, conflicting pc) are
/// counted once; at most `limit` different ones are kept, the rest only counted. Thread safe.
class ReportSink {
 public:
  explicit ReportSink(size_t limit = 100) : limit_(limit) {}

  /// Adds to what is silenced. Call before the findings come.
  void AddSilences(std::vector<Silence> silences);

  /// The kernel that the next reports belong to, and its places by pc (Pc kNoPc and pcs past the
  /// end have none). Call before its threads start.
  void SetKernel(std::string name, std::vector<SourcePlace> places);

  /// Files a finding, `count` times. False: it is silenced.
  bool Add(Report report);

  /// Findings that are not silenced, equal ones once, in order of rule and place.
  std::vector<Report> reports() const;
  std::vector<Silence> silences() const;
  /// All findings that are not silenced, counting equal ones each time.
  uint64_t total() const;
  /// Different findings that were beyond the limit.
  uint64_t dropped() const;
  bool empty() const { return total() == 0; }
  void Clear();

  /// All findings, then what was silenced and how often. Empty text if there is neither.
  std::string ToText() const;
  /// {"total":n,"dropped":n,"reports":[..],"silenced":[..]}.
  std::string ToJson() const;

 private:
  using Key = std::tuple<std::string, Rule, Pc, Pc>;

  const SourcePlace* PlaceOf(Pc pc) const;
  Silence* FindSilence(const Report& report);

  const size_t limit_;
  mutable std::mutex mutex_;
  std::string kernel_;
  std::vector<SourcePlace> places_;
  std::vector<Silence> silences_;
  std::map<Key, Report> reports_;
  uint64_t total_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_REPORT_H_
