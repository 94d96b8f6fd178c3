# runde_embed(<target> NAME <name> FOLDER <dir> [PATTERNS <glob> ...])
#
# Puts every file of a folder (recursively; default pattern *) into <target>, so that the program is one file.
# Read them with runde::embedded::<name>() (schema/embedded.hpp): names relative to the folder, bytes, SHA-256.
# The folder may be empty or missing (a page that was not built): the table is then empty. The list of files is
# checked at every build, so a new file needs no new configure.
function(runde_embed target)
    cmake_parse_arguments(ARG "" "NAME;FOLDER" "PATTERNS" ${ARGN})
    if(NOT ARG_PATTERNS)
        set(ARG_PATTERNS "*")
    endif()
    set(globs)
    foreach(pattern ${ARG_PATTERNS})
        list(APPEND globs "${ARG_FOLDER}/${pattern}")
    endforeach()
    file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${ARG_FOLDER} ${globs})
    list(SORT files)

    set(out ${CMAKE_BINARY_DIR}/embedded/${ARG_NAME})
    string(REPLACE ";" "\n" names "${files}")
    file(CONFIGURE OUTPUT ${out}.list CONTENT "@names@" @ONLY)  # Touched only when the list changes.
    set(paths ${files})
    list(TRANSFORM paths PREPEND "${ARG_FOLDER}/")
    add_custom_command(
        OUTPUT ${out}.S ${out}.cpp
        COMMAND ${CMAKE_COMMAND} -DNAME=${ARG_NAME} -DFOLDER=${ARG_FOLDER} -DOUT=${out}
                -P ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        DEPENDS ${paths} ${out}.list ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        COMMENT "Embedding ${ARG_NAME}" VERBATIM)
    target_sources(${target} PRIVATE ${out}.S ${out}.cpp)
    set_source_files_properties(${out}.cpp ${out}.S PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
