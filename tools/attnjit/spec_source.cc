#include "tools/attnjit/spec_source.h"

#include "generator/json_reader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/bundled_workloads.h"
#include "tools/attnjit/cli.h"

namespace attnjit {
namespace {

constexpr llvm::StringLiteral kWorkloadPrefix = "workload:";

llvm::Error Usage(const llvm::Twine& message) {
  return llvm::make_error<UsageError>(message.str());
}

/// Reads at most one byte more than a request may have: a device file or an endless pipe costs no
/// more than that.
llvm::Expected<std::string> ReadBounded(llvm::sys::fs::file_t file, const llvm::Twine& name) {
  std::string text(kJsonMaxBytes + 1, '\0');
  size_t filled = 0;
  while (filled < text.size()) {
    llvm::Expected<size_t> count = llvm::sys::fs::readNativeFile(
        file, llvm::MutableArrayRef<char>(text.data() + filled, text.size() - filled));
    if (!count) return Usage("cannot read " + name + ": " + llvm::toString(count.takeError()));
    if (*count == 0) break;
    filled += *count;
  }
  if (filled == text.size()) {
    return Usage(name + " is too large: a request has at most " + llvm::Twine(kJsonMaxBytes) +
                 " bytes");
  }
  text.resize(filled);
  return text;
}

llvm::Expected<std::string> ReadFile(llvm::StringRef path) {
  llvm::sys::fs::file_status status;
  if (const std::error_code error = llvm::sys::fs::status(path, status)) {
    return Usage("cannot read " + path + ": " + error.message() +
                 "; a request is a file, - for standard input, inline JSON that begins with {, or "
                 "workload:NAME");
  }
  if (status.type() == llvm::sys::fs::file_type::directory_file) {
    return Usage(path + " is a directory; give a file that holds one request");
  }
  if (status.type() == llvm::sys::fs::file_type::regular_file && status.getSize() > kJsonMaxBytes) {
    return Usage(path + " is too large: " + llvm::Twine(status.getSize()) +
                 " bytes; a request has at most " + llvm::Twine(kJsonMaxBytes));
  }
  llvm::Expected<llvm::sys::fs::file_t> file = llvm::sys::fs::openNativeFileForRead(path);
  if (!file) return Usage("cannot read " + path + ": " + llvm::toString(file.takeError()));
  llvm::Expected<std::string> text = ReadBounded(*file, path);
  llvm::sys::fs::closeFile(*file);
  return text;
}

}  // namespace

llvm::Expected<std::string> ReadSpecText(llvm::StringRef source) {
  if (source == "-") return ReadBounded(llvm::sys::fs::getStdinHandle(), "standard input");
  if (source.ltrim().startswith("{")) return source.str();
  llvm::StringRef name = source;
  if (name.consume_front(kWorkloadPrefix)) {
    llvm::Expected<Workload> workload = FindWorkload(name);
    if (!workload) return workload.takeError();
    return workload->spec;
  }
  if (source.empty()) return Usage("the request is an empty argument");
  return ReadFile(source);
}

llvm::Expected<AttentionSpec> LoadSpec(llvm::StringRef source) {
  llvm::Expected<std::string> text = ReadSpecText(source);
  if (!text) return text.takeError();
  return ParseSpec(*text);
}

std::string SpecLabel(llvm::StringRef source) {
  if (source == "-") return "standard input";
  return source.ltrim().startswith("{") ? "" : source.str();
}

}  // namespace attnjit
