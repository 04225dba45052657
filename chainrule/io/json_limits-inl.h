// JSON that nobody vouches for: a small text may stand for much memory, and the time that
// nlohmann's ordered objects take grows with the square of their keys.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>
#include <vector>

#include "chainrule/core/error.h"

namespace chainrule {

struct JsonLimits {
  int depth = 8;                   ///< of objects and lists in each other
  std::size_t values = 300'000;    ///< in all
  std::size_t root_keys = 1'000;   ///< of the outermost object
  std::size_t other_keys = 1'000;  ///< of any object inside
};

/// Throws DataError, the end of a sentence that begins with a file's name ("is nested too deeply"),
/// for JSON beyond the limits, and Json::exception for what is no JSON. `on_root_key` sees the
/// names of the outermost object.
template <class Json, class F>
Json parse_json(std::string_view text, const JsonLimits& limits, F on_root_key) {
  using Event = typename Json::parse_event_t;
  std::size_t values = 0;
  std::vector<std::size_t> keys(static_cast<std::size_t>(limits.depth) + 2, 0);
  return Json::parse(text, [&](int depth, Event event, Json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    const bool begins = event == Event::object_start || event == Event::array_start;
    if (begins && depth >= limits.depth) throw DataError("is nested too deeply");
    if ((begins || event == Event::value) && ++values > limits.values)
      throw DataError(cat("has more than ", grouped(static_cast<std::int64_t>(limits.values)),
                          " values, the limit"));
    if (event == Event::object_start) keys[level + 1] = 0;
    if (event == Event::key) {
      const std::size_t most = depth == 1 ? limits.root_keys : limits.other_keys;
      if (++keys[level] > most)
        throw DataError(cat("has more than ", grouped(static_cast<std::int64_t>(most)),
                            " names in one object, the limit"));
      if (depth == 1) on_root_key(parsed.template get_ref<const std::string&>());
    }
    return true;
  });
}

/// A whole number. Throws DataError, the end of a sentence, for anything else: nlohmann would
/// convert 1e300 too, to what nobody knows.
template <class T, class Json>
T whole_number(const Json& json) {
  if (!json.is_number_integer() || (std::is_unsigned_v<T> && !json.is_number_unsigned()))
    throw DataError("has metadata with something else where a whole number was expected");
  return json.template get<T>();
}

template <class Json>
Json parse_json(std::string_view text) {
  return parse_json<Json>(text, JsonLimits{}, [](const std::string&) {});
}

}  // namespace chainrule
