// The commit that the program was built from, as `git describe` says it; "unknown" without git.
#pragma once

namespace sky::sim {

extern const char* const built_commit;  // commit.cc.in

}  // namespace sky::sim
