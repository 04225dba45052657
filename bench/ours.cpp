// chainrule as one of the competitors of bench/run.py, through the calls that users make.
//
//   bench_ours FOLDER                     answers lines, see peers/peer.h
//   bench_ours write FOLDER ROWS [MNIST]  writes the data that all competitors read
#include <filesystem>
#include <memory>
#include <numeric>

#include "chainrule/io/model_file.h"
#include "peers/peer.h"
#include <chainrule/chainrule.h>

using namespace chainrule;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kSeed = 1;

void write_bytes(const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  if (!out.flush()) throw Error(cat("cannot write ", path.string()));
}

/// "sparse": pictures of digits, four fifths of them zero. "dense": the same with a background
/// that is nowhere quite black.
void write_data(const fs::path& folder, Index rows, const std::string& mnist) {
  Dataset d =
      mnist.empty() ? data::digits({.train = rows, .test = 0}).train : data::mnist(mnist).train;
  rows = std::min(rows, d.rows());
  d.bytes.resize(static_cast<std::size_t>(rows * d.features.size()));
  write_bytes(folder / "sparse.u8", d.bytes);
  Random random(kSeed);
  for (std::uint8_t& b : d.bytes)
    if (b == 0) b = static_cast<std::uint8_t>(1 + random.below(40));
  write_bytes(folder / "dense.u8", d.bytes);
  write_bytes(folder / "labels.u8", {d.classes.begin(), d.classes.begin() + rows});
}

/// All rows to train on, and the first ones to predict.
struct Data {
  explicit Data(Dataset all) {
    train.validation = train.test = all.subset({});
    train.train = std::move(all);
    std::vector<std::int32_t> first(
        static_cast<std::size_t>(std::min<Index>(bench::kTestRows, train.train.rows())));
    std::iota(first.begin(), first.end(), 0);
    test = train.train.subset(first);
  }
  Splits train;
  Dataset test;
};

Dataset read_data(const fs::path& folder, const bench::Job& job) {
  if (job.is_xor()) return data::xor_gate().train;
  Dataset d;
  d.name = job.data;
  d.features = {job.widths.front()};
  d.bytes = bench::widened(bench::read_bytes(folder / (job.data + ".u8")), job.widths.front());
  const auto labels = bench::read_bytes(folder / "labels.u8");
  d.classes.assign(labels.begin(), labels.begin() + d.rows());
  for (int i = 0; i < 10; ++i) d.class_names.push_back(std::to_string(i));
  return d;
}

Model make_model(const bench::Job& job) {
  std::string text;
  for (const std::string& layer : job.layers) {
    const bool last = &layer == &job.layers.back();
    text += text.empty() ? "" : ", ";
    if (layer[0] == 'm') {
      text += cat("maxpool ", layer.substr(1));
      continue;
    }
    if (layer[0] == 'c') {
      const std::size_t size = layer.find('x'), pad = layer.find('p');
      text += cat("conv ", layer.substr(1, size - 1), " ", layer.substr(size + 1, pad - size - 1));
      if (pad != layer.npos) text += cat(" pad=", layer.substr(pad + 1));
    } else {
      text += cat("linear ", layer);
    }
    if (job.is_xor()) text += ", sigmoid";
    if (!job.is_xor() && !last) text += ", relu";
    if (job.dropout > 0 && !last) text += cat(", dropout ", job.dropout);
  }
  return Model(text, {job.widths.front()},
               {.loss = job.is_xor() ? "squared_error" : "softmax_cross_entropy",
                .seed = kSeed,
                .picture = job.convolves() ? Shape{28, 28} : Shape()});
}

/// The clock of a round: starts after the warm-up, stops after the last step.
class Watch : public Observer {
 public:
  explicit Watch(std::int64_t warm) : warm_(warm) {}
  void on_start(const RunInfo&) override { start_ = std::chrono::steady_clock::now(); }
  void on_step(const StepInfo& info) override {
    if (info.step == warm_) start_ = std::chrono::steady_clock::now();
    loss_ = info.loss;
  }
  void on_end(const History&) override { end_ = std::chrono::steady_clock::now(); }
  bench::Answer answer() const {
    return {std::chrono::duration<double>(end_ - start_).count(), loss_};
  }

 private:
  std::int64_t warm_;
  std::chrono::steady_clock::time_point start_, end_;
  double loss_ = 0;
};

/// What one kind of round needs; each round starts from the same parameters.
class Case {
 public:
  Case(const bench::Job& job, const fs::path& folder)
      : model_(make_model(job)), data_(read_data(folder, job)) {
    const std::span<const float> all = model_.params().all();
    start_.assign(all.begin(), all.end());
  }

  bench::Answer run(const bench::Job& job) {
    std::copy(start_.begin(), start_.end(), model_.params().all().begin());
    if (job.task == "train") return train(job, bench::warm_up(job.steps));
    return job.task == "one" ? predict_one(job) : predict_all(job);
  }

  /// Leaves the first parameters and the rows of all batches for the others, and trains.
  bench::Answer check(const bench::Job& job, const fs::path& folder) {
    std::copy(start_.begin(), start_.end(), model_.params().all().begin());
    model_.save(folder / "check.safetensors");
    Loader loader(data_.train.train.rows(), loader_options(job));
    std::ofstream out(folder / "check.i32", std::ios::binary);
    for (long i = 0; i < job.steps; ++i) {
      const std::span<const std::int32_t> rows = loader.next();
      out.write(reinterpret_cast<const char*>(rows.data()),
                static_cast<std::streamsize>(rows.size_bytes()));
    }
    return train(job, 0);
  }

 private:
  static LoaderOptions loader_options(const bench::Job& job) {
    return {.batch = job.batch, .shuffle = false, .replacement = !job.is_xor(), .seed = kSeed};
  }

  bench::Answer train(const bench::Job& job, long warm) {
    Watch watch(warm);
    const LoaderOptions order = loader_options(job);
    const Optimizer rule =
        job.optimizer == "adam" ? Optimizer(Adam{.lr = job.rate}) : Optimizer(Sgd{.lr = job.rate});
    fit(model_, data_.train,
        {.optimizer = rule,
         .steps = warm + job.steps,
         .batch = order.batch,
         .seed = order.seed,
         .threads = job.threads,
         .shuffle = order.shuffle,
         .replacement = order.replacement,
         .observers = {&watch}});
    return watch.answer();
  }

  bench::Answer predict_one(const bench::Job& job) {
    const Index width = data_.train.train.features.size();
    std::vector<std::int32_t> order(bench::kOneRows);
    std::iota(order.begin(), order.end(), 0);
    Buffer<float> x(bench::kOneRows * width);
    data_.train.train.gather<float>(order, x.span());
    Tape<float> tape(model_.params(), {.rows = 1, .outputs = {model_.output()}});
    return bench::timed(job, [&](long i) {
      tape.set<float>(model_.input(),
                      x.span().subspan(static_cast<std::size_t>(i % bench::kOneRows * width),
                                       static_cast<std::size_t>(width)));
      tape.forward();
      return static_cast<double>(tape.value(model_.output())[0]);
    });
  }

  bench::Answer predict_all(const bench::Job& job) {
    return bench::timed(job, [&](long) {
      const Predictions p = predict(model_, data_.test, {.threads = job.threads});
      long right = 0;
      for (std::size_t i = 0; i < p.classes.size(); ++i)
        right += p.classes[i] == data_.test.classes[i];
      return static_cast<double>(right) / static_cast<double>(p.classes.size());
    });
  }

  Model model_;
  Data data_;
  std::vector<float> start_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() >= 3 && args[0] == "write") {
    write_data(args[1], std::stol(args[2]), args.size() > 3 ? args[3] : "");
    return 0;
  }
  if (args.size() != 1) {
    std::cerr << "usage: bench_ours FOLDER | bench_ours write FOLDER ROWS [MNIST]\n";
    return 2;
  }
  std::string key;
  std::unique_ptr<Case> last;  // one at a time: competitors share the memory
  return bench::serve(
      "chainrule",
      [&](const bench::Job& job, bool check) {
        if (!last || key != job.key) last = std::make_unique<Case>(job, args[0]), key = job.key;
        return check ? last->check(job, args[0]) : last->run(job);
      },
      true);
}
