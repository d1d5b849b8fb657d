#include "cli/log_api.h"

#include <string>

#include "adapters/json.h"

namespace sky::cli {
namespace {

using core::Result;
using Matches = HttpRouter::Matches;

void answer_error(const Responder& responder, const core::Error& error) {
  const bool is_asked_wrong = error.code == core::ErrorCode::invalid_input;
  responder.answer_error(is_asked_wrong ? 400 : 409, error.text);
}

void backup(const events::Log& log, const HttpRequest& request, const Responder& responder) {
  const auto document = adapters::parse_json(request.body);
  if (!document) return answer_error(responder, document.error());
  const auto to = adapters::JsonView(*document).at("to").as_text();
  if (!to) return answer_error(responder, to.error());
  if (const auto copied = log.backup(*to); !copied) return answer_error(responder, copied.error());
  responder.answer_json("{}");
}

void truncate(LogTender& tender, const HttpRequest& request, const Responder& responder) {
  const auto document = adapters::parse_json(request.body);
  if (!document) return answer_error(responder, document.error());
  const auto before = adapters::JsonView(*document).at("before").as_integer();
  if (!before) return answer_error(responder, before.error());
  const Cut cut{core::Seq{static_cast<std::uint64_t>(*before)},
                "asked to by `skyctl log truncate`"};
  tender.truncate([cut] { return std::optional(cut); },
                  [responder](const Result<core::LogTruncated>& done) {
                    if (!done) return answer_error(responder, done.error());
                    adapters::JsonWriter json;
                    json.begin_object().member("first_kept", done->first_kept.value);
                    json.member("snapshot", done->snapshot.value).end_object();
                    responder.answer_json(json.take());
                  });
}

}  // namespace

void add_log_routes(HttpRouter& router, events::Log& log, LogTender& tender) {
  router.add("POST", "/v1/log/backup",
             [&log](const HttpRequest& request, const Matches&, const Responder& responder) {
               backup(log, request, responder);
             });
  router.add("POST", "/v1/log/truncate",
             [&tender](const HttpRequest& request, const Matches&, const Responder& responder) {
               truncate(tender, request, responder);
             });
}

}  // namespace sky::cli
