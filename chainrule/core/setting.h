// SettingList: the hyper-parameters of operations, layers and optimizers as named, typed values.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/shape.h"

namespace chainrule {

/// A switch, a whole number, a number, or a list of axes or sizes.
using SettingValue = std::variant<bool, Index, double, std::vector<Index>>;

struct Setting {
  std::string name;
  SettingValue value;
  bool operator==(const Setting&) const = default;
};
using SettingList = std::vector<Setting>;

/// What numbers a setting may have.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool with_low = true, with_high = true;

  bool holds(double value) const;
  /// "a number above 0", "a number from 0 to less than 1".
  std::string str() const;
};
inline constexpr Range kAnyNumber{};
inline constexpr Range kAboveZero{.low = 0, .with_low = false};
inline constexpr Range kFromZero{.low = 0};
inline constexpr Range kPart{.low = 0, .high = 1, .with_high = false};
inline constexpr Range kShare{.low = 0, .high = 1};

/// The default of a number that must be given.
inline constexpr double kRequired = std::numeric_limits<double>::quiet_NaN();

/// One hyper-parameter of a kind of operation or layer.
struct SettingInfo {
  std::string name;
  SettingValue fallback;
  Range range;
  bool required = false;
};

/// "momentum 0.1, epsilon 1e-05"; numbers to the last digit. "" for none.
std::string str(const SettingList& settings);
std::string str(const SettingValue& value);
/// A number or whole number or switch as double. Throws Error when it is a list.
double as_number(const SettingValue& value);
/// The one of that name, or null.
const SettingValue* find_setting(const SettingList& settings, std::string_view name);

// A struct with hyper-parameters shows them through a visitor, which is the only place that lists
// them: `static void settings(auto& self, auto&& f) { f("slope", self.slope, kAnyNumber); }`.
// Fields are double, Index, bool, std::vector<Index> or Shape.
namespace detail {

/// Does S have such a visitor?
template <class S>
constexpr bool kHasSettings = requires(S& s) {
  S::settings(s, [](std::string_view, auto&, const Range&) {});
};

template <class F>
SettingValue setting_value(const F& field) {
  if constexpr (std::is_same_v<F, Shape>)
    return std::vector<Index>(field.dims().begin(), field.dims().end());
  else
    return field;
}

/// Throws Error: "[dropout] rate is 1, expected a number from 0 to less than 1".
[[noreturn]] void refuse_setting(std::string_view kind, std::string_view name,
                                 const SettingValue& value, const Range& range);

template <class F>
void check_setting(std::string_view kind, std::string_view name, const F& field,
                   const Range& range) {
  if constexpr (std::is_arithmetic_v<F>)
    if (!range.holds(static_cast<double>(field))) refuse_setting(kind, name, field, range);
}

/// The value as a field of its type. Throws Error when it is of another kind.
void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v, bool& to);
void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v, Index& to);
void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v,
                    double& to);
void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v,
                    std::vector<Index>& to);
void assign_setting(std::string_view kind, std::string_view name, const SettingValue& v, Shape& to);

/// Throws Error unless each of `given` is in `known`, once.
void check_names(std::string_view kind, const SettingList& given,
                 const std::vector<SettingInfo>& known);

}  // namespace detail

/// The values of all fields.
template <class S>
SettingList settings_of(const S& s) {
  SettingList all;
  if constexpr (detail::kHasSettings<const S>)
    S::settings(s, [&](std::string_view name, const auto& field, const Range&) {
      all.push_back({std::string(name), detail::setting_value(field)});
    });
  return all;
}

/// Names, defaults and ranges.
template <class S>
std::vector<SettingInfo> setting_infos() {
  std::vector<SettingInfo> all;
  const S s{};
  if constexpr (detail::kHasSettings<const S>)
    S::settings(s, [&](std::string_view name, const auto& field, const Range& range) {
      bool required = false;
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, double>)
        required = field != field;
      all.push_back({std::string(name), detail::setting_value(field), range, required});
    });
  return all;
}

/// Throws Error unless every field is in its range. `kind` begins the sentence.
template <class S>
void check_settings(std::string_view kind, const S& s) {
  if constexpr (detail::kHasSettings<const S>)
    S::settings(s, [&](std::string_view name, const auto& field, const Range& range) {
      detail::check_setting(kind, name, field, range);
    });
}

/// Sets what is given by name; what is not keeps its default. Throws Error for a name that there is
/// not, a value of the wrong kind or out of range, or one that is missing.
template <class S>
void apply_settings(std::string_view kind, const SettingList& given, S& s) {
  detail::check_names(kind, given, setting_infos<S>());
  if constexpr (detail::kHasSettings<S>)
    S::settings(s, [&](std::string_view name, auto& field, const Range&) {
      if (const SettingValue* v = find_setting(given, name))
        detail::assign_setting(kind, name, *v, field);
    });
  check_settings(kind, s);
}

}  // namespace chainrule
