#include "tests/support/test_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace runde::tests {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<FILE, decltype(&std::fclose)>;

Key new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    if (!extension) throw std::runtime_error("bad certificate extension: " + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate new_certificate(EVP_PKEY* key, const char* name, long serial, long from_seconds, long to_seconds) {
    Certificate certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_seconds);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    return certificate;
}

File open_file(const std::string& path) { return {std::fopen(path.c_str(), "w"), &std::fclose}; }

}  // namespace

TestCertificate::TestCertificate(const std::vector<std::string>& names, bool expired) {
    std::string pattern = (std::filesystem::temp_directory_path() / "runde-tls-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    folder_ = pattern;

    const auto authority_key = new_key(), key = new_key();
    const auto authority = new_certificate(authority_key.get(), "Test authority", 1, -86400, 86400);
    X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
    extend(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(authority.get(), authority_key.get(), EVP_sha256());

    const auto certificate = new_certificate(key.get(), "Test server", 2, -86400, expired ? -3600 : 86400);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
    std::string alternatives;
    for (const auto& name : names)
        alternatives += (alternatives.empty() ? "" : ",") +
                        std::string(std::isdigit(static_cast<unsigned char>(name[0])) ? "IP:" : "DNS:") + name;
    extend(certificate.get(), authority.get(), NID_subject_alt_name, alternatives);
    X509_sign(certificate.get(), authority_key.get(), EVP_sha256());

    PEM_write_X509(open_file(this->authority()).get(), authority.get());
    PEM_write_X509(open_file(this->certificate()).get(), certificate.get());
    PEM_write_PrivateKey(open_file(this->key()).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

TestCertificate::~TestCertificate() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

}  // namespace runde::tests
