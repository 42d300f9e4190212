#include "cache/failure.h"

#include <nlohmann/json.hpp>

#include "cache/error.h"
#include "cache/key.h"

namespace attnjit {

namespace {

using Json = nlohmann::ordered_json;

constexpr llvm::StringLiteral kMagic = "attnjit-failure 1 ";

}  // namespace

std::string SerializeFailure(const CompileFailure& failure) {
  const Json json = {{"kernel", failure.kernel},
                     {"first_error", failure.first_error},
                     {"log", llvm::StringRef(failure.log).take_front(kMaxFailureLogBytes).str()},
                     {"created_unix", failure.created_unix}};
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return kMagic.str() + Sha256Hex(text) + "\n" + text;
}

llvm::Expected<CompileFailure> ParseFailure(llvm::StringRef file) {
  if (!file.consume_front(kMagic) || file.size() < 65 || file[64] != '\n') {
    return DamagedError("not a remembered failure");
  }
  const llvm::StringRef text = file.drop_front(65);
  if (Sha256Hex(text) != file.take_front(64)) return DamagedError("its SHA-256 differs");
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const auto has = [&](const char* name, auto type) {
    const auto found = json.find(name);
    return found != json.end() && found->type() == type;
  };
  if (!json.is_object() || !has("kernel", Json::value_t::string) ||
      !has("first_error", Json::value_t::string) || !has("log", Json::value_t::string) ||
      !has("created_unix", Json::value_t::number_unsigned)) {
    return DamagedError("a remembered failure with other fields");
  }
  return CompileFailure{json["kernel"].get<std::string>(), json["first_error"].get<std::string>(),
                        json["log"].get<std::string>(), json["created_unix"].get<int64_t>()};
}

}  // namespace attnjit
