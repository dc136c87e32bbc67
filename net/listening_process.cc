// net/listening_process.cc: for a port, the kernel's table of listening sockets gives inodes, and a
// walk over /proc/*/fd their process; a Unix socket tells its peer itself (SO_PEERCRED, unix(7)).
#include "net/listening_process.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fanfare {
namespace {

constexpr std::string_view listening = "0A";  // TCP_LISTEN, in the kernel's table
constexpr std::string_view mapped_prefix = "0000000000000000FFFF0000";

// The kernel prints an address as 32-bit words in the machine's order; IPv4 is put into its IPv6
// form here.
std::string table_form(const SocketAddress& address) {
  const auto word_text = [](uint32_t word) {
    char text[9];
    std::snprintf(text, sizeof text, "%08X", word);
    return std::string(text);
  };
  if (address.raw()->sa_family == AF_INET) {
    sockaddr_in raw{};
    std::memcpy(&raw, address.raw(), sizeof raw);
    return std::string(mapped_prefix) + word_text(raw.sin_addr.s_addr);
  }
  sockaddr_in6 raw{};
  std::memcpy(&raw, address.raw(), sizeof raw);
  std::string text;
  for (const uint32_t word : raw.sin6_addr.s6_addr32) text += word_text(word);
  return text;
}

bool is_every_address(std::string_view form) {
  if (form.substr(0, mapped_prefix.size()) == mapped_prefix)
    form.remove_prefix(mapped_prefix.size());
  return form.find_first_not_of('0') == std::string_view::npos;
}

// "socket:[12345]" of every socket that listens where `address` wants to.
std::vector<std::string> sockets_in_the_way(const SocketAddress& address) {
  std::vector<std::string> sockets;
  const std::string wanted = table_form(address);
  char port[6];
  std::snprintf(port, sizeof port, ":%04X", unsigned{address.port()});
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    std::string line;
    while (std::getline(lines, line)) {
      std::istringstream fields(line);
      std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
          timeout >> inode;
      const std::size_t colon = local.find(':');
      if (!fields || state != listening || colon == std::string::npos) continue;
      std::string form = local.substr(0, colon);
      if (form.size() == 8) form.insert(0, mapped_prefix);
      const bool clashes = is_every_address(form) || is_every_address(wanted) || form == wanted;
      if (local.substr(colon) == port && clashes) sockets.push_back("socket:[" + inode + "]");
    }
  }
  return sockets;
}

bool holds_one_of(const std::filesystem::path& process, const std::vector<std::string>& sockets) {
  std::error_code fault;
  for (std::filesystem::directory_iterator at(process / "fd", fault), end; !fault && at != end;
       at.increment(fault)) {
    std::error_code unreadable;
    const std::string target = std::filesystem::read_symlink(at->path(), unreadable).string();
    for (const std::string& socket : sockets) {
      if (target == socket) return true;
    }
  }
  return false;
}

// One that has ended has no program, even before its parent has collected it.
bool is_running(const std::string& pid) {
  char first;
  return ::readlink(("/proc/" + pid + "/exe").c_str(), &first, 1) >= 0 || errno != ENOENT;
}

ListeningProcess described(const std::string& pid) {
  ListeningProcess process;
  std::ifstream comm("/proc/" + pid + "/comm");
  std::getline(comm, process.name);
  process.pid = static_cast<pid_t>(std::stol(pid));
  return process;
}

}  // namespace

std::optional<ListeningProcess> find_listening_process(const SocketAddress& address) {
  const std::vector<std::string> sockets = sockets_in_the_way(address);
  if (sockets.empty()) return std::nullopt;
  std::error_code fault;
  for (std::filesystem::directory_iterator at("/proc", fault), end; !fault && at != end;
       at.increment(fault)) {
    const std::string pid = at->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (holds_one_of(at->path(), sockets)) return described(pid);
  }
  return std::nullopt;
}

std::optional<ListeningProcess> listening_process_behind(int connected) {
  ucred listener{};
  socklen_t bytes = sizeof listener;
  if (::getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &listener, &bytes) != 0) return std::nullopt;
  const std::string pid = std::to_string(listener.pid);  // 0: of another pid namespace
  if (listener.pid == 0 || !is_running(pid)) return std::nullopt;
  return described(pid);
}

}  // namespace fanfare
