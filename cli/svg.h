// Writes one SVG picture: shapes and texts in the order they are drawn.
//
// Plain SVG 1.1 with an inline style, no script, nothing loaded from anywhere. Always well-formed:
// texts are escaped, numbers are finite and have at most two decimals. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sky::cli {

struct SvgPoint {
  double x = 0, y = 0;
};

class SvgWriter {
 public:
  // `style` is CSS for the classes that the shapes name.
  SvgWriter(double width, double height, std::string_view title, std::string_view style);

  struct Box {
    double x = 0, y = 0, width = 0, height = 0;
  };
  void rectangle(const Box& box, std::string_view css_class, std::string_view fill = {},
                 std::string_view tooltip = {});
  void line(SvgPoint from, SvgPoint to, std::string_view css_class);
  void polyline(const std::vector<SvgPoint>& points, std::string_view css_class);
  void polygon(const std::vector<SvgPoint>& points, std::string_view css_class,
               std::string_view fill = {}, std::string_view tooltip = {});
  void text(SvgPoint at, std::string_view css_class, std::string_view words);

  std::string take();  // with the closing tag; the writer is done

 private:
  void points(const std::vector<SvgPoint>& points);
  void close_shape(std::string_view element, std::string_view tooltip);

  std::string out_;
};

std::string xml_escaped(std::string_view text);

}  // namespace sky::cli
