#include "chainrule/files/sha256.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

std::string sum(std::string_view text, std::size_t piece = 1 << 20) {
  Sha256 sha;
  for (std::size_t at = 0; at < text.size(); at += piece)
    sha.update(std::as_bytes(std::span(text.substr(at, piece))));
  return sha.hex();
}

// The examples of FIPS 180-4 and NIST's "abc...", and the lengths around a block's end.
TEST(Sha256, KnownSums) {
  EXPECT_EQ(sum(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sum("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sum("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sum(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesMakeNoDifference) {
  for (const std::size_t length : {54, 55, 56, 63, 64, 65, 119, 120, 128, 200}) {
    const std::string text(length, 'x');
    for (const std::size_t piece : {1, 3, 64, 70}) EXPECT_EQ(sum(text, piece), sum(text)) << length;
  }
}

TEST(Sha256, FileThatIsNotThere) { EXPECT_THROW(sha256_of("/nonexistent/file"), DataError); }

}  // namespace
}  // namespace chainrule
