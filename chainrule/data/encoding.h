// How the bytes of a text stand for characters: found out, and turned into UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace chainrule::data {

enum class Encoding { utf8, utf16_le, utf16_be, windows_1252, latin_1 };

/// "UTF-8", "UTF-16", "Windows-1252", ...
std::string_view encoding_name(Encoding encoding);
/// "utf-8", "utf-16", "utf-16-be", "windows-1252", "cp1252", "latin-1", "iso-8859-1", capitals or
/// not. Throws Error for another word.
Encoding parse_encoding(std::string_view word);

/// Which encoding a text is in: by its byte order mark; UTF-16 without one by the zero bytes beside
/// ASCII characters; UTF-8 when all of it is; else Windows-1252. Throws DataError, beginning with
/// `name`, for UTF-32, for zero bytes that are not UTF-16, and for UTF-8 with a few damaged
/// characters, which would be read as something else.
Encoding find_encoding(std::string_view bytes, std::string_view name);

/// The text as UTF-8 without a byte order mark: a part of `bytes` where they are UTF-8 already,
/// else of `room`, which is filled. (https://encoding.spec.whatwg.org/ for Windows-1252.) Throws
/// DataError, beginning with `name`, with the line of what is not in that encoding, for a zero
/// character, and for more than 2 GiB.
std::string_view to_utf8(std::string_view bytes, Encoding encoding, std::string_view name,
                         std::string& room);

}  // namespace chainrule::data
