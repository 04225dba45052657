#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>
#include <vector>

#include "chainrule/core/random.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/loader.h"
#include "chainrule/dist/launch.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/optim/sgd.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/feed.h"
#include "chainrule/train/fit.h"
#include "chainrule/train/same_run.h"
#include "chainrule/train/share.h"
#include "tests/dist/exchange.h"

namespace chainrule {
namespace {

using testing::exchange;

const Splits& digits() {
  static const Splits data = data::digits({.seed = 1});
  return data;
}

Model network(const char* text = "linear 50, relu, linear 10") {
  return Model(text, digits().train.features, {.seed = 1});
}

FitOptions options(Exchange* e) {
  FitOptions o;
  o.optimizer = Sgd{.lr = 0.1};
  o.steps = 200;
  o.batch = 128;
  o.seed = 3;
  o.threads = 1;
  o.exchange = e;
  return o;
}

std::vector<float> values(const Model& model) {
  const std::span<float> all = model.params().all();
  return {all.begin(), all.end()};
}

/// |a - b| / |b|
template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
  double apart = 0, whole = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    apart += d * d, whole += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(apart / whole);
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// The sum of equal numbers is their multiple.
bool same_everywhere(const std::vector<float>& own) {
  std::vector<double> sum(own.begin(), own.end());
  exchange().sum(std::span<double>(sum));
  for (std::size_t i = 0; i < sum.size(); ++i)
    if (sum[i] != static_cast<double>(own[i]) * exchange().size()) return false;
  return true;
}

/// Sums over the ranks of each node, then over the nodes, each rounded to T.
template <class T>
std::vector<T> sums_in_order(const std::vector<std::vector<T>>& terms) {
  const std::size_t size = terms[0].size();
  const int given = dist::ranks_per_node();
  const std::size_t per_node = given > 0 ? static_cast<std::size_t>(given) : terms.size();
  std::vector<double> all(size, 0.0);
  for (std::size_t first = 0; first < terms.size(); first += per_node) {
    std::vector<double> node(size, 0.0);
    for (std::size_t r = first; r < std::min(first + per_node, terms.size()); ++r)
      for (std::size_t i = 0; i < size; ++i) node[i] += static_cast<double>(terms[r][i]);
    for (std::size_t i = 0; i < size; ++i) all[i] += static_cast<double>(static_cast<T>(node[i]));
  }
  return {all.begin(), all.end()};
}

double far_apart(Random& random) {
  return (random.uniform() - 0.5) * std::exp(40 * random.uniform());
}

template <class T>
std::span<T> as_values(const std::shared_ptr<std::byte>& memory, std::size_t size) {
  return {reinterpret_cast<T*>(memory.get()), size};
}

/// Do ranks share memory, at least some of them?
bool shares_memory() { return dist::ranks_per_node() != 1; }

// Values so far apart that even a sum in double depends on the order of the terms; lengths around
// the pieces and the limits, and one with more chunks than there are slots.
TEST(Ranks, SumsAreThoseInTheOrderOfTheRanks) {
  Exchange& e = exchange();
  for (const std::size_t size : {1, 3, 4, 15, 17, 511, 513, 2047, 100'003, 2'000'001}) {
    std::vector<std::vector<float>> float_terms;
    std::vector<std::vector<double>> double_terms;
    for (int r = 0; r < e.size(); ++r) {
      Random random(7, static_cast<std::uint64_t>(r));
      std::vector<double> v(size);
      for (double& x : v) x = far_apart(random);
      float_terms.emplace_back(v.begin(), v.end());
      double_terms.push_back(std::move(v));
    }
    const auto own = static_cast<std::size_t>(e.rank());
    std::vector<float> floats = float_terms[own];
    std::vector<double> doubles = double_terms[own];
    e.start_sum(std::span<float>(floats));
    e.start_sum(std::span<double>(doubles));
    e.wait();
    EXPECT_TRUE(same_bits(floats, sums_in_order(float_terms))) << size;
    EXPECT_TRUE(same_bits(doubles, sums_in_order(double_terms))) << size;
  }
}

// Where they lie, in two buckets of which one begins off a cache line.
TEST(Ranks, SumsInSharedMemoryAreThoseToo) {
  Exchange& e = exchange();
  constexpr std::size_t kSize = 2'000'001, kCut = 300'007;
  const auto bytes = static_cast<Index>(kSize * sizeof(float));
  const std::shared_ptr<std::byte> memory = e.memory(bytes), another = e.memory(bytes);
  EXPECT_EQ(memory != nullptr, shares_memory());
  if (memory == nullptr || another == nullptr) return;
  std::vector<std::vector<float>> terms;
  for (int r = 0; r < e.size(); ++r) {
    Random random(8, static_cast<std::uint64_t>(r));
    std::vector<float>& v = terms.emplace_back(kSize);
    for (float& x : v) x = static_cast<float>(far_apart(random));
  }
  const std::vector<float>& own = terms[static_cast<std::size_t>(e.rank())];
  const std::vector<float> expected = sums_in_order(terms);
  for (const auto& m : {memory, another, memory}) {
    const std::span<float> values = as_values<float>(m, kSize);
    std::ranges::copy(own, values.begin());
    std::vector<float> apart(own.begin(), own.begin() + 1000);
    e.start_sum(values.subspan(kCut));
    e.start_sum(std::span<float>(apart));
    e.start_sum(values.first(kCut));
    EXPECT_TRUE(e.wait());
    EXPECT_TRUE(same_bits(std::vector<float>(values.begin(), values.end()), expected));
    EXPECT_TRUE(std::equal(apart.begin(), apart.end(), expected.begin()));
  }
}

// One rank has no file left to share memory with, or may not make one as large.
TEST(Ranks, AllDoWithoutWhenOneCannotShareMemory) {
  const bool last = exchange().rank() == exchange().size() - 1;
  for (const auto& [what, most] : {std::pair(RLIMIT_NOFILE, 0), std::pair(RLIMIT_FSIZE, 9999)}) {
    rlimit before = {};
    ASSERT_EQ(getrlimit(what, &before), 0);
    rlimit less = before;
    less.rlim_cur = static_cast<rlim_t>(most);
    const auto limit = [&](const rlimit& to) { return !last || setrlimit(what, &to) == 0; };
    ASSERT_TRUE(limit(less));
    const std::shared_ptr<std::byte> memory = exchange().memory(10'000);
    ASSERT_TRUE(limit(before));
    EXPECT_EQ(memory, nullptr);
    EXPECT_EQ(exchange().memory(10'000) != nullptr, shares_memory());
  }
}

// Each rank in turn, in small sums and large ones, copied or not; the largest number, of which
// every rank has one, is a term that is finite, but no sum.
TEST(Ranks, AllLearnOfSumsThatAreNotFinite) {
  Exchange& e = exchange();
  constexpr std::size_t kSize = 400'000;
  const auto memory = e.memory(static_cast<Index>(kSize * sizeof(float)));
  std::vector<float> apart(kSize);
  std::vector<std::span<float>> places = {std::span(apart), std::span(apart).first(5)};
  if (memory != nullptr) places.push_back(as_values<float>(memory, kSize));
  constexpr float kMax = std::numeric_limits<float>::max();
  for (const std::span<float> values : places)
    for (const std::size_t at : {std::size_t{0}, values.size() / 2 + 1, values.size() - 1})
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), kMax})
        for (int rank = 0; rank < e.size(); ++rank) {
          std::ranges::fill(values, 1.0f);
          if (rank == e.rank() || bad == kMax) values[at] = bad;
          e.start_sum(values);
          EXPECT_FALSE(e.wait()) << bad << " at " << at << " of " << values.size();
          std::ranges::fill(values, 1.0f);
          e.start_sum(values);
          EXPECT_TRUE(e.wait());
        }
}

// One rank is late, each in turn.
TEST(Ranks, SumsWaitForTheLast) {
  Exchange& e = exchange();
  for (int late = 0; late < e.size(); ++late) {
    std::vector<float> values(500'000, static_cast<float>(late + 1));
    if (e.rank() == late) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    e.sum(std::span<float>(values));
    for (const float x : values) ASSERT_EQ(x, static_cast<float>((late + 1) * e.size()));
  }
}

// More sums at a time than there is room for.
TEST(Ranks, ManySumsAtOnce) {
  std::vector<std::vector<double>> values(200, std::vector<double>(3000, 1.0));
  for (std::vector<double>& v : values) exchange().start_sum(std::span<double>(v));
  exchange().wait();
  for (const std::vector<double>& v : values) {
    EXPECT_EQ(v.front(), exchange().size());
    EXPECT_EQ(v.back(), exchange().size());
  }
}

TEST(Ranks, TrainLikeOneInFloat) {
  Model alone = network(), shared = network(), again = network();
  const History one = fit(alone, digits(), options(nullptr));
  const History many = fit(shared, digits(), options(&exchange()));
  fit(again, digits(), options(&exchange()));
  const double apart = distance(values(shared), values(alone));
  RecordProperty("distance", std::to_string(apart));
  if (exchange().rank() == 0) std::printf("float: %.2e\n", apart);
  EXPECT_LT(apart, 1e-6);
  EXPECT_TRUE(same_bits(values(shared), values(again)));
  EXPECT_NEAR(one.epochs.back().train.loss, many.epochs.back().train.loss, 1e-5);
  EXPECT_NEAR(one.epochs.back().test.accuracy, many.epochs.back().test.accuracy, 1e-3);

  EXPECT_TRUE(same_everywhere(values(shared)));
}

std::vector<double> train_in_double(Exchange* e, const Dataset& data) {
  Model model("linear 50, relu, linear 10", data.features, {.seed = 1});
  Params<double> params(model.graph(), 1);
  const Feed feed(model, data);
  Share<double> share(e, data, 1000);
  Loader loader(data.rows(), {.batch = 128, .seed = 3});
  Tape<double> tape(params, {.rows = share.most_rows(128),
                             .input_gradients = false,
                             .outputs = {},
                             .param_grads = share.param_grads(params.trainable().size())});
  const Optimizer optimizer = Sgd{.lr = 0.1};
  OptimizerState<double> state = optimizer.start<double>(std::ssize(params.trainable()));
  ThreadPool pool(1);
  for (int step = 0; step < 200; ++step) {
    feed(tape, share.take(loader.next()));
    tape.forward({.training = true});
    share.backward(tape, model.loss());
    optimizer.step(state, params.trainable(), std::span<const double>(tape.param_grads()), 0.1,
                   pool);
  }
  return {params.all().begin(), params.all().end()};
}

TEST(Ranks, TrainLikeOneInDouble) {
  const Dataset& data = digits().train;
  const double apart = distance(train_in_double(&exchange(), data), train_in_double(nullptr, data));
  if (exchange().rank() == 0) std::printf("double: %.2e\n", apart);
  EXPECT_LT(apart, 1e-12);
}

// 200 steps of 128 rows of MNIST, by P ranks with 128 / P rows each and by one.
TEST(Ranks, TrainLikeOneOnMnist) {
  const char* folder = std::getenv("CHAINRULE_MNIST");
  if (folder == nullptr) GTEST_SKIP() << "CHAINRULE_MNIST is not set";
  Splits data;
  data.train = data::mnist(folder).train;
  Model alone("linear 50, relu, linear 10", data.train.features, {.seed = 1});
  Model shared("linear 50, relu, linear 10", data.train.features, {.seed = 1});
  fit(alone, data, options(nullptr));
  fit(shared, data, options(&exchange()));
  const double apart = distance(values(shared), values(alone));
  const double apart_in_double =
      distance(train_in_double(&exchange(), data.train), train_in_double(nullptr, data.train));
  if (exchange().rank() == 0)
    std::printf("MNIST, float: %.2e, double: %.2e\n", apart, apart_in_double);
  EXPECT_LT(apart, 1e-6);
  EXPECT_LT(apart_in_double, 1e-12);
}

// Random numbers belong to a row of the batch, wherever it runs. 13 columns: not a multiple of the
// four numbers that are made at a time.
TEST(Ranks, DropoutIsThatOfOne) {
  Model alone = network("linear 13, relu, dropout 0.5, linear 10");
  Model shared = network("linear 13, relu, dropout 0.5, linear 10");
  FitOptions o = options(nullptr);
  o.steps = 20, o.batch = 50;
  fit(alone, digits(), o);
  o.exchange = &exchange();
  fit(shared, digits(), o);
  EXPECT_LT(distance(values(shared), values(alone)), 1e-6);
}

// The last batch has fewer rows than there are ranks, and weights differ, down to nothing.
TEST(Ranks, FewRowsAndWeights) {
  Splits data;
  std::vector<std::int32_t> rows(9);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int32_t>(i);
  data.train = digits().train.subset(rows);
  data.train.weights = {1, 0, 0, 0, 2, 1, 0.5, 3, 1};
  FitOptions o = options(nullptr);
  o.steps = 30, o.batch = 4, o.shuffle = false, o.optimizer = Sgd{.lr = 0.01};
  Model alone = network(), shared = network();
  fit(alone, data, o);
  o.exchange = &exchange();
  const History many = fit(shared, data, o);
  EXPECT_LT(distance(values(shared), values(alone)), 1e-6);
  EXPECT_EQ(many.epochs.size(), 10u);
}

TEST(Ranks, BatchNormStatisticsAreTheSameEverywhere) {
  Model model = network("linear 20, batch_norm, relu, linear 10");
  FitOptions o = options(&exchange());
  o.steps = 20;
  fit(model, digits(), o);
  EXPECT_TRUE(same_everywhere(values(model)));
}

TEST(Ranks, EvaluateAndPredictLikeOne) {
  const Model model = network();
  const Evaluation one = evaluate(model, digits().test, {.threads = 1});
  const Evaluation many = evaluate(model, digits().test, {.threads = 1, .exchange = &exchange()});
  EXPECT_NEAR(one.loss, many.loss, 1e-9);
  EXPECT_EQ(one.accuracy, many.accuracy);
  EXPECT_EQ(one.top_k_accuracy, many.top_k_accuracy);
  EXPECT_TRUE(std::ranges::equal(one.confusion.counts(), many.confusion.counts()));
  const Predictions p = predict(model, digits().test, {.threads = 1});
  const Predictions q = predict(model, digits().test, {.threads = 1, .exchange = &exchange()});
  EXPECT_EQ(p.classes, q.classes);
  for (Index i = 0; i < p.values.rows(); ++i)
    for (Index j = 0; j < 10; ++j) ASSERT_NEAR(p.values(i, j), q.values(i, j), 1e-6f);
}

TEST(Ranks, NumbersAreMeasuredLikeByOne) {
  Dataset d;
  d.features = {2}, d.target_names = {"a", "b"};
  Random random(1, 2);
  for (int row = 0; row < 50; ++row) {
    for (int i = 0; i < 2; ++i) d.floats.push_back(static_cast<float>(random.uniform()));
    for (int i = 0; i < 2; ++i) d.targets.push_back(static_cast<float>(random.uniform()));
  }
  const Model model("linear 2", {2}, {.loss = "squared_error", .seed = 3});
  const Evaluation one = evaluate(model, d, {.threads = 1});
  const Evaluation many = evaluate(model, d, {.threads = 1, .exchange = &exchange()});
  // A rank's batches have other sizes, so a product's sums may be in another order.
  EXPECT_NEAR(one.mse, many.mse, 1e-6);
  EXPECT_NEAR(one.r2, many.r2, 1e-5);
  EXPECT_NEAR(one.median_error, many.median_error, 1e-6);
}

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const RankError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Ranks, WhatDiffersIsFoundBeforeTheFirstStep) {
  const bool last = exchange().rank() == exchange().size() - 1;
  const std::string who = cat("rank ", exchange().size() - 1, " of ", exchange().size(), " has ");
  const std::string end = " than rank 0; all must be started alike";
  FitOptions o = options(&exchange());
  if (last) o.optimizer = Sgd{.lr = 0.2};
  Model model = network();
  EXPECT_EQ(refusal([&] { fit(model, digits(), o); }), who + "other options of training" + end);
  o = options(&exchange());
  Model other = network(last ? "linear 50, relu, linear 10" : "linear 50, tanh, linear 10");
  EXPECT_EQ(refusal([&] { fit(other, digits(), o); }), who + "another network" + end);
  Splits data = digits();
  if (last) ++data.train.bytes[100'000];
  EXPECT_EQ(refusal([&] { fit(model, data, o); }), who + "other data" + end);
  if (last) model.params().all()[5] += 1;
  EXPECT_EQ(refusal([&] { fit(model, digits(), o); }), who + "other parameters" + end);
}

}  // namespace
}  // namespace chainrule
