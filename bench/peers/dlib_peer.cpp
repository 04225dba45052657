// dlib: its layers and solvers on tensors that are filled directly, without dnn_trainer's threads.
#include <dlib/dnn.h>
#include <dlib/revision.h>

#include "peer.h"

using bench::Answer;
using bench::Job;
using namespace dlib;

namespace {

using Input = input<matrix<float>>;
template <class X>
using Hidden = relu<fc<1, X>>;
template <class X>
using HiddenDropout = dropout<relu<fc<1, X>>>;
using Two = loss_multiclass_log<fc<1, Hidden<Input>>>;
using Three = loss_multiclass_log<fc<1, Hidden<Hidden<Input>>>>;
using ThreeDropout = loss_multiclass_log<fc<1, HiddenDropout<HiddenDropout<Input>>>>;
using Xor = loss_mean_squared<sig<fc<1, sig<fc<1, Input>>>>>;

/// Gives each fully connected layer its width; the last layer comes first.
struct SetWidths {
  const Job& job;
  mutable std::size_t next;
  template <unsigned long n, fc_bias_mode mode>
  void operator()(std::size_t, fc_<n, mode>& layer) const {
    layer.set_num_outputs(job.widths[next--]);
  }
  void operator()(std::size_t, dropout_& layer) const {
    layer = dropout_(static_cast<float>(job.dropout));
  }
  template <class Other>
  void operator()(std::size_t, Other&) const {}
};

template <class Net, class Label>
Answer run(const Job& job, const bench::Rows& rows) {
  Net net;
  visit_computational_layers(net, SetWidths{job, job.widths.size() - 1});
  const auto fill = [&](resizable_tensor& x, long i, long row) {
    std::copy_n(rows.row(row), rows.width, x.host_write_only() + i * rows.width);
  };
  resizable_tensor x;
  const auto resize = [&](long n) {
    const std::vector<matrix<float>> empty(static_cast<std::size_t>(n),
                                           zeros_matrix<float>(rows.width, 1));
    net.to_tensor(empty.begin(), empty.end(), x);
  };
  if (job.task == "one") {
    resize(1);
    return bench::timed(job, [&](long i) {
      fill(x, 0, i % bench::kOneRows);
      return static_cast<double>(net.subnet().forward(x).host()[0]);
    });
  }
  if (job.task == "all") {
    constexpr long kPart = 1000;
    std::vector<Label> labels(kPart);
    resize(kPart);
    return bench::timed(job, [&](long) {
      long right = 0;
      for (long first = 0; first < bench::kTestRows; first += kPart) {
        std::copy_n(rows.row(first), kPart * rows.width, x.host_write_only());
        net(x, labels.begin());
        for (long i = 0; i < kPart; ++i)
          right += static_cast<int>(labels[static_cast<std::size_t>(i)]) ==
                   rows.label[static_cast<std::size_t>(first + i)];
      }
      return static_cast<double>(right) / bench::kTestRows;
    });
  }
  resize(job.batch);
  std::vector<Label> labels(static_cast<std::size_t>(job.batch));
  const std::vector<int> order = bench::draw(job, rows.count, job.steps * 2 + 2);
  const auto train = [&](auto solvers) {
    return bench::timed(job, [&](long step) {
      if (!job.is_xor() || step == 0) {
        for (long i = 0; i < job.batch; ++i) {
          const int row = order[static_cast<std::size_t>(step * job.batch + i)];
          fill(x, i, row);
          labels[static_cast<std::size_t>(i)] =
              static_cast<Label>(rows.label[static_cast<std::size_t>(row)]);
        }
      }
      const double loss = net.compute_parameter_gradients(x, labels.begin());
      net.update_parameters(solvers, job.rate);
      return loss;
    });
  };
  if (job.optimizer == "adam")
    return train(std::vector<adam>(net.num_computational_layers, adam(0, 0.9F, 0.999F)));
  return train(std::vector<sgd>(net.num_computational_layers, sgd(0, 0)));
}

Answer work(const Job& job, const std::string& folder) {
  const bench::Rows& rows = bench::read_rows(folder, job);
  if (job.is_xor()) return run<Xor, float>(job, rows);
  if (job.widths.size() == 3 && job.dropout == 0) return run<Two, unsigned long>(job, rows);
  if (job.widths.size() != 4) throw std::runtime_error("this depth was not compiled");
  return job.dropout > 0 ? run<ThreeDropout, unsigned long>(job, rows)
                         : run<Three, unsigned long>(job, rows);
}

}  // namespace

int main(int, char** argv) {
  const std::string version =
      "dlib " + std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION);
  return bench::serve(version, [&](const Job& job, bool) { return work(job, argv[1]); });
}
