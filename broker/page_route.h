// broker/page_route.h: what a person sees: / (text for curl, a page for browsers), /pages/*,
// /problems/*.
//
// Thread: its worker's.   Owned by: Routes.
#pragma once

#include <string_view>

#include "broker/answering.h"

namespace fanfare {

class PageRoute {
 public:
  explicit PageRoute(Answering& answering) : answering_(answering) {}

  void front(Exchange& exchange);
  void file(Exchange& exchange, std::string_view path);  // below /pages/
  void topic(Exchange& exchange);                        // a topic's live page
  void problem(Exchange& exchange, std::string_view slug);
  void not_found(Exchange& exchange);

 private:
  void page(Exchange& exchange, std::string_view path);
  Answering& answering_;
};

}  // namespace fanfare
