#include "chainrule/data/write_idx.h"

#include <initializer_list>
#include <zlib.h>

#include "chainrule/core/error.h"
#include "chainrule/data/file.h"

namespace chainrule::data {
namespace {

constexpr std::uint8_t kBytes = 0x08;  // element type
constexpr int kGzip = 15 + 16;         // deflateInit2(): greatest window, gzip frame

/// The header without modification time and name, so the same content gives the same file.
Bytes gzip(const Bytes& content) {
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw DataError("zlib cannot begin to compress");
  Bytes out(deflateBound(&z, content.size()));
  // zlib reads through a pointer to non-const, and counts in 32 bits.
  if (content.size() > 0xffffffff || out.size() > 0xffffffff) {
    deflateEnd(&z);
    throw DataError("an IDX file of more than 4 GiB cannot be compressed");
  }
  z.next_in = const_cast<Bytef*>(content.data());
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (status != Z_STREAM_END) throw DataError("zlib cannot compress an IDX file");
  return out;
}

Bytes header(std::initializer_list<Index> axes) {
  Bytes bytes = {0, 0, kBytes, static_cast<std::uint8_t>(axes.size())};
  for (const Index length : axes)
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<std::uint8_t>(length >> shift & 0xff));
  return bytes;
}

void write_part(const std::filesystem::path& folder, const std::string& prefix,
                const Dataset& part) {
  if (part.image.rank() != 2 || part.bytes.empty() || !part.has_classes() ||
      part.class_count() > 256)
    throw DataError(cat(part.name,
                        ": only pictures of bytes with at most 256 classes can be "
                        "written as IDX files"));
  Bytes images = header({part.rows(), part.image[0], part.image[1]});
  images.insert(images.end(), part.bytes.begin(), part.bytes.end());
  write_file(folder / (prefix + "-images-idx3-ubyte.gz"), gzip(images));
  Bytes labels = header({part.rows()});
  for (const std::int32_t c : part.classes) labels.push_back(static_cast<std::uint8_t>(c));
  write_file(folder / (prefix + "-labels-idx1-ubyte.gz"), gzip(labels));
}

}  // namespace

void write_mnist(const std::filesystem::path& folder, const Splits& splits) {
  write_part(folder, "train", splits.train);
  write_part(folder, "t10k", splits.test);
}

}  // namespace chainrule::data
