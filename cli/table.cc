#include "cli/table.h"

#include <algorithm>

namespace sky::cli {
namespace {

// Colour codes take no room: ESC [ ... m.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '\x1b' || text[1] != '[') return 0;
  const std::size_t end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

std::vector<std::size_t> column_widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& name : table.header) widths.push_back(display_width(name));
  for (const Row& row : table.rows)
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  return widths;
}

std::string plain_line(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i)
    line += padded(row[i], widths[i]) + (i + 1 < row.size() ? "  " : "");
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string framed_line(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line = " ";
  for (std::size_t i = 0; i < row.size(); ++i) line += padded(row[i], widths[i]) + "   ";
  return line + "\n";
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (const std::size_t length = escape_length(text.substr(i)); length > 0) {
      i += length;
      continue;
    }
    const bool continuation = (static_cast<unsigned char>(text[i]) & 0xC0u) == 0x80u;
    width += continuation ? 0 : 1;
    ++i;
  }
  return width;
}

std::string padded(std::string_view text, std::size_t width) {
  const std::size_t have = display_width(text);
  return std::string(text) + std::string(have < width ? width - have : 0, ' ');
}

std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += " | ";
    else if (c == '\t')
      out += ' ';
    else if (c == '\r')
      continue;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += '?';
    else
      out += c;
  }
  return out;
}

std::string colored(std::string_view text, Color color, bool enabled) {
  const char* code = "";
  switch (color) {
    case Color::none: return std::string(text);
    case Color::red: code = "31"; break;
    case Color::green: code = "32"; break;
    case Color::yellow: code = "33"; break;
    case Color::dim: code = "2"; break;
    case Color::bold: code = "1"; break;
  }
  if (!enabled) return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

std::string plain_table(const Table& table) {
  const auto widths = column_widths(table);
  std::string out = plain_line(table.header, widths);
  for (const Row& row : table.rows) out += plain_line(row, widths);
  return out;
}

std::string framed_table(const Table& table) {
  const auto widths = column_widths(table);
  const std::string header = framed_line(table.header, widths);
  const std::string dashes = std::string(display_width(header) - 1, '-') + "\n";
  std::string out = dashes + header + dashes;
  for (const Row& row : table.rows) out += framed_line(row, widths);
  return out + dashes;
}

}  // namespace sky::cli
