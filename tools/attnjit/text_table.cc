#include "tools/attnjit/text_table.h"

#include <algorithm>

#include "llvm/ADT/StringRef.h"

namespace attnjit {

TextTable::TextTable(std::vector<std::string> headings) {
  for (const std::string& heading : headings) {
    llvm::StringRef text = heading;
    right_.push_back(text.consume_front(">"));
    headings_.push_back(text.str());
    widths_.push_back(text.size());
  }
}

void TextTable::Add(std::vector<std::string> cells) {
  for (size_t i = 0; i < widths_.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::Padded(const std::vector<std::string>& cells, size_t column) const {
  const std::string padding(widths_[column] - cells[column].size(), ' ');
  return right_[column] ? padding + cells[column] : cells[column] + padding;
}

void TextTable::PrintAligned(llvm::raw_ostream& os) const {
  const auto print = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < widths_.size(); ++i) line += (i == 0 ? "" : "  ") + Padded(cells, i);
    os << llvm::StringRef(line).rtrim() << '\n';
  };
  print(headings_);
  for (const auto& row : rows_) print(row);
}

void TextTable::PrintBox(llvm::raw_ostream& os, int indent) const {
  const auto rule = [&] {
    os.indent(indent);
    for (size_t width : widths_) os << '+' << std::string(width + 2, '-');
    os << "+\n";
  };
  const auto print = [&](const std::vector<std::string>& cells) {
    os.indent(indent);
    for (size_t i = 0; i < widths_.size(); ++i) os << "| " << Padded(cells, i) << ' ';
    os << "|\n";
  };
  rule();
  print(headings_);
  rule();
  for (const auto& row : rows_) print(row);
  rule();
}

void TextTable::PrintMarkdown(llvm::raw_ostream& os) const {
  const auto print = [&](const std::vector<std::string>& cells) {
    os << '|';
    for (const std::string& cell : cells) os << ' ' << cell << " |";
    os << '\n';
  };
  print(headings_);
  os << '|';
  for (bool right : right_) os << (right ? "---:|" : "---|");
  os << '\n';
  for (const auto& row : rows_) print(row);
}

}  // namespace attnjit
