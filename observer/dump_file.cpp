#include "observer/dump_file.hpp"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bennu::observer {

namespace {

using channels::json;

std::string text_of(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The page with as many of its rows as fit.
std::string page_text(json& page, std::size_t room) {
  auto text = text_of(page);
  auto& rows = page.at("rows").get_ref<json::array_t&>();
  while (text.size() > room && !rows.empty()) {
    rows.resize(rows.size() / 2);
    page["note"] = fmt::format("cut to {} rows: the dump is full", rows.size());
    text = text_of(page);
  }
  return text.size() > room ? "" : text;
}

} // namespace

std::string dump_text(dump_content content, std::size_t bytes_max) {
  auto text = fmt::format(
    R"({{"bennu_dump":1,"about":{},"sheets":{},"history":{},)"
    R"("pages":{{)",
    text_of(content.about), text_of(content.sheets), text_of(content.history));
  const char* comma = "";
  for (auto& [name, page] : content.pages) {
    const auto room = bytes_max > text.size() ? bytes_max - text.size() : 0;
    const auto part = page_text(page, room);
    if (part.empty())
      continue;
    text += comma + text_of(json(name)) + ":" + part;
    comma = ",";
  }
  return text + "}}\n";
}

void write_private_file(const std::string& path, const std::string& text) {
  const auto fail = [&path] {
    const auto why = std::strerror(errno);
    throw std::runtime_error(
      fmt::format("{} cannot be written: {}", path, why));
  };
  const int file =
    ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
           S_IRUSR | S_IWUSR);
  if (file < 0)
    fail();
  std::size_t done = 0;
  while (done < text.size()) {
    const auto n = ::write(file, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      const auto why = errno;
      ::close(file);
      ::unlink(path.c_str());
      errno = why;
      fail();
    }
    done += static_cast<std::size_t>(n);
  }
  ::close(file);
}

std::string dump_name(const std::string& node, std::size_t number) {
  auto name = node.substr(0, 64);
  for (auto& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '@' && c != '.')
      c = '-';
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char when[24] = "";
  std::strftime(when, sizeof when, "%Y%m%d-%H%M%S", &parts);
  return fmt::format("bennu-{}-{}-{}-{}.dump", name,
                     static_cast<long>(::getpid()), when, number);
}

} // namespace bennu::observer
