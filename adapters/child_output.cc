#include "adapters/child_output.h"

#include <signal.h>

#include <cstring>
#include <map>

#include "core/check.h"

extern char** environ;

namespace sky::adapters {
namespace {

using core::Error;
using core::ErrorCode;

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& extra) {
  std::map<std::string, std::string> values;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals != nullptr)
      values[std::string(static_cast<const char*>(*entry), equals)] = equals + 1;
  }
  for (const auto& [name, value] : extra) values[name] = value;
  std::vector<std::string> entries;
  for (const auto& [name, value] : values) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

// Shared with the callbacks: the end may be told by the process, the pipe or the timer.
struct ChildOutput::Child {
  explicit Child(Reactor& reactor) : timer(reactor) {}

  UvHandle<uv_process_t> process;
  UvHandle<uv_pipe_t> pipe;
  Timer timer;
  std::string name;
  std::string output;
  std::size_t max_output = 0;
  char piece[16384];
  Done done;
  std::int64_t status = 0;
  int signal = 0;
  bool has_exited = false, has_closed = false;

  void kill_group() {
    if (!has_exited && process && process->pid > 0) ::kill(-process->pid, SIGKILL);
  }

  void end(core::Result<std::string> result) {
    if (!done) return;
    kill_group();
    timer.stop();
    pipe.reset();
    std::exchange(done, nullptr)(std::move(result));
  }

  void check_end() {
    if (!has_exited || !has_closed) return;
    if (status == 0 && signal == 0) return end(std::move(output));
    end(Error{ErrorCode::io,
              name + (signal != 0 ? " was killed by signal " + std::to_string(signal)
                                  : " ended with status " + std::to_string(status))});
  }

  static void on_exit(uv_process_t* process, std::int64_t status, int signal) {
    auto* child = static_cast<Child*>(process->data);
    if (child == nullptr) return;
    child->status = status;
    child->signal = signal;
    child->has_exited = true;
    child->check_end();
  }

  static void on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto* child = static_cast<Child*>(handle->data);
    *buffer = child == nullptr ? uv_buf_init(nullptr, 0)
                               : uv_buf_init(child->piece, sizeof(child->piece));
  }

  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    auto* child = static_cast<Child*>(stream->data);
    if (child == nullptr || count == 0) return;
    if (count < 0) {
      child->has_closed = true;
      return child->check_end();
    }
    child->output.append(buffer->base, static_cast<std::size_t>(count));
    if (child->output.size() > child->max_output)
      child->end(Error{ErrorCode::io, child->name + " printed more than it may"});
  }
};

ChildOutput::ChildOutput(Reactor& reactor) : reactor_(reactor) {}

ChildOutput::~ChildOutput() {
  if (child_) child_->kill_group();
}

bool ChildOutput::is_running() const { return child_ && child_->done; }

void ChildOutput::run(const ChildCommand& command, Done done) {
  SKY_CHECK(!is_running(), "one program at a time");
  child_ = std::make_shared<Child>(reactor_);
  Child& child = *child_;
  child.name = command.program;
  child.max_output = command.max_output;
  child.done = std::move(done);
  uv_pipe_init(reactor_.loop(), child.pipe.get(), 0);
  child.pipe->data = &child;
  std::vector<std::string> words{command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = environment_with(command.environment);
  std::vector<char*> arguments = pointers(words), entries = pointers(environment);
  uv_stdio_container_t stdio[3];
  stdio[0].flags = UV_IGNORE;
  stdio[1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[1].data.stream = child.pipe.stream();
  stdio[2].flags = UV_INHERIT_FD;
  stdio[2].data.fd = 2;
  uv_process_options_t options{};
  options.exit_cb = Child::on_exit;
  options.file = command.program.c_str();
  options.args = arguments.data();
  options.env = entries.data();
  options.stdio = stdio;
  options.stdio_count = 3;
  options.flags = UV_PROCESS_DETACHED;  // a group of its own, so that all of it can be ended
  const int failed = uv_spawn(reactor_.loop(), child.process.get(), &options);
  child.process->data = &child;
  if (failed != 0) {
    child.has_exited = true;
    const Error error{failed == UV_ENOENT ? ErrorCode::not_found : ErrorCode::io,
                      "cannot run " + command.program + ": " + uv_strerror(failed)};
    return reactor_.post([kept = child_, error] { kept->end(error); });
  }
  uv_read_start(child.pipe.stream(), Child::on_alloc, Child::on_read);
  child.timer.start(command.timeout, [kept = child_.get(), timeout = command.timeout] {
    kept->end(Error{ErrorCode::unavailable, kept->name + " did not end within " +
                                                std::to_string(timeout / core::seconds(1)) + " s"});
  });
}

}  // namespace sky::adapters
