# Run at build time before embed_write.cmake: writes <OUT>.list, the files of FOLDER as they are now.
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
string(REPLACE ";" "\n" names "${files}")
file(CONFIGURE OUTPUT ${OUT}.list CONTENT "@names@" @ONLY)
