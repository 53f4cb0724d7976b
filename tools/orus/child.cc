#include "tools/orus/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

extern char** environ;

namespace orus::tool {
namespace {

constexpr size_t kMaxOutput = size_t{64} << 20;
constexpr int kReportDescriptor = 3;

/// A file descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read_end, write_end;
};

Error refused(const char* what) { return {ErrorCode::kIo, std::string(what) + ": " + std::strerror(errno)}; }

/// Both ends lie above the descriptors that children get, so that no dup2 hits a source.
Result<Descriptor> raised(int fd) {
  Descriptor low(fd);
  Descriptor high(fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (high.get() < 0) return refused("fcntl");
  return high;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return refused("pipe");
  auto read_end = raised(ends[0]);
  auto write_end = raised(ends[1]);
  if (!read_end.ok()) return read_end.error();
  if (!write_end.ok()) return write_end.error();
  return Pipe{std::move(read_end).value(), std::move(write_end).value()};
}

/// `text` as a file to read from.
Result<Descriptor> make_input(const std::string& text) {
  int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0) return refused("memfd_create");
  ORUS_TRY(file, raised(fd));
  size_t done = 0;
  while (done < text.size()) {
    ssize_t written = ::write(file.get(), text.data() + done, text.size() - done);
    if (written <= 0) return refused("write");
    done += static_cast<size_t>(written);
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// A program that is not `orus` may start further ones; they get a process group, to be ended together.
bool starts_others(const ChildRequest& request) { return !request.program.empty(); }

/// Starts the process; `child_ends` become its descriptors 0, 1, 2, 3.
Result<pid_t> start(const ChildRequest& request, const std::array<int, 4>& child_ends) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd <= kReportDescriptor; ++fd) {
    if (child_ends[static_cast<size_t>(fd)] >= 0) {
      posix_spawn_file_actions_adddup2(&actions, child_ends[static_cast<size_t>(fd)], fd);
    }
  }
  std::string program = request.program.empty() ? "/proc/self/exe" : request.program;
  std::vector<char*> argv{program.data()};
  std::vector<std::string> arguments = request.arguments;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  if (starts_others(request)) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  int error = posix_spawnp(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  errno = error;
  return refused("cannot start a process");
}

struct Stream {
  Descriptor fd;
  std::string* text;
};

/// Reads every stream to its end. False: the deadline passed or there was too much.
bool collect(std::vector<Stream>& streams, std::chrono::steady_clock::time_point deadline) {
  std::vector<char> buffer(1 << 16);
  while (true) {
    std::vector<pollfd> polls;
    for (const Stream& stream : streams) polls.push_back({stream.fd.get(), POLLIN, 0});
    bool open = false;
    for (const pollfd& p : polls) open = open || p.fd >= 0;
    if (!open) return true;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (poll(polls.data(), polls.size(), static_cast<int>(std::min<int64_t>(left.count(), 1000))) < 0 && errno != EINTR) return false;
    for (size_t i = 0; i < polls.size(); ++i) {
      if (polls[i].revents == 0) continue;
      ssize_t got = ::read(streams[i].fd.get(), buffer.data(), buffer.size());
      if (got > 0) streams[i].text->append(buffer.data(), static_cast<size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) streams[i].fd.close();
      if (streams[i].text->size() > kMaxOutput) return false;
    }
  }
}

void reap(pid_t pid, ChildResult* result) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) result->exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result->signal = WTERMSIG(status);
}

}  // namespace

Result<ChildResult> run_child(const ChildRequest& request) {
  ORUS_TRY(input, make_input(request.input));
  ORUS_TRY(out, make_pipe());
  ORUS_TRY(err, make_pipe());
  Pipe report;
  if (request.wants_report) {
    ORUS_TRY(pipe, make_pipe());
    report = std::move(pipe);
  }
  double limit = std::min(request.timeout_seconds, 1e6);
  auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<int64_t>(limit * 1000));
  ORUS_TRY(pid, start(request, {input.get(), out.write_end.get(), err.write_end.get(), report.write_end.get()}));
  for (Pipe* pipe : {&out, &err, &report}) pipe->write_end.close();
  ChildResult result;
  std::vector<Stream> streams;
  streams.push_back({std::move(out.read_end), &result.out});
  streams.push_back({std::move(err.read_end), &result.err});
  streams.push_back({std::move(report.read_end), &result.report});
  result.timed_out = !collect(streams, deadline);
  if (result.timed_out) kill(starts_others(request) ? -pid : pid, SIGKILL);
  reap(pid, &result);
  return result;
}

}  // namespace orus::tool
