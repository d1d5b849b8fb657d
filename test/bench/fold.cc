#include "test/bench/fold.h"

#include <capnp/serialize.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "core/check.h"
#include "events/wire.h"

namespace sky::bench {
namespace {

namespace fs = std::filesystem;

void fold_value(Fold& fold, const core::Event& event) {
  ++fold.events;
  fold.replicas += event.replica.value + event.service.size();
  if (const auto* probe = std::get_if<core::ProbeAnswered>(&event.body)) {
    ++fold.probes;
    fold.latency_us += probe->latency.count();
  } else if (const auto* sample = std::get_if<core::TrafficSampled>(&event.body)) {
    fold.arrivals += sample->arrivals;
    for (const auto& load : sample->replicas) fold.replicas += load.in_flight;
  }
}

void fold_reader(Fold& fold, events::wire::Event::Reader event) {
  ++fold.events;
  fold.replicas += event.getReplica() + event.getService().size();
  const auto body = event.getBody();
  if (body.isProbeAnswered()) {
    ++fold.probes;
    fold.latency_us += body.getProbeAnswered().getLatencyUs();
  } else if (body.isTrafficSampled()) {
    const auto sample = body.getTrafficSampled();
    fold.arrivals += sample.getArrivals();
    for (const auto load : sample.getReplicas()) fold.replicas += load.getInFlight();
  }
}

template <class Visit>
void for_each_file(const fs::path& path, const Visit& visit) {
  if (!fs::is_directory(path)) return visit(path);
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) visit(entry.path());
}

}  // namespace

Fold fold_log(const events::Log& log) {
  Fold fold;
  const auto read = log.read(core::Seq{1}, [&](const events::Commit& commit, auto) {
    for (const core::Event& event : commit.events) fold_value(fold, event);
    return true;
  });
  SKY_CHECK(read, "a log that was just written can be read");
  return fold;
}

FlatFile::FlatFile(const fs::path& path) : file_(std::fopen(path.c_str(), "wb")) {
  SKY_CHECK(file_ != nullptr, "the benchmark's directory can hold a file");
}

FlatFile::~FlatFile() { close(); }

void FlatFile::append(const core::Event& event) {
  capnp::MallocMessageBuilder message(64);
  events::write(message.initRoot<events::wire::Event>(), event);
  const auto words = capnp::messageToFlatArray(message);
  const std::uint64_t size = words.size();
  SKY_CHECK(std::fwrite(&size, sizeof size, 1, file_) == 1 &&
                std::fwrite(words.begin(), sizeof(capnp::word), size, file_) == size,
            "the disk takes the benchmark's bytes");
}

void FlatFile::close() {
  if (file_ != nullptr) std::fclose(file_);
  file_ = nullptr;
}

Fold fold_flat(const fs::path& path) {
  constexpr std::size_t chunk_words = std::size_t{256} << 10;
  Fold fold;
  std::vector<std::uint64_t> words(chunk_words);
  std::size_t have = 0;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  SKY_CHECK(file != nullptr, "a file that was just written opens");
  std::setvbuf(file, nullptr, _IONBF, 0);
  while (const std::size_t got = std::fread(words.data() + have, 8, chunk_words - have, file)) {
    have += got;
    std::size_t at = 0;
    while (at < have && at + 1 + words[at] <= have) {
      capnp::FlatArrayMessageReader message(
          kj::arrayPtr(reinterpret_cast<const capnp::word*>(&words[at + 1]), words[at]));
      fold_reader(fold, message.getRoot<events::wire::Event>());
      at += 1 + words[at];
    }
    std::copy(words.begin() + static_cast<std::ptrdiff_t>(at),
              words.begin() + static_cast<std::ptrdiff_t>(have), words.begin());
    have -= at;
  }
  std::fclose(file);
  return fold;
}

void forget_pages(const fs::path& path) {
  for_each_file(path, [](const fs::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    SKY_CHECK(
        fd >= 0 && ::fdatasync(fd) == 0 && ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0,
        "the system forgets a file's pages when asked to");
    ::close(fd);
  });
}

std::uint64_t bytes_below(const fs::path& path, std::string_view ending) {
  std::uint64_t bytes = 0;
  for_each_file(path, [&](const fs::path& file) {
    if (file.native().ends_with(ending)) bytes += fs::file_size(file);
  });
  return bytes;
}

}  // namespace sky::bench
