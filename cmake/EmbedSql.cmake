# Embeds the numbered migrations of a folder into a library.
#
#   embed_sql(TARGET FOLDER)
#
# makes one generated .c that defines store_migrations from every NNN_*.sql of
# the folder, in the order of their numbers, and adds it to the target. The
# files are embedded byte for byte, so nothing in them needs to be escaped.
# The file also runs as a script (cmake -P), which is how it is called at build
# time when a migration changed.

function(embed_sql TARGET FOLDER)
  file(GLOB migrations CONFIGURE_DEPENDS ${FOLDER}/[0-9][0-9][0-9]_*.sql)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${TARGET}_migrations.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D FOLDER=${FOLDER} -D OUTPUT=${output} -P
            ${CMAKE_SOURCE_DIR}/cmake/EmbedSql.cmake
    DEPENDS ${migrations} ${CMAKE_SOURCE_DIR}/cmake/EmbedSql.cmake
    COMMENT "Embedding the migrations of ${FOLDER}"
    VERBATIM)
  target_sources(${TARGET} PRIVATE ${output})
endfunction()

function(embed_sql_write FOLDER OUTPUT)
  file(GLOB migrations ${FOLDER}/[0-9][0-9][0-9]_*.sql)
  list(SORT migrations)
  set(texts "")
  set(rows "")
  set(count 0)
  foreach(migration IN LISTS migrations)
    math(EXPR count "${count} + 1")
    get_filename_component(name ${migration} NAME_WE)
    string(SUBSTRING ${name} 0 3 number)
    math(EXPR version "1${number} - 1000")
    if(NOT version EQUAL count)
      message(FATAL_ERROR "${migration}: migrations are numbered without gaps; expected ${count}")
    endif()
    file(READ ${migration} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND texts "static const unsigned char sql_${number}[] = {${bytes}0};\n")
    string(APPEND rows "    {${version}, \"${name}\", sql_${number}},\n")
  endforeach()
  file(WRITE ${OUTPUT}
    "/* Generated from ${FOLDER}. */\n#include \"migrate.h\"\n\n${texts}\n"
    "static const struct migration rows[] = {\n${rows}};\n"
    "const struct migration_list store_migrations = {rows, ${count}};\n")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  embed_sql_write(${FOLDER} ${OUTPUT})
endif()
