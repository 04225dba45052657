// What the competitors written in C++ share: the line protocol and the data.
//
// bench/run.py writes a line, "round" or "check" and a Job; the answer is one line, the seconds
// that the timed steps took and the loss of the last one, or "error: " and why not.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

struct Job {
  std::string key;   ///< everything but `steps`: what may be kept from one round to the next
  std::string task;  ///< "train"; "one": predictions of single rows; "all": of all test rows
  std::vector<long> widths;  ///< 784-50-10
  /// All but the first width as they are written: "50"; "c6x5p2": 6 filters of 5 x 5 pixels, padded
  /// by 2, then relu; "m2": the greatest of each 2 x 2 pixels.
  std::vector<std::string> layers;
  long batch = 0;
  std::string optimizer;  ///< "sgd", "adam"
  double rate = 0, dropout = 0;
  std::string data;  ///< "sparse", "dense", "xor"
  int threads = 0;
  long steps = 0;

  bool is_xor() const { return data == "xor"; }
  bool convolves() const { return widths.size() <= layers.size(); }
};

struct Answer {
  double seconds = 0, loss = 0;
};

/// Steps (or predictions) that run before the clock starts.
inline long warm_up(long steps) { return steps / 10 + 1; }
/// Rows that are predicted at once in the task "all", and in turn in the task "one".
constexpr long kTestRows = 10000, kOneRows = 256;

/// `width` numbers per row from pictures of 784: repeated or cut.
inline std::vector<std::uint8_t> widened(const std::vector<std::uint8_t>& pictures, long width) {
  constexpr long kPixels = 784;
  if (width == kPixels) return pictures;
  // Wider rows are fewer: at most 64 MB.
  const long have = static_cast<long>(pictures.size()) / kPixels;
  const long rows = std::min(have, std::max(kTestRows, (64L << 20) / width));
  std::vector<std::uint8_t> all(static_cast<std::size_t>(rows * width));
  for (long r = 0; r < rows; ++r)
    for (long i = 0; i < width; ++i)
      all[static_cast<std::size_t>(r * width + i)] =
          pictures[static_cast<std::size_t>(r * kPixels + i % kPixels)];
  return all;
}

inline std::vector<std::uint8_t> read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::max<long>(0, in.tellg())));
  in.seekg(0);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
    throw std::runtime_error("cannot read " + path);
  return bytes;
}

/// Rows of floats with their classes. For XOR: four rows, class 0 or 1.
struct Rows {
  long width = 0, count = 0;
  std::vector<float> x;
  std::vector<std::uint8_t> label;

  const float* row(long i) const { return x.data() + i * width; }
};

/// Kept until others are asked for.
inline const Rows& read_rows(const std::string& folder, const Job& job) {
  static Rows rows;
  static std::string have;
  const std::string key = job.data + std::to_string(job.widths.front());
  if (key == have) return rows;
  have = key;
  rows = {.width = job.widths.front()};
  if (job.is_xor()) {
    rows.x = {0, 0, 0, 1, 1, 0, 1, 1};
    rows.label = {0, 1, 1, 0};
  } else {
    const auto bytes = widened(read_bytes(folder + "/" + job.data + ".u8"), rows.width);
    rows.x.reserve(bytes.size());
    for (const std::uint8_t b : bytes) rows.x.push_back(static_cast<float>(b) / 255.0F);
    rows.label = read_bytes(folder + "/labels.u8");
  }
  rows.count = static_cast<long>(rows.x.size()) / rows.width;
  return rows;
}

/// The rows of each batch, one after another.
inline std::vector<int> draw(const Job& job, long rows, long steps) {
  std::mt19937 random(1);
  std::vector<int> order(static_cast<std::size_t>(job.batch * steps));
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<int>(job.is_xor() ? i % 4 : random() % static_cast<unsigned>(rows));
  return order;
}

/// Runs `step(i)` for the warm-up and then for job.steps, and measures the latter.
template <class F>
Answer timed(const Job& job, F step) {
  const long warm = warm_up(job.steps);
  double loss = 0;
  for (long i = 0; i < warm; ++i) loss = step(i);
  const auto start = std::chrono::steady_clock::now();
  for (long i = warm; i < warm + job.steps; ++i) loss = step(i);
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), loss};
}

/// Answers lines until there are no more: "version" with `version`, the others with the Answer
/// that `work(job, check)` returns. `convolutions`: it can do those, too.
template <class F>
int serve(const std::string& version, F work, bool convolutions = false) {
  std::cout.precision(9);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::istringstream in(line);
      std::string command, widths;
      Job job;
      if (line == "version") {
        std::cout << version << std::endl;
        continue;
      }
      in >> command >> job.task >> widths >> job.batch >> job.optimizer >> job.rate >>
          job.dropout >> job.data >> job.threads >> job.steps;
      if (!in) throw std::runtime_error("cannot understand: " + line);
      job.key = line.substr(0, line.rfind(' '));
      std::istringstream list(widths);
      for (std::string layer; std::getline(list, layer, '-');) {
        if (layer.find_first_not_of("0123456789") == layer.npos)
          job.widths.push_back(std::stol(layer));
        job.layers.push_back(layer);
      }
      job.layers.erase(job.layers.begin());
      if (job.convolves() && !convolutions) throw std::runtime_error("no convolutions");
      const Answer answer = work(job, command == "check");
      std::cout << answer.seconds << ' ' << answer.loss << std::endl;
    } catch (const std::exception& e) {
      std::string what = e.what();
      std::replace(what.begin(), what.end(), '\n', ' ');
      std::cout << "error: " << what << std::endl;
    }
  }
  return 0;
}

}  // namespace bench
