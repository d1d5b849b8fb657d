#include "adapters/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace sky::adapters {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::size_t input_bytes = std::size_t{64} << 10;
constexpr int accept_backlog = 64;  // followers and balancers of one home: a handful

Error uv_error(int status, const std::string& doing) {
  const std::string text = doing + ": " + uv_strerror(status);
  switch (status) {
    case UV_EACCES:
    case UV_EPERM:
    case UV_EROFS: return {ErrorCode::permission, text};
    case UV_EADDRINUSE: return {ErrorCode::address_in_use, text};
    case UV_ENOENT:
    case UV_ECONNREFUSED: return {ErrorCode::unavailable, text};
    case UV_ENOSPC: return {ErrorCode::no_space, text};
    default: return {ErrorCode::io, text};
  }
}

// libuv cuts a name that is too long, silently.
Result<void> check_length(const std::filesystem::path& path) {
  if (path.native().size() < sizeof(sockaddr_un::sun_path)) return {};
  return Error{ErrorCode::invalid_input,
               "the path " + path.string() + " is too long for a socket; use a shorter home"};
}

bool somebody_answers(const std::filesystem::path& path) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;  // cannot tell: leave the file alone
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  const int connected = ::connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address);
  const bool is_dead = connected != 0 && (errno == ECONNREFUSED || errno == ENOENT);
  ::close(probe);
  return !is_dead;
}

bool is_socket_file(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

int bind_private(uv_pipe_t* pipe, const std::filesystem::path& path) {
  const mode_t before = ::umask(0177);
  const int status = uv_pipe_bind(pipe, path.c_str());
  ::umask(before);
  return status;
}

template <class Handle>
UvHandle<uv_pipe_t> make_pipe(Reactor& reactor, Handle* owner) {
  UvHandle<uv_pipe_t> pipe;
  SKY_CHECK(uv_pipe_init(reactor.loop(), pipe.get(), 0) == 0, "a pipe handle can always be made");
  pipe->data = owner;
  return pipe;
}

}  // namespace

struct UnixSocket::Write {
  uv_write_t request{};
  std::string bytes;
};

UnixSocket::UnixSocket(Reactor& reactor) : pipe_(make_pipe(reactor, this)), input_(input_bytes) {}

UnixSocket::~UnixSocket() = default;

void UnixSocket::connect(const std::filesystem::path& path,
                         std::function<void(Result<void>)> done) {
  on_connected_ = std::move(done);
  auto request = std::make_unique<uv_connect_t>();
  // A path that is too long is cut by libuv and then not found, which is the right answer here.
  uv_pipe_connect(request.release(), pipe_.get(), path.c_str(), [](uv_connect_t* raw, int status) {
    const std::unique_ptr<uv_connect_t> owned(raw);
    auto* self = static_cast<UnixSocket*>(owned->handle->data);
    if (self == nullptr) return;
    const auto tell = std::exchange(self->on_connected_, nullptr);
    self->is_open_ = status == 0;
    if (status == 0) {
      tell({});
    } else {
      tell(uv_error(status, "connecting"));
    }
  });
}

void UnixSocket::start(OnData on_data, OnClosed on_closed) {
  on_data_ = std::move(on_data);
  on_closed_ = std::move(on_closed);
  is_open_ = true;
  uv_read_start(
      pipe_.stream(),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& input = static_cast<UnixSocket*>(handle->data)->input_;
        *buffer = uv_buf_init(input.data(), static_cast<unsigned>(input.size()));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        static_cast<UnixSocket*>(stream->data)->read(count, buffer);
      });
}

void UnixSocket::read(std::ptrdiff_t count, const uv_buf_t* buffer) {
  if (count > 0) {
    on_data_(std::as_bytes(std::span(buffer->base, static_cast<std::size_t>(count))));
  } else if (count < 0) {
    fail(count == UV_EOF ? "the other side closed" : uv_strerror(static_cast<int>(count)));
  }
}

void UnixSocket::write(std::string bytes) {
  if (!is_open_ || closes_when_sent_) return;
  if (backlog_ + bytes.size() > max_backlog_bytes) return give_up();
  auto write = std::make_unique<Write>();
  write->bytes = std::move(bytes);
  backlog_ += write->bytes.size();
  uv_buf_t buffer = uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  write->request.data = write.get();
  const int status =
      uv_write(&write->request, pipe_.stream(), &buffer, 1, [](uv_write_t* request, int result) {
        const std::unique_ptr<Write> owned(static_cast<Write*>(request->data));
        auto* self = static_cast<UnixSocket*>(request->handle->data);
        if (self != nullptr) self->written(owned->bytes.size(), result);
      });
  if (status == 0) {
    static_cast<void>(write.release());
  } else {  // the reading side notices the broken connection and reports it
    backlog_ -= write->bytes.size();
  }
}

void UnixSocket::written(std::size_t size, int status) {
  backlog_ -= size;
  if (status != 0) return fail(uv_strerror(status));
  if (closes_when_sent_ && backlog_ == 0) close();
  if (on_drained_ && backlog_ < low_water_) on_drained_();
}

// The connection's end is reported by the reading side, later: we are inside a call.
void UnixSocket::give_up() {
  gave_up_ = true;
  uv_os_fd_t file = -1;
  if (uv_fileno(pipe_.base(), &file) == 0) ::shutdown(file, SHUT_RDWR);
}

void UnixSocket::when_below(std::size_t low_water, OnDrained on_drained) {
  low_water_ = low_water;
  on_drained_ = std::move(on_drained);
}

void UnixSocket::fail(const std::string& reason) {
  const auto tell = std::exchange(on_closed_, nullptr);  // it may destroy this
  close();
  if (tell) tell(gave_up_ ? "it does not read what is sent to it" : reason);
}

void UnixSocket::close() {
  is_open_ = false;
  pipe_.reset();
}

void UnixSocket::close_when_sent() {
  if (!is_open_) return;
  if (backlog_ == 0) return close();
  closes_when_sent_ = true;
  uv_read_stop(pipe_.stream());
}

Peer UnixSocket::peer() const {
  uv_os_fd_t file = -1;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (!pipe_ || uv_fileno(pipe_.base(), &file) != 0 ||
      ::getsockopt(file, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return {};
  }
  return {credentials.pid, static_cast<std::int64_t>(credentials.uid)};
}

Dial dial_unix(Reactor& reactor, std::filesystem::path path) {
  return [&reactor, path = std::move(path)](std::function<void(Result<void>)> done) {
    auto socket = std::make_unique<UnixSocket>(reactor);
    socket->connect(path, std::move(done));
    return std::unique_ptr<ByteStream>(std::move(socket));
  };
}

Result<void> UnixListener::listen(const std::filesystem::path& path, OnConnection on_connection) {
  const auto fits = check_length(path);
  if (!fits) return fits;
  pipe_ = make_pipe(reactor_, this);
  on_connection_ = std::move(on_connection);
  int status = bind_private(pipe_.get(), path);
  if (status == UV_EADDRINUSE && is_socket_file(path) && !somebody_answers(path)) {
    ::unlink(path.c_str());
    pipe_ = make_pipe(reactor_, this);  // one that failed to bind is spent
    status = bind_private(pipe_.get(), path);
  }
  if (status == 0) {
    status = uv_listen(pipe_.stream(), accept_backlog, [](uv_stream_t* server, int failed) {
      auto* self = static_cast<UnixListener*>(server->data);
      if (self != nullptr && failed == 0) self->accept();
    });
  }
  if (status == 0) return {};
  pipe_.reset();
  return uv_error(status, "listening on " + path.string());
}

void UnixListener::accept() {
  auto socket = std::make_unique<UnixSocket>(reactor_);
  if (uv_accept(pipe_.stream(), socket->pipe_.stream()) != 0) return;
  socket->is_open_ = true;
  const Peer peer = socket->peer();
  if (peer.uid != 0 && peer.uid != static_cast<std::int64_t>(::geteuid())) return;
  on_connection_(std::move(socket));
}

}  // namespace sky::adapters
