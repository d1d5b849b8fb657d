// Text tables: columns as wide as their widest cell, left aligned. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sky::cli {

using Row = std::vector<std::string>;

struct Table {
  Row header;
  std::vector<Row> rows;  // each as long as the header
};

// Two spaces between columns, no trailing ones: the status tables.
std::string plain_table(const Table& table);

// Three spaces between columns, framed by dashes as wide as the table: the plan's tables.
std::string framed_table(const Table& table);

// Characters on a terminal, not bytes. Wide and combining characters count as one.
std::size_t display_width(std::string_view text);

std::string padded(std::string_view text, std::size_t width);

// One line of it: line ends become " | ", other control characters (they could repaint a
// terminal) become '?'. Nothing is cut.
std::string one_line(std::string_view text);

enum class Color { none, red, green, yellow, dim, bold };
std::string colored(std::string_view text, Color color, bool enabled);

}  // namespace sky::cli
