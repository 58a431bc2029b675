#include "examples/load/page.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace load {

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string out{std::istreambuf_iterator<char>{in}, {}};
  if (!in || out.empty())
    throw std::runtime_error("no report: cannot read " + path);
  return out;
}

/// For a script element, which ends with the first `</script`.
std::string embedded(const json& x) {
  auto text = x.dump();
  for (std::size_t at = 0; (at = text.find("</", at)) != std::string::npos;
       at += 3)
    text.insert(at + 1, 1, '\\');
  return text;
}

} // namespace

void write_report(const std::string& file, const std::string& folder,
                  const json& result, const std::deque<sample>& samples) {
  auto past = json::array();
  for (const auto& x : samples)
    past.push_back(to_json(x));
  std::ofstream out(file, std::ios::binary);
  out << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<title>bennu-load</title>\n<style>\n"
      << content_of(folder + "/uPlot.min.css")
      << content_of(folder + "/load.css")
      << "</style></head>\n<body><h1>bennu-load</h1>\n"
         "<section id=\"summary\"></section><section id=\"charts\"></section>\n"
         "<details><summary>All figures</summary><pre id=\"all\"></pre>"
         "</details>\n<script>\n"
      << content_of(folder + "/uPlot.iife.min.js")
      << content_of(folder + "/charts.js")
      << "\nconst result = " << embedded(result)
      << ";\nconst samples = " << embedded(past)
      << ";\nloadCharts(document.getElementById(\"charts\")).show(samples);\n"
         "loadSummary(document.getElementById(\"summary\"), result);\n"
         "document.getElementById(\"all\").textContent = "
         "JSON.stringify(result, null, 2);\n"
         "</script></body></html>\n";
  if (!out.flush())
    throw std::runtime_error("cannot write " + file);
}

} // namespace load
