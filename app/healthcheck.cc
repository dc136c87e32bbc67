// app/healthcheck.cc: one GET.
#include "app/healthcheck.h"

#include <fmt/core.h>

#include <ostream>

#include "app/broker_answer.h"
#include "app/http_client.h"

namespace fanfare {
namespace {

constexpr int ready_exit_code = 0, not_ready_exit_code = 1, usage_exit_code = 2;

}  // namespace

int run_healthcheck(const HealthcheckOptions& options, std::ostream& out) {
  auto address = parse_broker_url(options.url);
  if (!address) {
    out << "fanfare healthcheck: " << address.error() << std::endl;
    return usage_exit_code;
  }
  const std::string target = address->path.empty() ? "/readyz" : address->path;
  address->path.clear();
  HttpClient client(std::move(*address), {options.timeout, options.timeout, options.timeout});
  const ClientOutcome outcome = client.request({"GET", target, {}, {}});
  if (outcome.failure) {
    out << "not ready: " << client.address().text() << ": " << outcome.failure->message
        << std::endl;
    return not_ready_exit_code;
  }
  if (outcome.answer.status == 200) {
    out << "ready" << std::endl;
    return ready_exit_code;
  }
  out << "not ready: " << reason_of(outcome.answer) << std::endl;
  return not_ready_exit_code;
}

}  // namespace fanfare
