#include "chainrule/io/c_int8.h"

#include "chainrule/io/c_text.h"

namespace chainrule {
namespace {

constexpr std::string_view kQuantise = R"(/* q = x / scale + zero, rounded, from -128 to 127 */
static void quantise(const float *x, int8_t *q, int n, float scale, int zero)
{
  for (int i = 0; i < n; ++i) {
    const float v = x[i] / scale + (float)zero;
    q[i] = !(v > -128.0f) ? -128 : v >= 127.0f ? 127 : (int8_t)floorf(v + 0.5f);
  }
}
)";

constexpr std::string_view kSum =
    R"(static int32_t sum_int8(const int8_t *q, const int8_t *w, int32_t sum, int n)
{
  for (int i = 0; i < n; ++i) sum += w[i] * q[i];
  return sum;
}
)";

constexpr std::string_view kHidden =
    R"(/* y = round(sum * multiplier / 2^shift) + zero, halves away from zero, from low to 127; in integers
   alone, so it is the same on every machine */
static void linear_int8(const int8_t *q, const int8_t *w, const int32_t *b,
                        const int32_t *multiplier, const uint8_t *shift, int8_t *y, int inputs,
                        int outputs, int zero, int low)
{
  for (int o = 0; o < outputs; ++o, w += inputs) {
    const int64_t v = (int64_t)sum_int8(q, w, b[o], inputs) * multiplier[o];
    const int64_t half = (int64_t)1 << (shift[o] - 1);
    const int64_t r = (v < 0 ? -((half - v) >> shift[o]) : (half + v) >> shift[o]) + zero;
    y[o] = (int8_t)(r < low ? low : r > 127 ? 127 : r);
  }
}
)";

constexpr std::string_view kLast = R"(/* y = sum * scale */
static void linear_from_int8(const int8_t *q, const int8_t *w, const int32_t *b,
                             const float *scale, float *y, int inputs, int outputs)
{
  for (int o = 0; o < outputs; ++o, w += inputs)
    y[o] = (float)sum_int8(q, w, b[o], inputs) * scale[o];
}
)";

constexpr std::string_view kLookUp = R"(static void look_up(int8_t *q, const int8_t *table, int n)
{
  for (int i = 0; i < n; ++i) q[i] = table[q[i] + 128];
}
)";

/// -2147483648 is no literal of C.
std::string int_literal(std::int64_t v) {
  return v == INT32_MIN ? "(-2147483647 - 1)" : std::to_string(v);
}

template <class T>
std::vector<std::string> int_literals(const std::vector<T>& values) {
  std::vector<std::string> items;
  items.reserve(values.size());
  for (const T v : values) items.push_back(int_literal(v));
  return items;
}

void write_layer(CWriter& out, const Int8Layer& l, const std::string& from, const std::string& to) {
  const std::string name = out.array(out.model().graph().node(l.node).name);
  const auto ints = [&](std::string_view type, Index bytes, const char* what, const auto& values,
                        Index row) {
    const std::string full = cat(name, "_", what);
    out.constants(type, bytes, full, int_literals(values), row);
    return full;
  };
  const std::string w = ints("int8_t", 1, "weight", l.weight, l.inputs);
  const std::string b = ints("int32_t", 4, "bias", l.bias, l.outputs);
  out.function(kSum);
  if (!l.scale.empty()) {
    const std::string scale = cat(name, "_scale");
    out.constants(scale, l.scale, l.outputs);
    out.function(kLast);
    out.line(cat("linear_from_int8(", from, ", ", w, ", ", b, ", ", scale, ", ", to, ", ", l.inputs,
                 ", ", l.outputs, ");"));
    return;
  }
  const std::string multiplier = ints("int32_t", 4, "multiplier", l.multiplier, l.outputs);
  const std::string shift = ints("uint8_t", 1, "shift", l.shift, l.outputs);
  out.function(kHidden);
  out.line(cat("linear_int8(", from, ", ", w, ", ", b, ", ", multiplier, ", ", shift, ", ", to,
               ",\n              ", l.inputs, ", ", l.outputs, ", ", l.zero, ", ", l.low, ");"));
  if (l.table.empty()) return;
  const std::string table = cat(out.array(l.table_name), "_table");
  out.constants("int8_t", 1, table, int_literals(l.table), 16);
  out.function(kLookUp);
  out.line(cat("look_up(", to, ", ", table, ", ", l.outputs, ");"));
}

}  // namespace

CScratch write_int8(CWriter& out, const Int8Network& net) {
  const auto& layers = net.layers();
  std::string x = "input";
  CScratch floats;
  if (!net.before().empty()) {
    floats = c_scratch({layers.front().inputs}, "float", 4, "x", 0);
    for (const int id : net.before()) {
      out.operation({id, {x}, "x0"});
      x = "x0";
    }
  }
  std::vector<Index> sizes;
  for (const Int8Layer& l : layers) sizes.push_back(l.inputs);
  CScratch scratch = c_scratch(sizes, "int8_t", 1, "q", 0);
  out.function(kQuantise);
  out.line(cat("quantise(", x, ", q0, ", layers.front().inputs, ", ",
               c_text::number(net.input().scale, "the input's scale"), ", ", net.input().zero,
               ");"));
  for (std::size_t i = 0; i < layers.size(); ++i)
    write_layer(out, layers[i], cat("q", static_cast<int>(i)),
                i + 1 < layers.size() ? cat("q", static_cast<int>(i) + 1) : std::string("output"));
  for (const int id : net.after()) out.operation({id, {"output"}, "output"});
  if (!floats.declarations.empty())
    scratch.declarations = cat(floats.declarations, "\n  ", scratch.declarations);
  scratch.bytes += floats.bytes;
  return scratch;
}

}  // namespace chainrule
