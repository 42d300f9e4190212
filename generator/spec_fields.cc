#include "generator/spec_fields.h"

#include <algorithm>
#include <limits>

#include "generator/nearest.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"

namespace attnjit {
namespace {

using Kind = JsonNode::Kind;

constexpr size_t kAfterAllValues = std::numeric_limits<size_t>::max();

std::string UnknownFieldMessage(llvm::ArrayRef<FieldReader> fields) {
  std::string message = "is not a known field; allowed: ";
  for (size_t i = 0; i < fields.size(); ++i) {
    message += (llvm::Twine(i == 0 ? "" : ", ") + fields[i].name).str();
  }
  return message + ", and names that begin with x-";
}

std::string NearestField(llvm::StringRef key, llvm::ArrayRef<FieldReader> fields,
                         llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> synonyms) {
  for (const auto& [synonym, field] : synonyms) {
    if (key.equals_insensitive(synonym)) return field.str();
  }
  std::vector<llvm::StringRef> names;
  for (const FieldReader& field : fields) names.push_back(field.name);
  return NearestName(key, names);
}

/// The allowed integer nearest to the one given: a longer head dimension rather than a shorter one.
int64_t NearestInteger(int64_t value, const IntegerRange& range) {
  const int64_t clamped = std::clamp(value, range.min, range.max);
  return (clamped + range.step - 1) / range.step * range.step;
}

}  // namespace

void SpecDiagnostics::Add(const JsonPlace& place, std::string message, std::string nearest) {
  if (found_.size() >= kMaxDiagnostics) {
    ++dropped_;
    return;
  }
  found_.push_back(
      {place.node->order,
       {place.pointer, CompactJson(*place.node), std::move(message), std::move(nearest)}});
}

void SpecDiagnostics::AddMissing(std::string pointer, std::string message) {
  found_.push_back({kAfterAllValues, {std::move(pointer), "", std::move(message), ""}});
}

std::vector<SpecDiagnostic> SpecDiagnostics::Take() {
  std::stable_sort(
      found_.begin(), found_.end(),
      [](const OrderedDiagnostic& a, const OrderedDiagnostic& b) { return a.order < b.order; });
  std::vector<SpecDiagnostic> diagnostics;
  for (OrderedDiagnostic& entry : found_) diagnostics.push_back(std::move(entry.diagnostic));
  if (dropped_ != 0) {
    diagnostics.push_back(
        {"", "", "has " + std::to_string(dropped_) + " further errors, not listed", ""});
  }
  return diagnostics;
}

bool ReadObject(const JsonPlace& place, llvm::ArrayRef<FieldReader> fields,
                SpecDiagnostics& diagnostics,
                llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> synonyms) {
  llvm::StringSet<> seen;
  for (const JsonMember& member : place.node->members) {
    const llvm::StringRef key = member.key;
    const JsonPlace at{&member.value, AppendPointer(place.pointer, key)};
    if (!seen.insert(key).second) {
      diagnostics.Add(at, "is a duplicate key; give each field once");
      continue;
    }
    if (key.startswith("x-")) continue;
    const auto* field =
        llvm::find_if(fields, [&](const FieldReader& entry) { return entry.name == key; });
    if (field == fields.end()) {
      diagnostics.Add(at, UnknownFieldMessage(fields), NearestField(key, fields, synonyms));
    } else if (member.value.kind != Kind::kInvalidNumber) {
      field->read(at);
    }
  }
  bool complete = true;
  for (const FieldReader& field : fields) {
    if (field.required == nullptr || seen.contains(field.name)) continue;
    diagnostics.AddMissing(AppendPointer(place.pointer, field.name),
                           std::string("is required: ") + field.required);
    complete = false;
  }
  return complete;
}

std::optional<int64_t> ReadInteger(const JsonPlace& place, const IntegerRange& range,
                                   const std::string& what, SpecDiagnostics& diagnostics) {
  const JsonNode& node = *place.node;
  if (node.kind == Kind::kInteger && node.integer >= range.min && node.integer <= range.max &&
      node.integer % range.step == 0) {
    return node.integer;
  }
  std::string nearest;
  if (node.kind == Kind::kInteger) nearest = std::to_string(NearestInteger(node.integer, range));
  diagnostics.Add(place, "must be " + what, nearest);
  return std::nullopt;
}

std::optional<bool> ReadBool(const JsonPlace& place, SpecDiagnostics& diagnostics) {
  if (place.node->kind == Kind::kBool) return place.node->boolean;
  diagnostics.Add(place, "must be true or false");
  return std::nullopt;
}

std::optional<size_t> ReadName(const JsonPlace& place, llvm::ArrayRef<llvm::StringRef> names,
                               const std::string& what, SpecDiagnostics& diagnostics) {
  const JsonNode& node = *place.node;
  if (node.kind == Kind::kString) {
    const auto* found = llvm::find(names, llvm::StringRef(node.text));
    if (found != names.end()) return found - names.begin();
  }
  diagnostics.Add(place, "must be " + what,
                  node.kind == Kind::kString ? NearestName(node.text, names) : "");
  return std::nullopt;
}

}  // namespace attnjit
