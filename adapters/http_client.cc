#include "adapters/http_client.h"

#include <algorithm>
#include <deque>
#include <map>

#include "adapters/http_client_transfer.h"
#include "core/check.h"

namespace sky::adapters {
namespace {

constexpr std::size_t max_idle_handles = 256;  // easy handles kept for reuse: about 5 KiB each

}  // namespace

class HttpClient::Engine {
 public:
  Engine(Reactor& reactor, Options options)
      : reactor_(reactor), options_(options), timer_(reactor), soon_(reactor) {
    static const bool is_initialised = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    SKY_CHECK(is_initialised, "libcurl can always be initialised");
    multi_ = curl_multi_init();
    SKY_CHECK(multi_ != nullptr, "libcurl can always make a multi handle");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Engine::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Engine::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_in_flight));
  }

  ~Engine() {
    inside_curl_ = true;  // nothing starts any more
    for (auto& [id, transfer] : running_) curl_multi_remove_handle(multi_, transfer->easy.get());
    running_.clear();
    idle_.clear();
    curl_multi_cleanup(multi_);
  }

  RequestId send(HttpRequest request, Done done) {
    auto transfer = std::make_unique<HttpTransfer>();
    transfer->id = ++last_id_;
    transfer->request = std::move(request);
    transfer->done = std::move(done);
    if (queue_.size() >= options_.max_queued) {
      finish_unstarted(std::move(transfer), HttpError::overloaded);
    } else {
      queue_.push_back(std::move(transfer));
      start_queued();
    }
    return last_id_;
  }

  void cancel(RequestId id) {
    const auto running = running_.find(id);
    if (running != running_.end()) {
      running->second->cancelled = true;
      cancelled_.push_back(id);
      return tell_soon();
    }
    const auto queued = std::find_if(queue_.begin(), queue_.end(),
                                     [&](const auto& transfer) { return transfer->id == id; });
    if (queued == queue_.end()) return;
    auto transfer = std::move(*queued);
    queue_.erase(queued);
    finish_unstarted(std::move(transfer), HttpError::cancelled);
  }

  std::size_t in_flight() const { return running_.size(); }
  std::size_t queued() const { return queue_.size(); }

 private:
  struct Socket {
    UvHandle<uv_poll_t> poll;
    Engine* engine = nullptr;
    curl_socket_t fd = 0;
  };

  void start_queued() {
    if (inside_curl_) return;  // whoever is inside calls again when it comes out
    while (!queue_.empty() && running_.size() < options_.max_in_flight) {
      auto transfer = std::move(queue_.front());
      queue_.pop_front();
      transfer->easy = take_easy();
      prepare(*transfer);
      CURL* easy = transfer->easy.get();
      running_.emplace(transfer->id, std::move(transfer));
      inside_curl_ = true;
      SKY_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK, "a new handle can be added");
      inside_curl_ = false;
    }
  }

  Easy take_easy() {
    if (idle_.empty()) {
      Easy easy(curl_easy_init());
      SKY_CHECK(easy != nullptr, "libcurl can always make an easy handle");
      return easy;
    }
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }

  void finish_unstarted(std::unique_ptr<HttpTransfer> transfer, HttpError error) {
    transfer->response.error = error;
    transfer->response.error_text = to_text(error);
    finished_.push_back(std::move(transfer));
    tell_soon();
  }

  void tell_soon() {
    if (!soon_.is_active()) soon_.start(core::Duration{0}, [this] { tell(); });
  }

  void act(curl_socket_t fd, int events) {
    int running = 0;
    inside_curl_ = true;
    curl_multi_socket_action(multi_, fd, events, &running);
    inside_curl_ = false;
    tell();
  }

  // Collects what has ended, starts what waited, then tells: a callback may call us again.
  void tell() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      char* user = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
      finish(reinterpret_cast<HttpTransfer*>(user)->id, message->data.result);
    }
    for (const RequestId id : std::exchange(cancelled_, {})) {
      if (running_.count(id) != 0) finish(id, CURLE_ABORTED_BY_CALLBACK);
    }
    start_queued();
    auto finished = std::exchange(finished_, {});
    for (auto& transfer : finished) transfer->done(std::move(transfer->response));
  }

  void finish(RequestId id, CURLcode code) {
    auto node = running_.extract(id);
    auto transfer = std::move(node.mapped());
    fill_response(*transfer, code);
    inside_curl_ = true;
    curl_multi_remove_handle(multi_, transfer->easy.get());
    inside_curl_ = false;
    if (idle_.size() < max_idle_handles) {
      curl_easy_reset(transfer->easy.get());
      idle_.push_back(std::move(transfer->easy));
    }
    finished_.push_back(std::move(transfer));
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* user, void* per_socket) {
    auto& engine = *static_cast<Engine*>(user);
    if (what == CURL_POLL_REMOVE) {
      engine.sockets_.erase(fd);
      curl_multi_assign(engine.multi_, fd, nullptr);
      return 0;
    }
    auto* socket = static_cast<Socket*>(per_socket);
    if (socket == nullptr) {
      auto made = std::make_unique<Socket>();
      socket = made.get();
      socket->engine = &engine;
      socket->fd = fd;
      if (uv_poll_init_socket(engine.reactor_.loop(), socket->poll.get(), fd) != 0) return -1;
      socket->poll->data = socket;
      engine.sockets_[fd] = std::move(made);
      curl_multi_assign(engine.multi_, fd, socket);
    }
    int events = 0;
    if ((what & CURL_POLL_IN) != 0) events |= UV_READABLE;
    if ((what & CURL_POLL_OUT) != 0) events |= UV_WRITABLE;
    uv_poll_start(socket->poll.get(), events, &Engine::on_ready);
    return 0;
  }

  static void on_ready(uv_poll_t* poll, int status, int events) {
    if (poll->data == nullptr) return;
    const auto& socket = *static_cast<Socket*>(poll->data);
    int what = status < 0 ? CURL_CSELECT_ERR : 0;
    if ((events & UV_READABLE) != 0) what |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0) what |= CURL_CSELECT_OUT;
    socket.engine->act(socket.fd, what);
  }

  static int on_timer(CURLM*, long timeout_ms, void* user) {
    auto& engine = *static_cast<Engine*>(user);
    if (timeout_ms < 0) {
      engine.timer_.stop();
    } else {
      engine.timer_.start(core::milliseconds(timeout_ms),
                          [&engine] { engine.act(CURL_SOCKET_TIMEOUT, 0); });
    }
    return 0;
  }

  Reactor& reactor_;
  Options options_;
  Timer timer_;  // libcurl's own
  Timer soon_;  // answers that nothing of libcurl will bring
  CURLM* multi_ = nullptr;
  std::map<curl_socket_t, std::unique_ptr<Socket>> sockets_;
  std::deque<std::unique_ptr<HttpTransfer>> queue_;
  std::map<RequestId, std::unique_ptr<HttpTransfer>> running_;
  std::vector<std::unique_ptr<HttpTransfer>> finished_;
  std::vector<RequestId> cancelled_;  // and still in running_
  std::vector<Easy> idle_;
  RequestId last_id_ = 0;
  bool inside_curl_ = false;  // libcurl must not be called from its own callbacks
};

HttpClient::HttpClient(Reactor& reactor, Options options)
    : engine_(std::make_unique<Engine>(reactor, options)) {}

HttpClient::~HttpClient() = default;

HttpClient::RequestId HttpClient::send(HttpRequest request, Done done) {
  return engine_->send(std::move(request), std::move(done));
}

void HttpClient::cancel(RequestId id) { engine_->cancel(id); }

std::size_t HttpClient::in_flight() const { return engine_->in_flight(); }

std::size_t HttpClient::queued() const { return engine_->queued(); }

}  // namespace sky::adapters
