// JSON text -> a small tree that keeps what a validator needs: document order, duplicate keys and
// the text of numbers. Bounded in size and nesting; never recurses on the input's depth while
// reading. Thread safety: pure.
#ifndef ATTNJIT_GENERATOR_JSON_READER_H_
#define ATTNJIT_GENERATOR_JSON_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "generator/error.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

inline constexpr size_t kJsonMaxBytes = size_t{1} << 20;
inline constexpr int kJsonMaxDepth = 32;

struct JsonMember;

struct JsonNode {
  enum class Kind {
    kNull,
    kBool,
    kInteger,        ///< Fits int64_t; 128.0 and 1.28e2 are integers too, as in JSON Schema.
    kNumber,         ///< Finite, and not an integer that fits int64_t.
    kInvalidNumber,  ///< NaN, Infinity or 1e400: reported by the reader, to be passed over.
    kString,
    kArray,
    kObject,
  };
  Kind kind = Kind::kNull;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;  ///< kInteger too.
  std::string text;   ///< A string's value; a number as it was written.
  std::vector<JsonNode> items;
  std::vector<JsonMember> members;  ///< In document order, duplicates kept.
  size_t order = 0;                 ///< Values are numbered as they begin in the document.
};

struct JsonMember {
  std::string key;
  JsonNode value;
};

/// A diagnostic and the place it takes among the others.
struct OrderedDiagnostic {
  size_t order = 0;  ///< JsonNode::order of the value it is about.
  SpecDiagnostic diagnostic;
};

struct JsonDocument {
  JsonNode root;
  /// Numbers that JSON or a double does not have, or the one error that made the text unreadable.
  std::vector<OrderedDiagnostic> diagnostics;
  bool readable = false;  ///< False: `root` is not the whole document; do not validate it.
};

JsonDocument ReadJson(llvm::StringRef text);

/// The value as compact JSON, cut to `max_length` bytes, of which the last three are then "...".
/// Printable: control characters and ill-formed UTF-8 are escaped or replaced.
std::string CompactJson(const JsonNode& node, size_t max_length = 80);

/// `pointer` extended by one reference token (RFC 6901). Control characters are escaped as in JSON
/// strings, and a key longer than 80 bytes is cut, so that a diagnostic stays one readable line.
std::string AppendPointer(llvm::StringRef pointer, llvm::StringRef token);
std::string AppendPointer(llvm::StringRef pointer, size_t index);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_JSON_READER_H_
