#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace bennu::transport::testing {

/// A certificate that vouches for itself, of 127.0.0.1 and localhost, made by
/// the openssl program; gone with the object.
class certificate {
public:
  certificate() {
    std::filesystem::create_directories(folder_);
    const auto command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
      " -nodes -days 2 -subj /CN=localhost"
      " -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
      " -keyout "
      + key() + " -out " + file() + " 2>/dev/null";
    made_ = std::system(command.c_str()) == 0;
  }
  certificate(const certificate&) = delete;
  certificate& operator=(const certificate&) = delete;
  ~certificate() { std::filesystem::remove_all(folder_); }

  bool made() const { return made_; }
  std::string file() const { return folder_ + "/certificate.pem"; }
  std::string key() const { return folder_ + "/key.pem"; }

private:
  const std::string folder_ =
    ::testing::TempDir() + "bennu-certificate-"
    + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  bool made_ = false;
};

} // namespace bennu::transport::testing
