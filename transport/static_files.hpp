#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace bennu::transport {

/// A file as it is served.
struct static_file {
  std::string content;
  std::string_view content_type;
};

/// The files of a folder, read once. Serving one is a look-up by its path: no
/// shard waits for a disk or spends a file descriptor, and nothing outside the
/// folder can be named. Differs from Plug.Static: a changed file is seen after
/// a restart. Value; thread-safe to read.
class static_files {
public:
  /// A page and its scripts, not a media library: all of it lies in memory.
  static constexpr std::size_t bytes_max = 64 * 1024 * 1024;
  static constexpr std::size_t files_max = 10'000;

  /// No files.
  static_files() = default;

  /// Throws std::runtime_error with a line that names the folder and what is
  /// wrong with it. Files and folders whose name begins with a dot are left
  /// out, and so are links that lead out of the folder.
  explicit static_files(const std::string& folder);

  /// By the decoded path of a request, "/" for "/index.html"; null when there
  /// is none. Valid as long as this is.
  const static_file* find(std::string_view path) const;

  std::size_t size() const noexcept { return files_.size(); }

private:
  std::map<std::string, static_file, std::less<>> files_;
};

/// By the file name's ending; octets for one unknown.
std::string_view content_type_of(std::string_view path);

} // namespace bennu::transport
