// Reads JSON values into typed fields and collects what is wrong with them.
#ifndef ATTNJIT_GENERATOR_SPEC_FIELDS_H_
#define ATTNJIT_GENERATOR_SPEC_FIELDS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "generator/json_reader.h"
#include "generator/spec_names.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

/// A value and where it stands.
struct JsonPlace {
  const JsonNode* node;
  std::string pointer;
};

/// Reads one member of an object.
struct FieldReader {
  llvm::StringRef name;
  std::function<void(const JsonPlace&)> read;
  const char* required = nullptr;  ///< What to give, if the field must be given.
};

/// Everything wrong with a request, at most kMaxDiagnostics of it, in document order.
class SpecDiagnostics {
 public:
  static constexpr size_t kMaxDiagnostics = 1000;

  explicit SpecDiagnostics(std::vector<OrderedDiagnostic> found) : found_(std::move(found)) {}

  void Add(const JsonPlace& place, std::string message, std::string nearest = "");
  /// About a value that is not there; listed after those about values.
  void AddMissing(std::string pointer, std::string message);
  bool empty() const { return found_.empty(); }
  std::vector<SpecDiagnostic> Take();

 private:
  std::vector<OrderedDiagnostic> found_;
  size_t dropped_ = 0;
};

/// The readers below add a diagnostic and return nullopt (or false) where the value is not allowed.
/// `what` says what is allowed: "must be WHAT".

/// Calls the reader of each known member, once. Unknown fields, duplicate keys and missing required
/// fields are errors; names that begin with "x-" are the caller's own and passed over.
/// `synonyms` are pairs of a name that is not a field and the field that is meant.
bool ReadObject(const JsonPlace& place, llvm::ArrayRef<FieldReader> fields,
                SpecDiagnostics& diagnostics,
                llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> synonyms = {});

struct IntegerRange {
  int64_t min;
  int64_t max;
  int64_t step = 1;  ///< Multiples of it only.
};
std::optional<int64_t> ReadInteger(const JsonPlace& place, const IntegerRange& range,
                                   const std::string& what, SpecDiagnostics& diagnostics);

std::optional<bool> ReadBool(const JsonPlace& place, SpecDiagnostics& diagnostics);

/// The index of a string in `names`.
std::optional<size_t> ReadName(const JsonPlace& place, llvm::ArrayRef<llvm::StringRef> names,
                               const std::string& what, SpecDiagnostics& diagnostics);

template <typename T, size_t kSize>
std::optional<T> ReadNamedValue(const JsonPlace& place, const NamedValue<T> (&values)[kSize],
                                SpecDiagnostics& diagnostics) {
  std::vector<llvm::StringRef> names;
  std::string what;
  for (const NamedValue<T>& entry : values) {
    names.push_back(entry.name);
    if (!entry.alias) what += (what.empty() ? "\"" : ", \"") + std::string(entry.name) + "\"";
  }
  const std::optional<size_t> index = ReadName(place, names, "one of " + what, diagnostics);
  if (!index) return std::nullopt;
  return values[*index].value;
}

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_SPEC_FIELDS_H_
