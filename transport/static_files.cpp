#include "transport/static_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace bennu::transport {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> types{{
  {".css", "text/css; charset=utf-8"},
  {".gif", "image/gif"},
  {".htm", "text/html; charset=utf-8"},
  {".html", "text/html; charset=utf-8"},
  {".ico", "image/x-icon"},
  {".jpeg", "image/jpeg"},
  {".jpg", "image/jpeg"},
  {".js", "text/javascript; charset=utf-8"},
  {".json", "application/json"},
  {".map", "application/json"},
  {".mjs", "text/javascript; charset=utf-8"},
  {".png", "image/png"},
  {".svg", "image/svg+xml"},
  {".txt", "text/plain; charset=utf-8"},
  {".wasm", "application/wasm"},
  {".webp", "image/webp"},
  {".woff2", "font/woff2"},
}};

[[noreturn]] void fail(const fs::path& where, std::string_view what) {
  throw std::runtime_error("static_dir " + where.string() + ": "
                           + std::string(what));
}

bool is_within(const fs::path& file, const fs::path& folder) {
  const auto [end, unused] =
    std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  static_cast<void>(unused);
  return end == folder.end();
}

std::string read(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in)
    fail(file, "cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

static_files::static_files(const std::string& folder) {
  std::error_code ec;
  const auto root = fs::canonical(folder, ec);
  if (ec || !fs::is_directory(root))
    fail(folder, "is no folder; name one or leave the option empty");
  std::size_t bytes = 0;
  auto it = fs::recursive_directory_iterator(root, ec);
  for (; !ec && it != fs::recursive_directory_iterator(); it.increment(ec)) {
    const auto& path = it->path();
    if (path.filename().string().starts_with('.')) {
      it.disable_recursion_pending();
      continue;
    }
    std::error_code unreadable;
    const auto real = fs::canonical(path, unreadable);
    if (unreadable || !fs::is_regular_file(real) || !is_within(real, root))
      continue;
    auto key = "/" + path.lexically_relative(root).generic_string();
    static_file file{read(real), content_type_of(key)};
    bytes += file.content.size();
    if (bytes > bytes_max || files_.size() == files_max)
      fail(folder, "is too large to be served from memory");
    files_.emplace(std::move(key), std::move(file));
  }
  if (ec)
    fail(folder, ec.message());
}

const static_file* static_files::find(std::string_view path) const {
  const auto found = path.ends_with('/')
                       ? files_.find(std::string(path) + "index.html")
                       : files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

std::string_view content_type_of(std::string_view path) {
  for (const auto& [ending, type] : types)
    if (path.ends_with(ending))
      return type;
  return "application/octet-stream";
}

} // namespace bennu::transport
