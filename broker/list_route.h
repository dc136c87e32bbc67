// broker/list_route.h: lists that every worker has a part of: topics (GET /topics) and open streams
// (/streamz).
//
// Thread: its worker's.   Owned by: Routes.
#pragma once

#include <vector>

#include "broker/answering.h"
#include "broker/flat_map.h"

namespace fanfare {

class ListRoute {
 public:
  ListRoute(Answering& answering, RouteHost& host, uint32_t workers)
      : answering_(answering), host_(host), workers_(workers) {}

  void list(Exchange& exchange, ListQuestion::What what);
  // One worker's part. The connection may have gone.
  void on_reply(ListReply&& reply);

 private:
  struct Gather {
    ListQuestion::What what;
    RequestRef ref;
    std::size_t most;
    std::size_t total = 0;
    uint32_t left;
    std::vector<ListReply::Row> rows;
  };
  static std::string text_of(Gather& gather);

  Answering& answering_;
  RouteHost& host_;
  const uint32_t workers_;
  std::vector<Gather> gathers_;
};

}  // namespace fanfare
