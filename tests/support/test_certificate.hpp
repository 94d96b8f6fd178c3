#pragma once
#include <string>
#include <vector>

namespace runde::tests {

/// A certificate authority of its own and a certificate from it for `names` (DNS names or addresses), as
/// files in a folder that is removed at the end.
class TestCertificate {
public:
    explicit TestCertificate(const std::vector<std::string>& names, bool expired = false);
    ~TestCertificate();
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;

    std::string authority() const { return folder_ + "/ca.pem"; }
    std::string certificate() const { return folder_ + "/cert.pem"; }
    std::string key() const { return folder_ + "/key.pem"; }

private:
    std::string folder_;
};

}  // namespace runde::tests
