// Tables of text: aligned columns, drawn boxes, Markdown.
#ifndef ATTNJIT_TOOLS_ATTNJIT_TEXT_TABLE_H_
#define ATTNJIT_TOOLS_ATTNJIT_TEXT_TABLE_H_

#include <string>
#include <vector>

#include "llvm/Support/raw_ostream.h"

namespace attnjit {

class TextTable {
 public:
  /// A heading that begins with ">" is of a column of numbers, aligned to the right.
  explicit TextTable(std::vector<std::string> headings);
  /// One cell for each heading.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  void PrintAligned(llvm::raw_ostream& os) const;  ///< Headings and columns, two spaces between.
  void PrintBox(llvm::raw_ostream& os, int indent = 0) const;
  void PrintMarkdown(llvm::raw_ostream& os) const;

 private:
  std::string Padded(const std::vector<std::string>& cells, size_t column) const;

  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_TEXT_TABLE_H_
