// spec_operations: prints what the specification describes, one line per operation:
//   SURFACE <tab> METHOD <tab> PATTERN <tab> OPERATION <tab> FILE <tab> current|deprecated
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/matrix_spec.hpp"

int main() {
    using runde::tests::MatrixSpec;
    const auto print = [](const char* surface, const MatrixSpec* spec) {
        if (!spec) return false;
        for (const auto& operation : spec->operations())
            fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", surface, operation.method, operation.pattern, operation.name, operation.file,
                       operation.deprecated ? "deprecated" : "current");
        return true;
    };
    return print("client-server", MatrixSpec::client_server()) && print("server-server", MatrixSpec::server_server()) ? 0 : 1;
}
