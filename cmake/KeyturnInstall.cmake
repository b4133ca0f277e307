# What `cmake --install` puts where, below the prefix.
#
# The programs find their definitions from their own place (bin/../share/keyturn/providers),
# so a tree that is moved as a whole goes on working. Units name whole paths, and are
# configured for the prefix: give it to cmake at the start, not to --install alone.
include(GNUInstallDirs)

install(TARGETS keyturn keyturnd DESTINATION ${CMAKE_INSTALL_BINDIR})
file(GLOB definitions CONFIGURE_DEPENDS packaging/providers/*.yaml)
file(GLOB schemas CONFIGURE_DEPENDS schema/*.schema.json schema/openapi.yaml)
install(FILES ${definitions} DESTINATION share/keyturn/providers)
file(GLOB sinks CONFIGURE_DEPENDS packaging/deliveries/*.yaml)
install(FILES ${sinks} DESTINATION share/keyturn/deliveries)
install(FILES ${schemas} DESTINATION share/keyturn/schema)

foreach(section IN ITEMS 1 5 8)
  file(GLOB pages CONFIGURE_DEPENDS packaging/man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

# Shell by shell: where its completions stand in packaging/, where the shell looks, and under which name.
set(completions
  "keyturn.bash|share/bash-completion/completions|keyturn"
  "_keyturn|share/zsh/vendor-completions|_keyturn"
  "keyturn.zsh|share/zsh/vendor-completions|_keyturn"
  "keyturn.fish|share/fish/vendor_completions.d|keyturn.fish")
foreach(row IN LISTS completions)
  string(REPLACE "|" ";" row "${row}")
  list(GET row 0 file)
  list(GET row 1 folder)
  list(GET row 2 name)
  install(FILES packaging/completions/${file} DESTINATION ${folder} RENAME ${name} OPTIONAL)
endforeach()

foreach(scope IN ITEMS system user)
  foreach(unit IN ITEMS keyturn.service keyturn.socket)
    configure_file(packaging/systemd/${scope}/${unit}.in ${CMAKE_BINARY_DIR}/systemd/${scope}/${unit} @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/systemd/${scope}/${unit} DESTINATION lib/systemd/${scope})
  endforeach()
endforeach()
install(FILES packaging/systemd/unlock.conf packaging/systemd/deliveries.conf packaging/systemd/reload.rules
              packaging/keyturn.yaml
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES packaging/examples/token-file.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(PROGRAMS packaging/examples/token-file DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES README.md SECURITY.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
