# The compiler, its flags and the build modes. Why clang 16: docs/dependencies.md.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
    message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} silently miscompiles ordinary coroutines "
                        "(24 of 88 probes failed). Use clang 16: cmake --preset release")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

set(RUNDE_MODE "release" CACHE STRING "release, debug, asan or tsan")
option(RUNDE_PCH "Precompiled headers; off lets several checkouts share one ccache" ON)

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Werror=switch -Wshadow -Wnon-virtual-dtor
                    -Wno-missing-field-initializers -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-Wthread-safety)
    add_link_options(-fuse-ld=lld)
endif()

# -g1 is line tables: enough for a stack trace, nearly free to compile.
if(RUNDE_MODE STREQUAL "release")
    add_compile_options(-O2 -g1 -DNDEBUG -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
elseif(RUNDE_MODE STREQUAL "debug")
    add_compile_options(-O0 -g1)
elseif(RUNDE_MODE STREQUAL "asan")
    add_compile_options(-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(RUNDE_MODE STREQUAL "tsan")
    add_compile_options(-O1 -g1 -fsanitize=thread)
    add_link_options(-fsanitize=thread)
else()
    message(FATAL_ERROR "RUNDE_MODE is '${RUNDE_MODE}'; it must be release, debug, asan or tsan")
endif()

option(RUNDE_FUZZ "Build the fuzz targets (tests/fuzz); with RUNDE_MODE=asan" OFF)
if(RUNDE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Every file must agree on these, or the one-definition rule breaks.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                        BOOST_ASIO_NO_DEPRECATED BOOST_BIND_GLOBAL_PLACEHOLDERS)

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
