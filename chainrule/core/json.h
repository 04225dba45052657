// Writes JSON on one line, fields in the order in which they are added.
#pragma once

#include <cmath>
#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chainrule {

/// `text` in quotes, as RFC 8259 demands. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);
/// The shortest text that reads back as the same number; null for NaN and infinity, which JSON
/// does not have.
std::string json_number(double value);

inline std::string to_json(bool value) { return value ? "true" : "false"; }
inline std::string to_json(std::string_view value) { return json_string(value); }
inline std::string to_json(const std::string& value) { return json_string(value); }
inline std::string to_json(const char* value) { return json_string(value); }
template <std::floating_point T>
std::string to_json(T value) {
  return json_number(static_cast<double>(value));
}
template <std::integral T>
std::string to_json(T value) {
  return std::to_string(value);
}

class JsonObject;
std::string to_json(const JsonObject& object);
template <class T>
std::string to_json(const std::vector<T>& items);
template <class T>
std::string to_json(const std::map<std::string, T>& fields);

/// One object; to_json(object) and str() are the same.
class JsonObject {
 public:
  template <class T>
  JsonObject& add(std::string_view name, const T& value) {
    text_ += text_.empty() ? "{" : ", ";
    text_ += json_string(name) + ": " + to_json(value);
    return *this;
  }
  std::string str() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

inline std::string to_json(const JsonObject& object) { return object.str(); }

template <class T>
std::string to_json(const std::vector<T>& items) {
  std::string s = "[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) s += ", ";
    s += to_json(items[i]);
  }
  return s + "]";
}

template <class T>
std::string to_json(const std::map<std::string, T>& fields) {
  JsonObject object;
  for (const auto& [name, value] : fields) object.add(name, value);
  return object.str();
}

}  // namespace chainrule
