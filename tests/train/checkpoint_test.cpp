#include "chainrule/train/checkpoint.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <unistd.h>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"
#include "chainrule/data/toy.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/optim/rmsprop.h"
#include "chainrule/optim/sgd.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("chainrule_checkpoint_" + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> files(const std::string& run) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / run))
      if (entry.path().extension() == ".safetensors")
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  fs::path folder_;
};

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Splits some_data() {
  Splits s = data::blobs({.rows = 250});
  s.validation = s.test;
  return s;
}

Model fresh_model(const Splits& s) {
  return Model("linear 8, relu, batch_norm, dropout 0.2, linear 3", s.features(), {.seed = 3});
}

FitOptions some_options() {
  return {.schedule = Schedule::cosine(), .epochs = 6, .batch = 32, .seed = 5, .threads = 1};
}

/// Goes on with the run in `folder`, or begins it.
History go_on(const fs::path& folder, const Splits& s, FitOptions options,
              CheckpointOptions how = {}) {
  how.folder = folder;
  Checkpointer checkpointer(how);
  options.observers.push_back(&checkpointer);
  if (std::optional<Checkpoint> last = newest_checkpoint(folder)) {
    last->expect_same(s, options);
    options.resume = &last->state;
    return fit(last->model, s, options);
  }
  Model model = fresh_model(s);
  return fit(model, s, options);
}

// A run in one piece, and in pieces that end inside and between epochs, with 1 and with 8 threads.
TEST_F(CheckpointTest, PiecesEndInTheBitsOfTheWhole) {
  const Splits s = some_data();
  const std::map<std::string, Optimizer> optimizers = {{"sgd", Momentum{.lr = 0.05}},
                                                       {"adam", Adam{.lr = 0.01}},
                                                       {"rmsprop", Rmsprop{.momentum = 0.5}}};
  for (const auto& [name, optimizer] : optimizers) {
    FitOptions options = some_options();
    options.optimizer = optimizer;
    const History whole = go_on(folder_ / name, s, options, {.every = 5});
    const std::string last = files(name).back();
    for (const int threads : {1, 8}) {
      const std::string pieces = name + std::to_string(threads);
      std::vector<StopReason> ends;
      for (const auto& [epochs, steps] : {std::pair{2, 0}, {0, 9}, {2, 0}, {0, 0}}) {
        options.pause_after_epochs = epochs, options.pause_after_steps = steps;
        options.threads = threads;
        const History h = go_on(folder_ / pieces, s, options, {.every = 5});
        ends.push_back(h.stopped);
        if (h.stopped != StopReason::finished) continue;
        EXPECT_EQ(h.best_epoch, whole.best_epoch);
        ASSERT_EQ(h.epochs.size(), whole.epochs.size());
        EXPECT_EQ(h.epochs[2].train.loss, whole.epochs[2].train.loss);
      }
      using enum StopReason;
      EXPECT_EQ(ends, (std::vector{paused, paused, paused, finished}));
      EXPECT_EQ(content_of(folder_ / pieces / last), content_of(folder_ / name / last)) << pieces;
    }
  }
}

TEST_F(CheckpointTest, EarlyStoppingAndPlateauGoOnToo) {
  const Splits s = some_data();
  FitOptions options = some_options();
  options.schedule = Schedule::plateau(0.5, 1);
  options.optimizer = Adam{.lr = 0.1};
  options.epochs = 60, options.patience = 4;
  const History whole = go_on(folder_ / "whole", s, options, {.every = 50});
  ASSERT_EQ(whole.stopped, StopReason::early);
  options.pause_after_steps = 11;
  History h;
  do {
    h = go_on(folder_ / "pieces", s, options, {.every = 50});
  } while (h.stopped == StopReason::paused);
  EXPECT_EQ(h.stopped, StopReason::early);
  EXPECT_EQ(h.steps, whole.steps);
  EXPECT_EQ(content_of(folder_ / "pieces" / files("pieces").back()),
            content_of(folder_ / "whole" / files("whole").back()));
  const Checkpoint over = load_checkpoint(folder_ / "pieces" / files("pieces").back());
  EXPECT_EQ(over.ended, "early");
  EXPECT_EQ(go_on(folder_ / "pieces", s, options).steps, whole.steps);  // nothing is left
}

TEST_F(CheckpointTest, TheLastStayAndThoseOfAnotherLifeGo) {
  const Splits s = some_data();
  FitOptions options = some_options();  // 7 steps in an epoch
  options.pause_after_steps = 13;
  go_on(folder_ / "run", s, options, {.every = 3, .keep = 2});
  EXPECT_EQ(files("run"),
            (std::vector<std::string>{"step-000000012.safetensors", "step-000000013.safetensors"}));
  // The newest is damaged, the one before it goes on and takes its place.
  std::ofstream(folder_ / "run/step-000000013.safetensors") << "nothing";
  std::ofstream(folder_ / "run/step-000000999.safetensors") << "nothing";
  std::vector<std::string> skipped;
  EXPECT_EQ(newest_checkpoint(folder_ / "run", &skipped)->state.step, 12);
  ASSERT_EQ(skipped.size(), 2u);
  EXPECT_NE(skipped[0].find("step-000000999.safetensors' has 7 bytes"), std::string::npos)
      << skipped[0];
  options.pause_after_steps = 1;
  go_on(folder_ / "run", s, options, {.every = 3, .keep = 1});
  EXPECT_EQ(files("run"), (std::vector<std::string>{"step-000000013.safetensors"}));

  options.pause_after_steps = 0, options.pause_after_epochs = 2;
  go_on(folder_ / "epochs", s, options, {.each_epoch = true});
  EXPECT_EQ(files("epochs").front(), "step-000000007.safetensors");
  remove_checkpoints(folder_ / "epochs");
  EXPECT_FALSE(fs::exists(folder_ / "epochs"));
}

TEST_F(CheckpointTest, AModelCanBeLoadedFromIt) {
  const Splits s = some_data();
  FitOptions options = some_options();
  options.pause_after_steps = 4;
  go_on(folder_ / "run", s, options);
  const fs::path file = folder_ / "run" / files("run").back();
  const Checkpoint c = load_checkpoint(file);
  const Model model = Model::load(file);
  EXPECT_EQ(c.state.step, 4);
  EXPECT_EQ(c.steps, 42);
  EXPECT_EQ(c.ended, "");
  EXPECT_TRUE(std::ranges::equal(model.params().all(), c.model.params().all()));
}

TEST_F(CheckpointTest, OtherDataAndOtherOptionsAreRefused) {
  const Splits s = some_data();
  FitOptions options = some_options();
  options.pause_after_steps = 4;
  const Settings settings = {{"DATA", "blobs, \"as they are\" ü"}, {"--l2", "1"}, {"--l2", "2"}};
  go_on(folder_ / "run", s, options, {.settings = settings});
  const Checkpoint c = load_checkpoint(folder_ / "run" / files("run").back());
  EXPECT_EQ(c.settings, settings);
  c.expect_same(s, options);
  const auto refusal = [&](const Splits& data, const FitOptions& o) -> std::string {
    try {
      c.expect_same(data, o);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  Splits other = s;
  other.train.floats[17] += 1e-6f;
  EXPECT_NE(refusal(other, options).find("the data are not those of the checkpoint"),
            std::string::npos);
  other = s;
  other.test.classes[3] ^= 1;
  EXPECT_NE(refusal(other, options), "accepted");
  options.seed = 6;
  EXPECT_NE(refusal(s, options).find("was written with seed 5, not 6"), std::string::npos)
      << refusal(s, options);
}

// Every setting that decides about the bits is named when it is another.
TEST_F(CheckpointTest, EachOtherSettingIsRefusedByName) {
  const Splits s = some_data();
  for (const std::string_view name : optimizer_names()) {
    FitOptions options = some_options();
    options.optimizer = make_optimizer(name, {});
    options.pause_after_steps = 1;
    const fs::path folder = folder_ / std::string(name);
    go_on(folder, s, options);
    const Checkpoint c = load_checkpoint(folder / files(std::string(name)).back());
    for (const auto& [setting, value] : options.optimizer.settings()) {
      options.optimizer =
          make_optimizer(name, {{std::string(setting), value == 0 ? 0.125 : value * 0.875}});
      try {
        c.expect_same(s, options);
        ADD_FAILURE() << name << ": another " << setting << " was accepted";
      } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find(cat("with ", setting, " ", exact(value), ", not ")),
                  std::string::npos)
            << e.what();
      }
    }
  }
  FitOptions options = some_options();
  options.pause_after_steps = 1;
  go_on(folder_ / "run", s, options);
  const Checkpoint c = load_checkpoint(folder_ / "run" / files("run").back());
  const std::vector<std::pair<std::string, std::function<void(FitOptions&)>>> changes = {
      {"optimizer adam, not sgd", [](FitOptions& o) { o.optimizer = Sgd{}; }},
      {"schedule cosine, not cosine:0.1",
       [](FitOptions& o) { o.schedule = Schedule::cosine(0.1); }},
      {"batch 32, not 33", [](FitOptions& o) { o.batch = 33; }},
      {"rows shuffled, not in order", [](FitOptions& o) { o.shuffle = false; }},
      {"rows shuffled, not drawn", [](FitOptions& o) { o.replacement = true; }},
      {"clip_value 0, not 1", [](FitOptions& o) { o.clip_value = 1; }},
      {"clip_norm 0, not 2.5", [](FitOptions& o) { o.clip_norm = 2.5; }},
      {"monitor loss, not accuracy", [](FitOptions& o) { o.monitor = Monitor::accuracy; }},
      {"patience 0, not 3", [](FitOptions& o) { o.patience = 3; }},
      {"min_delta 0, not 0.001", [](FitOptions& o) { o.min_delta = 0.001; }},
      {"frozen none, not fc1.*", [](FitOptions& o) { o.frozen = {"fc1.*"}; }},
      {"accumulate 1, not 2", [](FitOptions& o) { o.accumulate = 2; }},
      {"lr of group fc1.* none, not 0.5", [](FitOptions& o) {
         o.groups = {{"fc1.*", Adam{.lr = 0.5}}};
       }}};
  for (const auto& [sentence, change] : changes) {
    FitOptions other = some_options();
    change(other);
    try {
      c.expect_same(s, other);
      ADD_FAILURE() << sentence << " was accepted";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(sentence), std::string::npos) << e.what();
    }
  }
  c.expect_same(fresh_model(s));
  const Model penalised("linear 8, relu, batch_norm, dropout 0.2, linear 3", s.features(),
                        {.seed = 3, .l2 = {{"*.weight", 0.01}}});
  EXPECT_THROW(c.expect_same(penalised), Error);
  EXPECT_THROW(c.expect_same(Model("linear 8, relu, linear 3", s.features())), Error);
}

// The same numbers after scaling, in another unit or under another name, are other data.
TEST_F(CheckpointTest, OtherColumnsAreRefused) {
  Splits s = some_data();
  s.schema.inputs = {{.name = "length", .offset = 1, .scale = 2}, {.name = "width"}};
  FitOptions options = some_options();
  options.pause_after_steps = 1;
  go_on(folder_ / "run", s, options);
  const Checkpoint c = load_checkpoint(folder_ / "run" / files("run").back());
  c.expect_same(s, options);
  const auto refusal = [&](const Splits& data) -> std::string {
    try {
      c.expect_same(data, options);
    } catch (const DataError& e) {
      return e.what();
    }
    return "accepted";
  };
  Splits other = s;
  other.schema.inputs[0].name = "depth";
  EXPECT_NE(refusal(other).find("the model's input 'length' is not in the data"), std::string::npos)
      << refusal(other);
  other = s;
  other.schema.inputs[0].scale = 2000;
  EXPECT_NE(refusal(other).find("(x - 1) / 2000 instead of (x - 1) / 2"), std::string::npos);
  other = s;
  std::swap(other.train.class_names[0], other.train.class_names[1]);
  EXPECT_NE(refusal(other), "accepted");
}

TEST_F(CheckpointTest, AnotherProgramIsNoticed) {
  const Splits s = some_data();
  FitOptions options = some_options();
  options.pause_after_steps = 1;
  go_on(folder_ / "run", s, options);
  Checkpoint c = load_checkpoint(folder_ / "run" / files("run").back());
  EXPECT_EQ(c.elsewhere(), "");
  c.instruction_set = "ABACUS";
  EXPECT_NE(c.elsewhere().find("with ABACUS, this is"), std::string::npos) << c.elsewhere();
}

TEST_F(CheckpointTest, AsInTheDocument) {
  const Splits data = some_data();
  const auto run = [&](const fs::path& folder, Model model) {
    Checkpointer checkpointer({.folder = folder, .every = 500});
    FitOptions options{.epochs = 20, .observers = {&checkpointer}};
    std::optional<Checkpoint> last = newest_checkpoint(folder);
    if (last) {
      last->expect_same(data, options);
      last->expect_same(model);
      options.resume = &last->state;
      model = std::move(last->model);
    }
    return fit(model, data, options);
  };
  const History first = run(folder_ / "run", fresh_model(data));
  EXPECT_EQ(run(folder_ / "run", fresh_model(data)).steps, first.steps);
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Is it read, and then equal to what was written? "wrong" is what must never be.
std::string read_as(const std::vector<std::byte>& bytes, const Checkpoint& written) {
  try {
    const Checkpoint c = parse_checkpoint(bytes, "c");
    const bool same = c.state.step == written.state.step && c.data == written.data &&
                      std::ranges::equal(c.model.params().all(), written.model.params().all()) &&
                      std::ranges::equal(c.state.kept, written.state.kept);
    return same ? "same" : "wrong";
  } catch (const DataError& e) {
    return std::string(e.what()).empty() ? "wrong" : "refused";
  }
}

TEST_F(CheckpointTest, CutOrGarbledFilesAreRefused) {
  const Splits s = some_data();
  FitOptions options = some_options();
  options.pause_after_steps = 10;
  go_on(folder_ / "run", s, options);
  const fs::path file = folder_ / "run" / files("run").back();
  const Checkpoint written = load_checkpoint(file);
  const std::vector<std::byte> whole = bytes_of(content_of(file));
  ASSERT_EQ(read_as(whole, written), "same");
  for (std::size_t n = 0; n < whole.size(); ++n)
    ASSERT_EQ(read_as({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}, written),
              "refused")
        << n << " of " << whole.size() << " bytes";
  Random random(3);
  for (int i = 0; i < 2'000; ++i) {
    auto bytes = whole;
    bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] ^=
        std::byte(1 + random.below(255));
    ASSERT_NE(read_as(bytes, written), "wrong") << "mutation " << i;
  }
}

}  // namespace
}  // namespace chainrule
