#include "chainrule/core/setting.h"

#include <algorithm>
#include <cmath>

namespace chainrule {
namespace {

std::string list(const std::vector<Index>& values) {
  std::string s = "[";
  for (const Index v : values) s += cat(s.size() > 1 ? ", " : "", v);
  return s + "]";
}

[[noreturn]] void refuse(std::string_view kind, std::string_view name, const SettingValue& value,
                         std::string_view expected) {
  throw Error(cat("[", kind, "] ", name, " is ", str(value), ", expected ", expected));
}

}  // namespace

bool Range::holds(double value) const {
  return (with_low ? value >= low : value > low) && (with_high ? value <= high : value < high) &&
         !std::isnan(value);
}

std::string Range::str() const {
  const bool least = std::isfinite(low), most = std::isfinite(high);
  std::string s = "a number";
  if (least) s += cat(with_low ? " from " : " above ", low);
  if (most) s += cat(least ? " to " : " of at most ", with_high ? "" : "less than ", high);
  return s;
}

std::string str(const SettingValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using V = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<V, bool>) return v ? "true" : "false";
        if constexpr (std::is_same_v<V, Index>) return std::to_string(v);
        if constexpr (std::is_same_v<V, double>) return exact(v);
        if constexpr (std::is_same_v<V, std::vector<Index>>) return list(v);
      },
      value);
}

std::string str(const SettingList& settings) {
  std::string s;
  for (const Setting& one : settings)
    s += cat(s.empty() ? "" : ", ", one.name, " ", str(one.value));
  return s;
}

double as_number(const SettingValue& value) {
  return std::visit(
      [&](const auto& v) -> double {
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(v)>>)
          return static_cast<double>(v);
        else
          throw Error(cat("the setting ", str(value), " is a list, expected a number"));
      },
      value);
}

const SettingValue* find_setting(const SettingList& settings, std::string_view name) {
  const auto it = std::ranges::find(settings, name, &Setting::name);
  return it == settings.end() ? nullptr : &it->value;
}

namespace detail {

void refuse_setting(std::string_view kind, std::string_view name, const SettingValue& value,
                    const Range& range) {
  const double* const number = std::get_if<double>(&value);
  if (number != nullptr && std::isnan(*number))
    throw Error(cat("[", kind, "] ", name, " is not given, expected ", range.str()));
  refuse(kind, name, value, range.str());
}

void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v, bool& to) {
  if (std::holds_alternative<std::vector<Index>>(v)) refuse(kind, name, v, "true or false");
  const double x = as_number(v);
  if (x != 0 && x != 1) refuse(kind, name, v, "true or false");
  to = x == 1;
}

void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v,
                    Index& to) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (const Index* whole = std::get_if<Index>(&v)) {
    to = *whole;
    return;
  }
  const double* const x = std::get_if<double>(&v);
  if (x == nullptr || *x != std::floor(*x) || std::abs(*x) > kExact)
    refuse(kind, name, v, "a whole number");
  to = static_cast<Index>(*x);
}

void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v,
                    double& to) {
  if (std::holds_alternative<std::vector<Index>>(v)) refuse(kind, name, v, "a number");
  to = as_number(v);
}

void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v,
                    std::vector<Index>& to) {
  const auto* const values = std::get_if<std::vector<Index>>(&v);
  if (values == nullptr) {
    to.resize(1);
    return assign_setting(kind, name, v, to[0]);
  }
  to = *values;
}

void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v,
                    Shape& to) {
  std::vector<Index> dims;
  assign_setting(kind, name, v, dims);
  to = Shape(std::span<const Index>(dims));
}

void check_names(std::string_view kind, const SettingList& given,
                 const std::vector<SettingInfo>& known) {
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& name = given[i].name;
    if (std::ranges::find(known, name, &SettingInfo::name) == known.end()) {
      std::vector<std::string> names;
      for (const SettingInfo& s : known) names.push_back(s.name);
      throw Error(cat("[", kind, "] has no setting '", name, "'", did_you_mean(name, names)));
    }
    for (std::size_t k = 0; k < i; ++k)
      if (given[k].name == name) throw Error(cat("[", kind, "] ", name, " is given twice"));
  }
}

}  // namespace detail
}  // namespace chainrule
