#include "tests/emulator/micro/answers.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit::micro {
namespace {

constexpr char kMagic[] = "attnjit answers 1";
constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr int kLevel = 19;

std::string PathOf(const std::string& directory, const std::string& family) {
  return directory + "/" + family + ".answers";
}

llvm::Error Corrupt(const std::string& path) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "%s: not a file of answers, or a damaged one", path.c_str());
}

void PutString(std::string& out, llvm::StringRef text) {
  auto size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out.append(text.begin(), text.end());
}

void PutNumber(std::string& out, uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

/// Reads what PutString and PutNumber wrote; ok() is false from the first read beyond the end.
class Reader {
 public:
  explicit Reader(llvm::StringRef bytes) : rest_(bytes) {}
  std::string String() {
    uint32_t size = 0;
    Take(&size, sizeof(size));
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return "";
    std::string text = rest_.take_front(size).str();
    rest_ = rest_.drop_front(size);
    return text;
  }
  uint64_t Number() {
    uint64_t number = 0;
    Take(&number, sizeof(number));
    return number;
  }
  bool ok() const { return ok_; }
  bool done() const { return rest_.empty() || !ok_; }

 private:
  void Take(void* target, size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return;
    std::memcpy(target, rest_.data(), size);
    rest_ = rest_.drop_front(size);
  }
  llvm::StringRef rest_;
  bool ok_ = true;
};

std::string Pack(const FamilyAnswers& answers) {
  std::string text;
  PutString(text, kMagic);
  PutString(text, answers.device);
  for (const auto& [name, answer] : answers.by_case) {
    PutString(text, name);
    PutString(text, answer.fingerprint);
    PutNumber(text, answer.size);
    PutString(text, answer.digest);
    PutString(text, llvm::toStringRef(answer.head));
  }
  return text;
}

bool Unpack(llvm::StringRef text, FamilyAnswers& answers) {
  Reader reader(text);
  if (reader.String() != kMagic) return false;
  answers.device = reader.String();
  while (!reader.done()) {
    std::string name = reader.String();
    Answer& answer = answers.by_case[name];
    answer.fingerprint = reader.String();
    answer.size = reader.Number();
    answer.digest = reader.String();
    std::string head = reader.String();
    answer.head.assign(head.begin(), head.end());
  }
  return reader.ok();
}

bool Approximate(const Case& c) {
  return std::any_of(c.regions.begin(), c.regions.end(),
                     [](const Region& region) { return region.approximate; });
}

}  // namespace

Bytes Canonical(const Case& c, Bytes output) {
  for (const Region& region : c.regions) {
    unsigned size = InfoOf(region.kind).bytes;
    for (size_t i = 0; i < region.count; ++i) {
      uint8_t* at = output.data() + region.offset + i * size;
      uint64_t bits = 0;
      std::memcpy(&bits, at, size);
      bits = WithOneNan(region.kind, bits);
      std::memcpy(at, &bits, size);
    }
  }
  return output;
}

std::string Digest(const Bytes& canonical) {
  auto digest = llvm::SHA256::hash(canonical);
  return std::string(reinterpret_cast<const char*>(digest.data()), 8);
}

Answer MakeAnswer(const Case& c, const Bytes& output, bool whole) {
  Bytes canonical = Canonical(c, output);
  Answer answer;
  answer.fingerprint = Fingerprint(c);
  answer.size = canonical.size();
  answer.digest = Digest(canonical);
  if (!whole && !Approximate(c)) canonical.resize(std::min(canonical.size(), kHeadBytes));
  answer.head = std::move(canonical);
  return answer;
}

llvm::Expected<FamilyAnswers> ReadAnswers(const std::string& directory, const std::string& family) {
  std::string path = PathOf(directory, family);
  FamilyAnswers answers;
  if (!llvm::sys::fs::exists(path)) return answers;
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) return llvm::createStringError(buffer.getError(), "cannot read %s", path.c_str());
  llvm::StringRef packed = (*buffer)->getBuffer();
  unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size > kMaxFileBytes) return Corrupt(path);  // The error codes are greater still.
  std::string text(size, '\0');
  if (ZSTD_decompress(text.data(), size, packed.data(), packed.size()) != size ||
      !Unpack(text, answers)) {
    return Corrupt(path);
  }
  return answers;
}

llvm::Error WriteAnswers(const std::string& directory, const std::string& family,
                         const FamilyAnswers& answers) {
  if (std::error_code error = llvm::sys::fs::create_directories(directory)) {
    return llvm::createStringError(error, "cannot make %s", directory.c_str());
  }
  std::string text = Pack(answers);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  size_t size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
  if (ZSTD_isError(size)) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "zstd: %s",
                                   ZSTD_getErrorName(size));
  }
  std::string path = PathOf(directory, family);
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (error) return llvm::createStringError(error, "cannot write %s", path.c_str());
  file << llvm::StringRef(packed).take_front(size);
  file.close();
  if (file.has_error()) {
    return llvm::createStringError(file.error(), "cannot write %s", path.c_str());
  }
  return llvm::Error::success();
}

}  // namespace attnjit::micro
