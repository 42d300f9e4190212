#include "tools/attnjit/progress.h"

#include <cmath>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

constexpr int kBarWidth = 30;
constexpr char kClearLine[] = "\r\x1b[K";

std::string Duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  return llvm::formatv("{0}:{1,0+2}", whole / 60, whole % 60);
}

}  // namespace

std::string ProgressBar(size_t done, size_t total, double seconds, int width) {
  const int filled = total == 0 ? width : static_cast<int>(done * width / total);
  std::string text = "[" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
  text += llvm::formatv("  {0}/{1}", done, total);
  if (done == 0 || seconds <= 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += llvm::formatv("  {0:f1}/s", rate);
  if (done < total) text += "  " + Duration(static_cast<double>(total - done) / rate) + " left";
  return text;
}

Progress::Progress(llvm::raw_ostream& os, size_t total, bool bar)
    : os_(os), total_(total), bar_(bar), start_(std::chrono::steady_clock::now()) {}

void Progress::Step(const std::string& line, bool important) {
  ++done_;
  if (!bar_) {
    os_ << "[" << done_ << "/" << total_ << "] " << line << "\n";
    return;
  }
  os_ << kClearLine;
  if (important) os_ << line << "\n";
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  os_ << ProgressBar(done_, total_, elapsed.count(), kBarWidth);
  os_.flush();
}

void Progress::Finish() {
  if (bar_ && done_ != 0) os_ << kClearLine;
  os_.flush();
}

}  // namespace attnjit
