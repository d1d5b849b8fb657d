// Follows all objects of one kind: a list, then a watch from there, for ever.
//
// Told are facts only: an object as it is now, or that it is gone. A watch that breaks changes
// nothing: it is taken up where it was, and when that is too old for the server everything is
// listed again and compared, so that nothing that went meanwhile is missed and nothing that stayed
// is told twice. Loop thread; callbacks come from the loop, never from inside a call.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "adapters/kubernetes/api_client.h"
#include "adapters/kubernetes/frames.h"
#include "adapters/kubernetes/pager.h"
#include "adapters/reactor.h"

namespace sky::adapters::kubernetes {

class Watch {
 public:
  struct Told {
    std::function<void(const JsonView& object)> object;  // new, or changed
    std::function<void(const std::string& name)> gone;
    std::function<void()> synced;  // after each list: what was told is all there is
    std::function<void(const core::Failure&)> trouble;  // it goes on trying
  };
  struct Timing {
    core::Duration idle = core::seconds(90);  // servers send a bookmark a minute
    core::Duration longest =
        core::seconds(300);  // asked of the server; up to twice that, at random
    core::Duration first_pause = core::milliseconds(200);  // doubled at each failure
    core::Duration longest_pause = core::seconds(30);
  };

  Watch(Reactor& reactor, ApiClient& client, ListQuery query, Told told)
      : Watch(reactor, client, std::move(query), std::move(told), Timing{}) {}
  Watch(Reactor& reactor, ApiClient& client, ListQuery query, Told told, Timing timing);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void start();  // once
  bool is_synced() const { return is_synced_; }
  std::size_t size() const { return versions_.size(); }
  std::uint64_t lists() const { return lists_; }  // how often everything was listed

 private:
  void list();
  void compare(Listed listed);
  void follow();
  void take_line(std::string_view line);
  void tell(const JsonView& object);
  void tell_gone(const std::string& name);
  void ended(ApiAnswer answer);
  void restart_soon(bool relist);
  void note_life();
  std::string watch_path();

  Reactor& reactor_;
  ApiClient& client_;
  ListQuery query_;
  Told told_;
  Timing timing_;
  std::map<std::string, std::string> versions_;  // name -> resourceVersion of what was told
  std::string version_;  // where the watch goes on; opaque
  FrameSplitter splitter_;
  ApiClient::CallId call_ = 0;
  bool is_synced_ = false;
  bool must_relist_ = false;
  std::uint64_t lists_ = 0;
  core::Duration pause_;
  Timer pause_timer_;
  Timer idle_timer_;
  std::shared_ptr<bool> is_alive_;
};

}  // namespace sky::adapters::kubernetes
