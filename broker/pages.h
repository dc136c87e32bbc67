// broker/pages.h: the pages that the broker serves to browsers, compiled into it.
//
// The files of web/ become a generated source at build time (cmake/embed_pages.cmake), so that a
// broker is one binary and a page needs nothing from outside.
//
// Thread: any.   Owned by: nobody; all of it is static and immutable.
// Content-Security-Policy that every page works under: pages_policy.
#pragma once

#include <span>
#include <string_view>

namespace fanfare {

struct PageFile {
  std::string_view path;          // as in the URL after /pages/: "page.css", "index.html"
  std::string_view content_type;  // with its charset, ready for the header
  std::string_view body;
};

// "index.html" is what GET / answers, "topic.html" what GET /topics/x answers a browser.
std::span<const PageFile> page_files();

// The file with exactly this path, or nullptr.
const PageFile* find_page_file(std::string_view path);

// Own scripts, styles, images and streams only; nothing inline, nothing framed.
inline constexpr std::string_view pages_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

}  // namespace fanfare
