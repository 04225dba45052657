#include "chainrule/io/op_setting.h"

#include <charconv>

namespace chainrule {

double op_setting(const Op& op, std::string_view name) {
  const std::string text = op.settings();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(", ", begin), text.size());
    const std::string_view item = std::string_view(text).substr(begin, end - begin);
    begin = end + 2;
    if (!item.starts_with(name) || item.size() <= name.size() || item[name.size()] != ' ') continue;
    double value = 0;
    const auto [last, error] =
        std::from_chars(item.data() + name.size() + 1, item.data() + item.size(), value);
    if (error == std::errc{} && last == item.data() + item.size()) return value;
  }
  throw Error(cat("the operation ", op.doc().name, " has no setting '", name, "'"));
}

}  // namespace chainrule
