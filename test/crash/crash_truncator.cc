// Cuts off the old events of the log in its first argument, as `skyctl log truncate` does without a
// daemon, up to the event of the second; and dies by SIGKILL right before the change of the log's
// files whose number is the third. Ends with 0 when there were not so many changes.
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "cli/truncation.h"
#include "events/log.h"
#include "test/crash/disk_calls.h"

namespace sky::events {
namespace {

constexpr core::WallTime noon{core::seconds(1'800'000'000)};

class KillingDisk final : public DiskObserver {
 public:
  explicit KillingDisk(std::uint64_t nth) : left_(nth) {}

  int refusal(const DiskCall&) override {
    if (--left_ == 0) ::kill(::getpid(), SIGKILL);
    return 0;
  }
  void happened(DiskCall) override {}

 private:
  std::uint64_t left_;
};

int run(const std::filesystem::path& directory, core::Seq before, std::uint64_t nth) {
  const auto log = open_log(directory);
  if (!log) return 1;
  KillingDisk disk(nth);
  const DiskObservation observation(directory.parent_path().string(), disk);
  return cli::truncate_log(**log, {before, "a test"}, noon) ? 0 : 1;
}

}  // namespace
}  // namespace sky::events

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const sky::core::Seq before{std::strtoull(arguments[2], nullptr, 10)};
  return sky::events::run(arguments[1], before, std::strtoull(arguments[3], nullptr, 10));
}
