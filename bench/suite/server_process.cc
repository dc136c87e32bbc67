// bench/suite/server_process.cc: starting a broker, and finding processes in /proc.
#include "bench/suite/server_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "app/http_client.h"
#include "bench/load/process_stats.h"
#include "core/time.h"

namespace fanfare::bench {
namespace {

constexpr int ready_ms_max = 20'000;
constexpr Duration tree_age_max = std::chrono::seconds(2);

std::string read_line(int from) {
  const Instant until = monotonic_now() + std::chrono::milliseconds(ready_ms_max);
  std::string line;
  for (char c = 0; monotonic_now() < until;) {
    pollfd readable{from, POLLIN, 0};
    if (poll(&readable, 1, 100) <= 0) continue;
    if (read(from, &c, 1) != 1 || c == '\n') break;
    line += c;
  }
  return line;
}

[[noreturn]] void become(const std::vector<std::string>& command, int core, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Ctrl-C is for the measurement, which ends its broker itself.
  setpgid(0, 0);
  if (core >= 0) pin_to_core(core);
  dup2(output, STDOUT_FILENO);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execv("/proc/self/exe", words.data());
  _exit(127);
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  DIR* const processes = opendir("/proc");
  if (processes == nullptr) return found;
  while (const dirent* entry = readdir(processes)) {
    if (const pid_t process = std::atoi(entry->d_name); process > 0) found.push_back(process);
  }
  closedir(processes);
  return found;
}

pid_t parent_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto end_of_name = text.rfind(')');
  if (end_of_name == text.npos) return 0;
  std::istringstream rest(text.substr(end_of_name + 2));
  std::string state;
  pid_t parent = 0;
  rest >> state >> parent;
  return parent;
}

// With everything that descends from them.
std::set<pid_t> tree_of(const std::vector<pid_t>& roots) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t process : all_processes()) children.emplace(parent_of(process), process);
  std::set<pid_t> tree;
  std::vector<pid_t> open = roots;
  while (!open.empty()) {
    const pid_t process = open.back();
    open.pop_back();
    if (!tree.insert(process).second) continue;
    const auto [first, last] = children.equal_range(process);
    for (auto child = first; child != last; ++child) open.push_back(child->second);
  }
  return tree;
}

// "0100007F:1F90" in the second column, state 0A; the inode is the tenth.
std::set<std::string> listening_inodes(uint16_t port) {
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::vector<std::string> columns;
      for (std::string word; words >> word;) columns.push_back(word);
      if (columns.size() < 10 || columns[3] != "0A") continue;
      const std::string at = columns[1].substr(columns[1].rfind(':') + 1);
      if (std::stoul(at, nullptr, 16) == port) inodes.insert("socket:[" + columns[9] + "]");
    }
  }
  return inodes;
}

}  // namespace

std::vector<pid_t> processes_listening_at(uint16_t port) {
  const std::set<std::string> inodes = listening_inodes(port);
  std::vector<pid_t> found;
  for (const pid_t process : all_processes()) {
    std::error_code error;
    const std::string directory = "/proc/" + std::to_string(process) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
      const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
      if (!inodes.contains(target)) continue;
      found.push_back(process);
      break;
    }
  }
  return found;
}

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const BrokerOptions& options) {
  std::unique_ptr<ServerProcess> server(new ServerProcess());
  char directory[] = "/tmp/fanfare-bench-XXXXXX";
  if (mkdtemp(directory) == nullptr) return Error{"cannot make a directory in /tmp"};
  server->directory_ = directory;
  server->socket_ = server->directory_ + "/socket";
  std::vector<std::string> command = {"fanfare",     "serve",
                                      "--listen",    "127.0.0.1:0",
                                      "--listen",    "unix:" + server->socket_,
                                      "--internal",  "127.0.0.1:0",
                                      "--workers",   std::to_string(options.workers),
                                      "--engine",    options.engine,
                                      "--log-level", "warn"};
  command.insert(command.end(), options.flags.begin(), options.flags.end());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{"cannot make a pipe"};
  server->child_ = fork();
  if (server->child_ < 0) return Error{"cannot fork"};
  if (server->child_ == 0) become(command, options.core, ends[1]);
  close(ends[1]);
  server->output_ = ends[0];
  server->roots_ = {server->child_};
  std::istringstream words(read_line(ends[0]));
  for (std::string word; words >> word;) {
    if (word.starts_with("internal=")) server->internal_ = word.substr(9);
    if (word.starts_with("http://")) server->url_ = word;
  }
  if (server->url_.empty()) return Error{"the broker did not become ready"};
  return server;
}

std::unique_ptr<ServerProcess> ServerProcess::find(uint16_t port, pid_t process) {
  std::unique_ptr<ServerProcess> server(new ServerProcess());
  server->roots_ = process > 0 ? std::vector<pid_t>{process} : processes_listening_at(port);
  return server;
}

ServerProcess::~ServerProcess() {
  if (child_ > 0) {
    // Not a drain: thousands of streams need no goodbye.
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(output_);
  }
  if (!directory_.empty()) {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }
}

bool ServerProcess::has_ended() const {
  siginfo_t ended{};
  return child_ > 0 &&
         waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == child_;
}

const std::vector<pid_t>& ServerProcess::tree() const {
  const Instant now = monotonic_now();
  if (child_ > 0) return roots_;  // a broker has no children
  if (now < tree_until_) return tree_;
  const std::set<pid_t> found = tree_of(roots_);
  tree_.assign(found.begin(), found.end());
  tree_until_ = now + tree_age_max;
  return tree_;
}

ServerUse ServerProcess::use() const {
  ServerUse use;
  for (const pid_t process : tree()) {
    use.cpu_s += cpu_seconds(process);
    use.resident_bytes += resident_bytes_of(process);
  }
  return use;
}

std::string ServerProcess::engine() const {
  const auto address = parse_broker_url(internal_);
  if (!address) return "";
  ClientRequest request;
  request.target = "/metrics";
  const ClientOutcome outcome = HttpClient(*address, {}).request(request);
  const std::string& text = outcome.answer.body;
  const std::string before = "fanfare_engine_info{engine=\"";
  const auto at = text.find(before);
  if (at == text.npos) return "";
  const auto begin = at + before.size();
  return text.substr(begin, text.find('"', begin) - begin);
}

}  // namespace fanfare::bench
