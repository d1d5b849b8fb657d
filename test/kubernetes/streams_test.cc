// Frames of a watch, plugins' answers and stamped output: texts cut and read.
#include <boost/test/unit_test.hpp>

#include "adapters/kubernetes/exec_credential.h"
#include "adapters/kubernetes/frames.h"
#include "adapters/kubernetes/stamped_lines.h"

namespace sky::adapters::kubernetes {

BOOST_AUTO_TEST_SUITE(kubernetes_streams)

BOOST_AUTO_TEST_CASE(frames_are_the_same_wherever_the_bytes_are_cut) {
  const std::string stream =
      "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}\n\n"
      "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\n"
      "{\"type\":\"DELETED\",\"obj";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameSplitter splitter;
    std::vector<std::string> versions;
    const auto take = [&](std::string_view line) {
      const auto frame = read_frame(line);
      BOOST_REQUIRE(frame);
      versions.push_back(frame->version());
    };
    BOOST_REQUIRE(splitter.feed(std::string_view(stream).substr(0, cut), take));
    BOOST_REQUIRE(splitter.feed(std::string_view(stream).substr(cut), take));
    BOOST_REQUIRE(versions.size() == 2u);
    BOOST_TEST(versions[1] == "9");
  }
}

BOOST_AUTO_TEST_CASE(each_word_of_a_frame_is_its_type_and_others_are_errors) {
  const std::pair<const char*, FrameType> rows[] = {{"ADDED", FrameType::added},
                                                    {"MODIFIED", FrameType::modified},
                                                    {"DELETED", FrameType::deleted},
                                                    {"BOOKMARK", FrameType::bookmark},
                                                    {"ERROR", FrameType::error}};
  for (const auto& [word, type] : rows) {
    const auto frame =
        read_frame("{\"type\":\"" + std::string(word) + "\",\"object\":{\"code\":410}}");
    BOOST_REQUIRE(frame);
    BOOST_TEST((frame->type == type));
  }
  for (const char* wrong : {"{\"type\":\"NEW\",\"object\":{}}", "{\"type\":\"ADDED\"}", "{", "[]"})
    BOOST_TEST(!read_frame(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(what_is_of_no_use_is_not_kept_and_the_rest_is) {
  const auto frame = read_frame(
      R"({"type":"ADDED","object":{"metadata":{"managedFields":[{"a":{}}],"name":"p"},"spec":7}})");
  BOOST_REQUIRE(frame);
  BOOST_TEST(!frame->view().at("metadata").at("managedFields").is_present());
  BOOST_TEST(frame->view().at("metadata").at("name").text_or("") == "p");
  BOOST_TEST(frame->view().at("spec").integer_or(0) == 7);
}

BOOST_AUTO_TEST_CASE(a_frame_without_an_end_is_given_up) {
  FrameSplitter splitter;
  const std::string piece(std::size_t{1} << 20, 'x');
  bool fits = true;
  for (int i = 0; i < 5; ++i) fits = splitter.feed(piece, [](std::string_view) {});
  BOOST_TEST(!fits);
}

BOOST_AUTO_TEST_CASE(a_plugin_is_told_the_cluster_only_when_it_asks) {
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  const KubeCluster cluster{.server = "https://x",
                            .authority = {},
                            .skip_verification = false,
                            .tls_server_name = "n",
                            .proxy_url = {}};
  BOOST_TEST(exec_info(plugin, cluster, "CA") ==
             "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
             "\"spec\":{\"interactive\":false}}");
  plugin.wants_cluster_info = true;
  const std::string told = exec_info(plugin, cluster, "CA");
  BOOST_TEST(told.find("\"certificate-authority-data\":\"Q0E=\"") != std::string::npos);
  BOOST_TEST(told.find("\"tls-server-name\":\"n\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_plugin_s_answer_is_read_and_its_errors_hold_no_secret) {
  ExecPlugin plugin;
  plugin.command = "get-token";
  plugin.api_version = "client.authentication.k8s.io/v1beta1";
  const std::string head =
      "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",";
  const auto good = read_exec_credential(
      head + "\"status\":{\"token\":\"t0p\",\"expirationTimestamp\":\"2026-11-27T03:00:00Z\"}}",
      plugin);
  BOOST_REQUIRE(good);
  BOOST_TEST(good->token == "t0p");
  BOOST_TEST(good->expires.has_value());
  const std::string wrong[] = {
      "t0p",
      "{}",
      head + "\"status\":{}}",
      head + "\"status\":{\"token\":\"t0p\",\"expirationTimestamp\":\"soon\"}}",
      head + "\"status\":{\"clientCertificateData\":\"t0p\"}}",
      "{\"kind\":\"ExecCredential\",\"apiVersion\":\"v2\",\"status\":{\"token\":\"t0p\"}}"};
  for (const std::string& text : wrong) {
    const auto refused = read_exec_credential(text, plugin);
    BOOST_REQUIRE_MESSAGE(!refused, text);
    BOOST_TEST(refused.error().text.find("get-token") != std::string::npos);
    BOOST_TEST(refused.error().text.find("t0p") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(output_goes_on_where_it_was_whatever_is_sent_again) {
  const std::string first =
      "2026-11-27T03:00:00.1Z one\n2026-11-27T03:00:00.12Z two\n2026-11-27T03:00:00.120000001Z "
      "three\n";
  Output output = lines_after(first, "");
  BOOST_TEST(output.text == "one\ntwo\nthree\n");
  BOOST_TEST(output.cursor == "2026-11-27T03:00:00.120000001Z");
  output = lines_after(first + "2026-11-27T03:00:01Z four\n", output.cursor);
  BOOST_TEST(output.text == "four\n");
  output = lines_after("", output.cursor);
  BOOST_TEST(output.text.empty());
  BOOST_TEST(output.cursor == "2026-11-27T03:00:01Z");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
