# keyturn_room(NAME DEPS room... LIBS target... PRIVATE_LIBS target...)
# A room is a static library of the .c files of its folder. Its public headers
# are in include/<room>/ and only the rooms in DEPS are visible to it, so the
# arrows of the design are held by the compiler's include path.
function(keyturn_room NAME)
  cmake_parse_arguments(ROOM "" "" "DEPS;LIBS;PRIVATE_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  add_library(room_${NAME} STATIC ${sources})
  target_include_directories(room_${NAME} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include
                                          PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(dep IN LISTS ROOM_DEPS)
    target_link_libraries(room_${NAME} PUBLIC room_${dep})
  endforeach()
  target_link_libraries(room_${NAME} PUBLIC ${ROOM_LIBS} PRIVATE ${ROOM_PRIVATE_LIBS})
endfunction()

# keyturn_unit_tests(room...) builds every tests/unit/<room>/test_*.c into a
# program of its own, linked with the room and cmocka.
function(keyturn_unit_tests)
  foreach(room IN LISTS ARGN)
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/test_*.c)
    foreach(source IN LISTS tests)
      get_filename_component(name ${source} NAME_WE)
      set(target unit_${room}_${name})
      add_executable(${target} ${source})
      target_link_libraries(${target} PRIVATE room_${room} PkgConfig::cmocka)
      target_compile_definitions(${target} PRIVATE KEYTURN_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
      target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit)
      add_test(NAME unit/${room}/${name} COMMAND ${target})
    endforeach()
  endforeach()
endfunction()
