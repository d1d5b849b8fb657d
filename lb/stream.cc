#include "lb/stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace sky::lb {
namespace {

Stream* owner_of(uv_handle_t* handle) { return static_cast<Stream*>(handle->data); }

}  // namespace

struct Stream::PendingWrite {
  uv_write_t request;
  std::string bytes;
};

int Stream::open() {
  handle_.emplace();
  const int status = uv_tcp_init(loop_, handle_->get());
  handle_->get()->data = this;
  return status;
}

int Stream::accept(uv_stream_t* listener, std::unique_ptr<TlsSession> session) {
  session_ = std::move(session);
  if (const int status = open(); status != 0) return status;
  if (const int status = uv_accept(listener, handle_->stream()); status != 0) return status;
  uv_tcp_nodelay(handle_->get(), 1);
  return 0;
}

int Stream::connect(const sockaddr& address) {
  if (const int status = open(); status != 0) return status;
  auto request = std::make_unique<uv_connect_t>();
  const int status =
      uv_tcp_connect(request.get(), handle_->get(), &address, [](uv_connect_t* done, int result) {
        const std::unique_ptr<uv_connect_t> freed(done);
        Stream* self = owner_of(reinterpret_cast<uv_handle_t*>(done->handle));
        if (self != nullptr) self->events_.on_connected(result);
      });
  if (status != 0) return status;
  static_cast<void>(request.release());  // the callback always comes
  uv_tcp_nodelay(handle_->get(), 1);
  return 0;
}

void Stream::set_reading(bool reading) {
  if (reading == reading_ || !handle_) return;
  reading_ = reading;
  if (!reading) {
    uv_read_stop(handle_->stream());
    return;
  }
  uv_read_start(
      handle_->stream(),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        Stream* self = owner_of(handle);
        *buffer = uv_buf_init(self->buffer_.data(), static_cast<unsigned>(self->buffer_.size()));
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
        Stream* self = owner_of(reinterpret_cast<uv_handle_t*>(stream));
        if (self == nullptr || size == 0) return;
        if (size > 0) {
          const std::string_view bytes(buffer->base, static_cast<std::size_t>(size));
          self->session_ ? self->on_encrypted(bytes) : self->events_.on_read(bytes);
          return;
        }
        self->set_reading(false);
        self->events_.on_end(size == UV_EOF ? 0 : static_cast<int>(size));
      });
}

// What comes in the clear is at most one record; the owner may close at any of them.
void Stream::on_encrypted(std::string_view bytes) {
  std::array<char, std::size_t{16} * 1024> clear;
  session_->feed(bytes);
  while (handle_) {
    std::size_t size = 0;
    const TlsSession::Input input = session_->read(clear.data(), clear.size(), size);
    if (flush_session() != 0) return events_.on_end(UV_ECONNRESET);
    if (input == TlsSession::Input::none) return;
    if (input != TlsSession::Input::some) {
      set_reading(false);
      return events_.on_end(input == TlsSession::Input::end ? 0 : UV_EPROTO);
    }
    events_.on_read({clear.data(), size});
  }
}

int Stream::flush_session() {
  const std::string output = session_->take_output();
  return output.empty() ? 0 : write_raw(output);
}

int Stream::write(std::string_view bytes) {
  if (!handle_) return UV_ECANCELED;
  if (!session_) return write_raw(bytes);
  return session_->write(bytes) ? flush_session() : UV_EPROTO;
}

int Stream::write_raw(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (queued_bytes_ > 0) return queue(bytes);
  const uv_buf_t buffer =
      uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  const int written = uv_try_write(handle_->stream(), &buffer, 1);
  if (written < 0 && written != UV_EAGAIN) return written;
  const std::size_t done = written > 0 ? static_cast<std::size_t>(written) : 0;
  return done == bytes.size() ? 0 : queue(bytes.substr(done));
}

int Stream::queue(std::string_view bytes) {
  auto pending = std::make_unique<PendingWrite>();
  pending->bytes = bytes;
  pending->request.data = pending.get();
  const uv_buf_t buffer =
      uv_buf_init(pending->bytes.data(), static_cast<unsigned>(pending->bytes.size()));
  const int status =
      uv_write(&pending->request, handle_->stream(), &buffer, 1, [](uv_write_t* done, int result) {
        const std::unique_ptr<PendingWrite> freed(static_cast<PendingWrite*>(done->data));
        Stream* self = owner_of(reinterpret_cast<uv_handle_t*>(done->handle));
        if (self != nullptr) self->wrote(freed->bytes.size(), result);
      });
  if (status != 0) return status;
  static_cast<void>(pending.release());
  queued_bytes_ += bytes.size();
  return 0;
}

void Stream::wrote(std::size_t size, int status) {
  queued_bytes_ -= size;
  if (status != 0) {
    events_.on_end(status);
  } else if (queued_bytes_ == 0) {
    events_.on_flushed();
  }
}

void Stream::end_writing() {
  if (!handle_) return;
  if (session_) {
    session_->end();
    static_cast<void>(flush_session());
  }
  auto request = std::make_unique<uv_shutdown_t>();
  const int status = uv_shutdown(request.get(), handle_->stream(), [](uv_shutdown_t* done, int) {
    const std::unique_ptr<uv_shutdown_t> freed(done);
  });
  if (status == 0) static_cast<void>(request.release());
}

void Stream::close() {
  handle_.reset();
  queued_bytes_ = 0;
  reading_ = false;
}

void Stream::close_with_reset() {
  uv_os_fd_t fd = -1;
  if (handle_ && uv_fileno(handle_->base(), &fd) == 0) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    static_cast<void>(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
  }
  close();
}

bool Stream::peer_has_closed() const {
  uv_os_fd_t fd = -1;
  if (!handle_ || uv_fileno(handle_->base(), &fd) != 0) return true;
  char byte = 0;
  const ssize_t size = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

std::string Stream::peer_ip() const {
  sockaddr_storage address{};
  int size = sizeof address;
  if (!handle_ ||
      uv_tcp_getpeername(handle_->get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {};
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    uv_ip6_name(reinterpret_cast<const sockaddr_in6*>(&address), text.data(), text.size());
  } else {
    uv_ip4_name(reinterpret_cast<const sockaddr_in*>(&address), text.data(), text.size());
  }
  return text.data();
}

}  // namespace sky::lb
