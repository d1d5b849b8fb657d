#include "cli/svg.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "adapters/json.h"

namespace sky::cli {
namespace {

std::string number(double value) {
  if (!std::isfinite(value)) return "0";
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string attributes(std::string_view css_class, std::string_view fill) {
  std::string text = fmt::format(" class=\"{}\"", xml_escaped(css_class));
  if (!fill.empty()) text += fmt::format(" fill=\"{}\"", xml_escaped(fill));
  return text;
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : adapters::repaired_utf8(text)) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;  // XML knows few of them
    }
  }
  return escaped;
}

SvgWriter::SvgWriter(double width, double height, std::string_view title, std::string_view style) {
  out_ = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" role=\"img\">\n<title>{2}</title>\n<style>\n{3}</style>\n",
      number(width), number(height), xml_escaped(title), xml_escaped(style));
}

void SvgWriter::rectangle(const Box& box, std::string_view css_class, std::string_view fill,
                          std::string_view tooltip) {
  out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}", number(box.x),
                      number(box.y), number(box.width), number(box.height),
                      attributes(css_class, fill));
  close_shape("rect", tooltip);
}

void SvgWriter::line(SvgPoint from, SvgPoint to, std::string_view css_class) {
  out_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"{}", number(from.x),
                      number(from.y), number(to.x), number(to.y), attributes(css_class, {}));
  close_shape("line", {});
}

void SvgWriter::polyline(const std::vector<SvgPoint>& corners, std::string_view css_class) {
  out_ += "<polyline points=\"";
  points(corners);
  out_ += "\"" + attributes(css_class, {});
  close_shape("polyline", {});
}

void SvgWriter::polygon(const std::vector<SvgPoint>& corners, std::string_view css_class,
                        std::string_view fill, std::string_view tooltip) {
  out_ += "<polygon points=\"";
  points(corners);
  out_ += "\"" + attributes(css_class, fill);
  close_shape("polygon", tooltip);
}

void SvgWriter::text(SvgPoint at, std::string_view css_class, std::string_view words) {
  out_ += fmt::format("<text x=\"{}\" y=\"{}\"{}>{}</text>\n", number(at.x), number(at.y),
                      attributes(css_class, {}), xml_escaped(words));
}

std::string SvgWriter::take() { return std::move(out_) + "</svg>\n"; }

void SvgWriter::points(const std::vector<SvgPoint>& corners) {
  for (std::size_t i = 0; i < corners.size(); ++i)
    out_ += (i == 0 ? "" : " ") + number(corners[i].x) + "," + number(corners[i].y);
}

void SvgWriter::close_shape(std::string_view element, std::string_view tooltip) {
  out_ += tooltip.empty() ? "/>\n"
                          : fmt::format("><title>{}</title></{}>\n", xml_escaped(tooltip), element);
}

}  // namespace sky::cli
