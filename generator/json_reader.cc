#include "generator/json_reader.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit {
namespace {

using Kind = JsonNode::Kind;

// Each number that JSON does not have costs one more pass over the text.
constexpr int kMaxPasses = 16;

std::string Cut(std::string text, size_t max_length) {
  if (text.size() <= max_length) return text;
  size_t end = max_length - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

/// `text` as a JSON string literal, ill-formed UTF-8 replaced.
std::string Quote(llvm::StringRef text) {
  return nlohmann::json(text.str()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Printable(llvm::StringRef text) {
  const std::string quoted = Quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

bool IsWordChar(char c) { return llvm::isAlnum(c) || c == '_' || c == '+' || c == '-' || c == '.'; }

/// The number, literal or other word around `offset`; the one character there if it is in none.
llvm::StringRef WordAt(llvm::StringRef text, size_t offset) {
  if (offset >= text.size()) return text.substr(text.size());
  if (!IsWordChar(text[offset])) return text.substr(offset, 1);
  size_t begin = offset;
  while (begin > 0 && IsWordChar(text[begin - 1])) --begin;
  return text.substr(begin).take_while(IsWordChar);
}

/// The length of `word` if it is a NaN or infinity in any usual spelling, else 0.
size_t NonFiniteLength(llvm::StringRef word) {
  llvm::StringRef name = word;
  if (!name.consume_front("-")) name.consume_front("+");
  for (llvm::StringRef known : {"nan", "infinity", "inf"}) {
    if (name.equals_insensitive(known)) return word.size();
  }
  return 0;
}

/// nlohmann's "[json.exception.parse_error.101] parse error at line 1, column 9: REASON; last read:
/// 'TEXT'; expected WHAT" without the tag and without TEXT, which can be as long as the input.
std::string SyntaxMessage(llvm::StringRef what) {
  const size_t tag = what.find("] ");
  if (tag != llvm::StringRef::npos) what = what.substr(tag + 2);
  what.consume_front("parse error at ");
  std::string message = "is not valid JSON: ";
  const size_t last_read = what.find("; last read: '");
  if (last_read == llvm::StringRef::npos) return message + Cut(what.str(), 200);
  message += what.take_front(last_read);
  const size_t expected = what.rfind("'; expected ");
  if (expected != llvm::StringRef::npos && expected > last_read) {
    message += what.substr(expected + 1);
  }
  return message;
}

/// Builds the tree from nlohmann's SAX events, which come from a loop, not from recursion.
class TreeBuilder {
 public:
  /// `text`: the document as it was given, for messages.
  /// `invalid_numbers`: the values, by their order, that stand for a number JSON does not have.
  TreeBuilder(llvm::StringRef text, const std::map<size_t, std::string>& invalid_numbers)
      : text_(text), invalid_numbers_(invalid_numbers) {}

  bool null() { return Scalar(JsonNode()); }
  bool boolean(bool value) {
    JsonNode node;
    node.kind = Kind::kBool;
    node.boolean = value;
    return Scalar(std::move(node));
  }
  bool number_integer(int64_t value) {
    JsonNode node;
    node.kind = Kind::kInteger;
    node.integer = value;
    node.number = static_cast<double>(value);
    node.text = std::to_string(value);
    return Scalar(std::move(node));
  }
  bool number_unsigned(uint64_t value) {
    if (value <= INT64_MAX) return number_integer(static_cast<int64_t>(value));
    return number_float(static_cast<double>(value), std::to_string(value));
  }
  bool number_float(double value, const std::string& text) {
    constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
    JsonNode node;
    node.kind = Kind::kNumber;
    if (std::trunc(value) == value && std::abs(value) <= kExactIntegers) {
      node.kind = Kind::kInteger;
      node.integer = static_cast<int64_t>(value);
    }
    node.number = value;
    node.text = text;
    return Scalar(std::move(node));
  }
  bool string(std::string& value) {
    JsonNode node;
    node.kind = Kind::kString;
    node.text = std::move(value);
    return Scalar(std::move(node));
  }
  bool binary(nlohmann::json::binary_t&) { return false; }  // JSON text has none.

  bool start_object(size_t) { return Open(Kind::kObject); }
  bool key(std::string& key) {
    open_.back()->members.push_back({std::move(key), JsonNode()});
    return true;
  }
  bool end_object() { return Close(); }
  bool start_array(size_t) { return Open(Kind::kArray); }
  bool end_array() { return Close(); }

  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception& error) {
    constexpr int kNumberOverflow = 406;
    const llvm::StringRef word = WordAt(text_, position == 0 ? 0 : position - 1);
    const bool overflow = error.id == kNumberOverflow;
    invalid_start_ = word.data() - text_.data();
    // A word that was already replaced stands where not even a number may, e.g. as a key.
    const bool replaced = invalid_numbers_.count(next_order_) != 0;
    invalid_length_ = replaced ? 0 : overflow ? word.size() : NonFiniteLength(word);
    SpecDiagnostic diagnostic;
    diagnostic.pointer = Pointer();
    diagnostic.value = Cut(Printable(word.take_front(200)), 80);
    if (invalid_length_ == 0) {
      diagnostic.message = SyntaxMessage(error.what());
    } else {
      diagnostic.message = overflow ? "is too large a number; numbers must be finite doubles"
                                    : "is no JSON value; numbers must be finite";
    }
    diagnostics_.push_back({next_order_, std::move(diagnostic)});
    return false;
  }

  JsonNode TakeRoot() { return std::move(root_); }
  std::vector<OrderedDiagnostic> TakeDiagnostics() { return std::move(diagnostics_); }
  /// Where the number that stopped the reading stands; length 0: it was not a number.
  size_t invalid_start() const { return invalid_start_; }
  size_t invalid_length() const { return invalid_length_; }
  size_t next_order() const { return next_order_; }

 private:
  /// Places a value in the innermost open container; it keeps its address until that one grows,
  /// which it cannot while the value itself is open.
  JsonNode* Place(JsonNode node) {
    node.order = next_order_++;
    JsonNode* slot = &root_;
    if (!open_.empty() && open_.back()->kind == Kind::kObject) {
      slot = &open_.back()->members.back().value;
    } else if (!open_.empty()) {
      slot = &open_.back()->items.emplace_back();
    }
    *slot = std::move(node);
    return slot;
  }

  bool Scalar(JsonNode node) {
    const auto invalid = invalid_numbers_.find(next_order_);
    if (invalid != invalid_numbers_.end()) {
      node.kind = Kind::kInvalidNumber;
      node.text = invalid->second;
    }
    Place(std::move(node));
    return true;
  }

  bool Open(Kind kind) {
    if (open_.size() == kJsonMaxDepth) {
      SpecDiagnostic diagnostic;
      diagnostic.pointer = Pointer();
      diagnostic.message = ("is nested too deeply; at most " + llvm::Twine(kJsonMaxDepth) +
                            " objects and arrays may be inside one another")
                               .str();
      diagnostics_.push_back({next_order_, std::move(diagnostic)});
      return false;
    }
    JsonNode node;
    node.kind = kind;
    open_.push_back(Place(std::move(node)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  /// Of the value being read.
  std::string Pointer() const {
    std::string pointer;
    for (const JsonNode* node : open_) {
      if (node->kind == Kind::kArray) {
        // Every open item but the innermost container's is already placed.
        const size_t placed = node == open_.back() ? 0 : 1;
        pointer = AppendPointer(pointer, node->items.size() - placed);
      } else if (!node->members.empty()) {
        pointer = AppendPointer(pointer, llvm::StringRef(node->members.back().key));
      }
    }
    return pointer;
  }

  llvm::StringRef text_;
  const std::map<size_t, std::string>& invalid_numbers_;
  JsonNode root_;
  std::vector<JsonNode*> open_;
  std::vector<OrderedDiagnostic> diagnostics_;
  size_t next_order_ = 0;
  size_t invalid_start_ = 0;
  size_t invalid_length_ = 0;
};

/// What is wrong with the text before any of it is parsed, or "".
std::string TextError(llvm::StringRef text) {
  if (text.size() > kJsonMaxBytes) {
    return "is too large: " + std::to_string(text.size()) + " bytes; at most " +
           std::to_string(kJsonMaxBytes) + " are read";
  }
  if (text.trim(" \t\r\n").empty()) {
    return "is empty; the shortest useful request is "
           "{\"head_dim\":128,\"dtype\":\"bf16\",\"mask\":\"causal\"}";
  }
  if (text.startswith("\xEF\xBB\xBF")) {
    return "begins with a byte order mark; save the text as UTF-8 without one";
  }
  const size_t nul = text.find('\0');
  if (nul != llvm::StringRef::npos) {
    return "is not valid JSON: there is a NUL byte at offset " + std::to_string(nul);
  }
  return "";
}

void WriteCompact(const JsonNode& node, size_t budget, std::string& out) {
  if (out.size() > budget) return;
  switch (node.kind) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += node.boolean ? "true" : "false";
      return;
    case Kind::kInteger:
    case Kind::kNumber:
    case Kind::kInvalidNumber:
      out += node.text;
      return;
    case Kind::kString:
      // Four times: a cut that leaves ill-formed UTF-8 at its end stays beyond the budget.
      out += Quote(llvm::StringRef(node.text).take_front(4 * budget));
      return;
    case Kind::kArray:
      out += '[';
      for (size_t i = 0; i < node.items.size() && out.size() <= budget; ++i) {
        if (i != 0) out += ',';
        WriteCompact(node.items[i], budget, out);
      }
      out += ']';
      return;
    case Kind::kObject:
      out += '{';
      for (size_t i = 0; i < node.members.size() && out.size() <= budget; ++i) {
        if (i != 0) out += ',';
        out += Quote(llvm::StringRef(node.members[i].key).take_front(4 * budget)) + ':';
        WriteCompact(node.members[i].value, budget, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

std::string CompactJson(const JsonNode& node, size_t max_length) {
  std::string out;
  WriteCompact(node, max_length, out);
  return Cut(std::move(out), max_length);
}

std::string AppendPointer(llvm::StringRef pointer, llvm::StringRef token) {
  constexpr size_t kLongestToken = 80;
  std::string escaped;
  for (char c : Cut(Printable(token.take_front(4 * kLongestToken)), kLongestToken)) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return (pointer + "/" + escaped).str();
}

std::string AppendPointer(llvm::StringRef pointer, size_t index) {
  return (pointer + "/" + llvm::Twine(index)).str();
}

JsonDocument ReadJson(llvm::StringRef text) {
  JsonDocument document;
  std::string text_error = TextError(text);
  if (!text_error.empty()) {
    document.diagnostics.push_back({0, {"", "", std::move(text_error), ""}});
    return document;
  }
  std::string patched = text.str();  // Numbers that JSON does not have are replaced by zeros.
  std::map<size_t, std::string> invalid_numbers;
  for (int pass = 0; pass < kMaxPasses && !document.readable; ++pass) {
    TreeBuilder builder(text, invalid_numbers);
    document.readable = nlohmann::json::sax_parse(patched.begin(), patched.end(), &builder);
    for (OrderedDiagnostic& diagnostic : builder.TakeDiagnostics()) {
      document.diagnostics.push_back(std::move(diagnostic));
    }
    document.root = builder.TakeRoot();
    if (document.readable || builder.invalid_length() == 0) break;
    invalid_numbers[builder.next_order()] =
        text.substr(builder.invalid_start(), builder.invalid_length()).str();
    patched.replace(builder.invalid_start(), builder.invalid_length(),
                    "0" + std::string(builder.invalid_length() - 1, ' '));
  }
  return document;
}

}  // namespace attnjit
