#include "observer/token.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bennu::observer {

namespace {

constexpr std::size_t random_bytes = 32;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

/// The folder, made if need be, where nobody else can put a file in our way.
std::string private_folder() {
  if (const char* run = std::getenv("XDG_RUNTIME_DIR"); run && *run)
    return run;
  const char* home = std::getenv("HOME");
  auto folder = home && *home
                  ? std::string{home} + "/.bennu"
                  : fmt::format("/tmp/bennu-{}", static_cast<int>(::getuid()));
  ::mkdir(folder.c_str(), S_IRWXU);
  struct stat about {};
  const bool ours = ::lstat(folder.c_str(), &about) == 0
                    && S_ISDIR(about.st_mode) && about.st_uid == ::getuid()
                    && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (!ours)
    fail(fmt::format("{} is no place for a token: it is not a folder that only "
                     "this user can change",
                     folder));
  return folder;
}

std::string trimmed(std::string x) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!x.empty() && blank(x.back()))
    x.pop_back();
  x.erase(x.begin(), std::find_if_not(x.begin(), x.end(), blank));
  return x;
}

} // namespace

token token::random() {
  unsigned char bytes[random_bytes];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    fail("the operating system gave no random bytes for a token");
  std::string text;
  for (const auto x : bytes)
    text += fmt::format("{:02x}", x);
  return token{std::move(text)};
}

token token::read(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    fail(fmt::format("the token file {} cannot be read: {}", path,
                     std::strerror(errno)));
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    fail(fmt::format("the token file {} can be read by others: chmod 600 it",
                     path));
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  if (!file.is_open() || file.bad())
    fail(fmt::format("the token file {} cannot be read", path));
  line = trimmed(std::move(line));
  const bool visible = std::all_of(line.begin(), line.end(),
                                   [](char c) { return c > ' ' && c < 127; });
  if (line.size() < size_min || line.size() > size_max || !visible)
    fail(fmt::format("the first line of the token file {} is not {} to {} "
                     "visible characters",
                     path, size_min, size_max));
  return token{std::move(line)};
}

void token::write(const std::string& path) const {
  // A file that is there may be open to others, or a link to elsewhere.
  ::unlink(path.c_str());
  const int file =
    ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
           S_IRUSR | S_IWUSR);
  if (file < 0)
    fail(fmt::format("the token file {} cannot be written: {}", path,
                     std::strerror(errno)));
  const auto line = text_ + "\n";
  const bool written = ::write(file, line.data(), line.size())
                       == static_cast<ssize_t>(line.size());
  ::close(file);
  if (!written)
    fail(fmt::format("the token file {} cannot be written", path));
}

bool token::matches(std::string_view offered) const noexcept {
  // The length of a secret is none; what differs is gathered, not looked for.
  unsigned difference = offered.size() == text_.size() ? 0 : 1;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const char x = i < offered.size() ? offered[i] : '\0';
    difference |= static_cast<unsigned char>(x ^ text_[i]);
  }
  return difference == 0;
}

std::string token_path(unsigned port) {
  return fmt::format("{}/bennu-observer-{}.token", private_folder(), port);
}

} // namespace bennu::observer
