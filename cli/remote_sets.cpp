#include "cli/remote_sets.h"

#include <algorithm>

namespace chainrule::cli {

// Lengths and sums are those that TensorFlow Datasets publishes (url_checksums/*.txt); for three
// files of MNIST they were computed from the originals as well.
const std::vector<RemoteSet>& remote_sets() {
  static const std::vector<RemoteSet> sets = {
      {"mnist",
       "handwritten digits, 28×28, 60,000 + 10,000",
       "http://yann.lecun.com/exdb/mnist/",
       {{"train-images-idx3-ubyte.gz", 9912422,
         "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
        {"train-labels-idx1-ubyte.gz", 28881,
         "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
        {"t10k-images-idx3-ubyte.gz", 1648877,
         "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
        {"t10k-labels-idx1-ubyte.gz", 4542,
         "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}},
       {"https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://raw.githubusercontent.com/fgnt/mnist/master/",
        "http://yann.lecun.com/exdb/mnist/"}},
      {"fashion-mnist",
       "clothes, 28×28, 60,000 + 10,000",
       "https://github.com/zalandoresearch/fashion-mnist",
       {{"train-images-idx3-ubyte.gz", 26421880,
         "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
        {"train-labels-idx1-ubyte.gz", 29515,
         "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
        {"t10k-images-idx3-ubyte.gz", 4422102,
         "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
        {"t10k-labels-idx1-ubyte.gz", 5148,
         "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}},
       {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/gluon/dataset/fashion-mnist/"}},
      {"kmnist",
       "cursive Japanese characters, 28×28, 60,000 + 10,000",
       "http://codh.rois.ac.jp/kmnist/",
       {{"train-images-idx3-ubyte.gz", 18165135,
         "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"},
        {"train-labels-idx1-ubyte.gz", 29497,
         "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"},
        {"t10k-images-idx3-ubyte.gz", 3041136,
         "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"},
        {"t10k-labels-idx1-ubyte.gz", 5120,
         "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"}},
       {"https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"}},
      {"cifar-10",
       "colour photographs, 32×32, 50,000 + 10,000",
       "https://www.cs.toronto.edu/~kriz/cifar.html",
       {{"cifar-10-binary.tar.gz", 170052171,
         "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}},
       {"https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/"}}};
  return sets;
}

const RemoteSet* find_remote_set(const std::string& name) {
  const auto it = std::find_if(remote_sets().begin(), remote_sets().end(),
                               [&](const RemoteSet& set) { return set.name == name; });
  return it == remote_sets().end() ? nullptr : &*it;
}

}  // namespace chainrule::cli
