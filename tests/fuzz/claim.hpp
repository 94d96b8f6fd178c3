#pragma once
#include <cstdio>
#include <cstdlib>

/// What must hold for every input. Not assert(): it must hold in every build mode.
#define CLAIM(condition)                                                                        \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                       \
        }                                                                                       \
    } while (false)
