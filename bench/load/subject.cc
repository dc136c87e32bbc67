// bench/load/subject.cc: starting, asking and ending the server that is measured.
#include "bench/load/subject.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "bench/load/flags.h"
#include "bench/load/process_stats.h"
#include "core/time.h"

namespace fanfare::bench {
namespace {

constexpr int ready_ms_max = 20'000;

[[noreturn]] void become(const SubjectOptions& options, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (options.core >= 0) pin_to_core(options.core);
  if (options.descriptors > 0) {
    const rlimit limit{options.descriptors, options.descriptors};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  dup2(output, STDOUT_FILENO);
  std::vector<char*> words;
  for (const std::string& word : options.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  std::perror(words[0]);
  _exit(127);
}

// Reads up to the first line end; empty if none comes in time.
std::string read_line(int from) {
  const Instant until = monotonic_now() + std::chrono::milliseconds(ready_ms_max);
  std::string line;
  for (char c = 0; monotonic_now() < until;) {
    pollfd readable{from, POLLIN, 0};
    if (poll(&readable, 1, 100) <= 0) continue;
    if (read(from, &c, 1) != 1) return "";
    if (c == '\n') return line;
    line += c;
  }
  return "";
}

}  // namespace

sockaddr_in address_of(const std::string& url) {
  std::string text = url.starts_with("http://") ? url.substr(7) : url;
  while (text.ends_with('/')) text.pop_back();
  const auto colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (colon == text.npos ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    fail("'" + url + "' is no address like http://127.0.0.1:8080", 2);
  }
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return address;
}

std::string ask(const sockaddr_in& address, const std::string& request) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  const timeval patience{10, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      send(connection, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char bytes[16384];
    for (ssize_t got = 0; (got = recv(connection, bytes, sizeof bytes, 0)) > 0;) {
      answer.append(bytes, static_cast<std::size_t>(got));
    }
  }
  close(connection);
  return answer;
}

Subject::Subject(const SubjectOptions& options) {
  int ends[2];
  if (pipe(ends) != 0) fail("cannot make a pipe");
  process_ = fork();
  if (process_ < 0) fail("cannot fork");
  if (process_ == 0) {
    close(ends[0]);
    become(options, ends[1]);
  }
  close(ends[1]);
  output_ = ends[0];
  const std::string line = read_line(output_);
  if (!line.starts_with("ready "))
    fail(options.command[0] + " did not become ready: '" + line + "'");
  std::istringstream words(line.substr(6));
  for (std::string word; words >> word;) {
    if (word.starts_with("internal=")) {
      internal_ = address_of(word.substr(9));
    } else if (address_.sin_port == 0 && word.starts_with("http://")) {
      address_ = address_of(word);
    }
  }
}

Subject::~Subject() {
  // Not a drain: thousands of streams need no goodbye.
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  close(output_);
}

bool Subject::ended() {
  return waitpid(process_, nullptr, WNOHANG) == process_;
}

std::string Subject::metrics_text() const {
  if (internal_.sin_port == 0) return "";
  return ask(internal_, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
}

std::map<std::string, double> Subject::metrics() const {
  std::map<std::string, double> sums;
  std::istringstream lines(metrics_text());
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.rfind(' ');
    if (!line.starts_with("fanfare_") || space == line.npos) continue;
    sums[line.substr(0, line.find_first_of("{ "))] += std::atof(line.c_str() + space + 1);
  }
  return sums;
}

std::string Subject::engine() const {
  const std::string text = metrics_text();
  const std::string before = "fanfare_engine_info{engine=\"";
  const auto at = text.find(before);
  if (at == text.npos) return "unknown";
  const auto begin = at + before.size();
  return text.substr(begin, text.find('"', begin) - begin);
}

}  // namespace fanfare::bench
