# runde_embed_web(<target>): puts the members' page (web/dist) into <target> as runde::embedded::web().
#
# With RUNDE_WEB and npm the page is built first (target `web`); otherwise whatever stands in web/dist is taken, so that
# a debug build costs nothing and still serves a page that somebody has built by hand. Without any, "/" says so.
option(RUNDE_WEB "Build the members' page with npm" OFF)
find_program(NPM npm)

function(runde_embed_web target)
    set(web ${CMAKE_SOURCE_DIR}/web)
    if(NOT RUNDE_WEB OR NOT NPM)
        if(RUNDE_WEB)
            message(WARNING "npm was not found: the server is built without the members' page")
        endif()
        runde_embed(${target} NAME web FOLDER ${web}/dist)
        return()
    endif()

    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/*)
    set(settings ${web}/index.html ${web}/vite.config.ts ${web}/svelte.config.js ${web}/tsconfig.json)
    set(packages ${CMAKE_BINARY_DIR}/web-packages.stamp)
    set(built ${CMAKE_BINARY_DIR}/web-built.stamp)
    add_custom_command(
        OUTPUT ${packages}
        COMMAND ${NPM} ci --no-audit --no-fund --loglevel=error
        COMMAND ${CMAKE_COMMAND} -E touch ${packages}
        DEPENDS ${web}/package.json ${web}/package-lock.json
        WORKING_DIRECTORY ${web} COMMENT "Fetching the page's packages" VERBATIM)
    add_custom_command(
        OUTPUT ${built}
        COMMAND ${NPM} run --silent build -- --logLevel warn
        COMMAND ${CMAKE_COMMAND} -E touch ${built}
        DEPENDS ${packages} ${sources} ${settings}
        WORKING_DIRECTORY ${web} COMMENT "Building the members' page" VERBATIM)
    add_custom_target(web DEPENDS ${built})

    # The names of the built files carry hashes, so they are listed when they exist, not at configure time.
    set(out ${CMAKE_BINARY_DIR}/embedded/web)
    add_custom_command(
        OUTPUT ${out}.S ${out}.cpp
        COMMAND ${CMAKE_COMMAND} -DFOLDER=${web}/dist -DOUT=${out} -P ${CMAKE_SOURCE_DIR}/cmake/embed_list.cmake
        COMMAND ${CMAKE_COMMAND} -DNAME=web -DFOLDER=${web}/dist -DOUT=${out} -P ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        DEPENDS ${built} ${CMAKE_SOURCE_DIR}/cmake/embed_list.cmake ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        COMMENT "Embedding web" VERBATIM)
    target_sources(${target} PRIVATE ${out}.S ${out}.cpp)
    set_source_files_properties(${out}.cpp ${out}.S PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
