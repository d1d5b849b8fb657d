// The values of a service's `secrets`, per version, in files that only the user can read.
//
// Directory 0700, files 0600, each written whole and fsynced before put() returns. They are never
// in an event, a log line or an argument list; they are put into texts only at the moment of use.
// It does not encrypt: whoever reads the user's files reads them. Loop thread; calls block on
// the disk. Errors: permission, no_space, io, corrupt, invalid_input (a name that is no file name).
#pragma once

#include <filesystem>
#include <string>

#include "adapters/cloud.h"
#include "core/ids.h"
#include "core/result.h"

namespace sky::adapters {

class SecretStore {
 public:
  explicit SecretStore(std::filesystem::path directory);  // made at the first put()

  core::Result<void> put(const core::ServiceName& service, core::Version version,
                         const Secrets& secrets);
  // Empty when none were put.
  core::Result<Secrets> get(const core::ServiceName& service, core::Version version) const;
  core::Result<void> remove(const core::ServiceName& service);  // all versions; none is fine

 private:
  std::filesystem::path directory_;
};

}  // namespace sky::adapters
