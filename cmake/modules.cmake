# runde_module(<name> SOURCES a.cpp b.cpp ... USES <module|target> ...)
#
# One static library per folder: target runde_<name>. Files are listed, never globbed, so that a
# forgotten file is seen in review (tests/tidy checks that none is outside CMake).
function(runde_module name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    set(target runde_${name})
    if(NOT ARG_SOURCES)  # A folder that has only headers.
        add_library(${target} INTERFACE)
        target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR})
        return()
    endif()
    add_library(${target} STATIC ${ARG_SOURCES})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
    foreach(used ${ARG_USES})
        if(TARGET runde_${used})
            target_link_libraries(${target} PUBLIC runde_${used})
        else()
            target_link_libraries(${target} PUBLIC ${used})
        endif()
    endforeach()
    if(RUNDE_PCH)
        target_precompile_headers(${target} PRIVATE <string> <string_view> <vector> <map> <unordered_map>
            <optional> <memory> <functional> <span> <chrono> <algorithm> <fmt/core.h> <boost/json/value.hpp>)
    endif()
endfunction()
