// The readers of data on files that were changed at random.
#include "fuzz/readers/arff.h"
#include "fuzz/readers/cifar.h"
#include "fuzz/readers/csv.h"
#include "fuzz/readers/gzip.h"
#include "fuzz/readers/idx.h"
#include "fuzz/readers/libsvm.h"
#include "fuzz/readers/npy.h"
#include "fuzz/readers/npz.h"
#include "fuzz/readers/picture.h"
#include "tests/mutations.h"

namespace chainrule::testing {
namespace {

TEST(Mutations, Gzip) { survive_mutations<DataError>(fuzz::read_gzip, {}, "gzip", 5000); }
TEST(Mutations, Idx) { survive_mutations<DataError>(fuzz::read_idx, {}, "idx", 5000); }
TEST(Mutations, Csv) { survive_mutations<DataError>(fuzz::read_csv, {}, "csv", 3000); }
TEST(Mutations, Arff) { survive_mutations<DataError>(fuzz::read_arff, {}, "arff", 3000); }
TEST(Mutations, Libsvm) { survive_mutations<DataError>(fuzz::read_libsvm, {}, "libsvm", 3000); }
TEST(Mutations, Npy) { survive_mutations<DataError>(fuzz::read_npy, {}, "npy", 5000); }
TEST(Mutations, Npz) { survive_mutations<DataError>(fuzz::read_npz, {}, "npz", 3000); }
TEST(Mutations, Picture) { survive_mutations<DataError>(fuzz::read_picture, {}, "picture", 2000); }
TEST(Mutations, Cifar) { survive_mutations<DataError>(fuzz::read_cifar, {}, "cifar", 2000); }

}  // namespace
}  // namespace chainrule::testing
