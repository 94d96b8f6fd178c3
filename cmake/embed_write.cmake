# Run by runde_embed at build time: writes <OUT>.S (the bytes, by .incbin) and <OUT>.cpp (the table).
file(STRINGS ${OUT}.list files)
set(assembly "    .section .rodata\n")
set(symbols "")
set(rows "")
set(count 0)
foreach(file IN LISTS files)
    file(SHA256 "${FOLDER}/${file}" hash)
    set(symbol embedded_${NAME}_${count})
    # The NUL behind each file is not counted; it makes the bytes usable as a C string.
    string(APPEND assembly
        "    .balign 16\n    .global ${symbol}\n${symbol}:\n    .incbin \"${FOLDER}/${file}\"\n"
        "    .global ${symbol}_end\n${symbol}_end:\n    .byte 0\n")
    string(APPEND symbols "extern const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND rows
        "        {\"${file}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}, \"${hash}\"},\n")
    math(EXPR count "${count} + 1")
endforeach()
string(APPEND assembly "    .section .note.GNU-stack,\"\",@progbits\n")

set(table "#include \"schema/embedded.hpp\"\n\nextern \"C\" {\n${symbols}}\n\nnamespace runde::embedded {\n\n")
if(count EQUAL 0)
    string(APPEND table "std::span<const File> ${NAME}() { return {}; }\n\n}\n")
else()
    string(APPEND table "std::span<const File> ${NAME}() {\n    static const File files[] = {\n${rows}    };\n    return files;\n}\n\n}\n")
endif()
file(WRITE ${OUT}.S "${assembly}")
file(WRITE ${OUT}.cpp "${table}")
