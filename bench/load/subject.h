// bench/load/subject.h: the server that is measured: a child process that says `ready URL`, or one
// that runs elsewhere.
//
// Owned by: a workload. The child ends with its Subject, and with the program.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace fanfare::bench {

struct SubjectOptions {
  std::vector<std::string> command;
  int core = -1;             // the child is pinned to it; -1: free
  unsigned descriptors = 0;  // RLIMIT_NOFILE of the child; 0: ours
};

class Subject {
 public:
  // Returns when it is ready; ends the program if it does not become so.
  explicit Subject(const SubjectOptions& options);
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  pid_t process() const { return process_; }
  const sockaddr_in& address() const { return address_; }
  // The sums of what /metrics of the internal listener says, labels taken away; empty if it has
  // none.
  std::map<std::string, double> metrics() const;
  std::string metrics_text() const;
  // The engine that really runs, as fanfare_engine_info names it.
  std::string engine() const;
  // Has it ended by itself?
  bool ended();

 private:
  pid_t process_ = -1;
  int output_ = -1;
  sockaddr_in address_{};
  sockaddr_in internal_{};
};

// "http://127.0.0.1:8080" and "127.0.0.1:8080". Ends the program if it is neither.
sockaddr_in address_of(const std::string& url);

// One request with `Connection: close`, answered with head and body; empty if it fails.
std::string ask(const sockaddr_in& address, const std::string& request);

}  // namespace fanfare::bench
