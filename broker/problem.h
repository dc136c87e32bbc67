// broker/problem.h: refusals as application/problem+json (RFC 9457), each with a page of its own at
// /problems/<slug>.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "broker/fault.h"

namespace fanfare {

// What can be wrong, in general; a Fault says what is wrong with this request.
struct ProblemKind {
  std::string_view slug;
  uint16_t status;
  std::string_view title;
  std::string_view advice;  // for the page: what it means and what to change
};

std::span<const ProblemKind> problem_kinds();
// The kind of a slug; `bad-request` for one that is not in the table.
const ProblemKind& problem_kind(std::string_view slug);

Fault make_fault(uint16_t status, std::string_view slug, std::string detail);

// The JSON object.
std::string problem_json(const Fault& fault);

}  // namespace fanfare
