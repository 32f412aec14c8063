# What `cmake --install build/release` puts where. README.md tells users, tests/install.sh installs and looks.
include(GNUInstallDirs)

install(TARGETS brim brim_shared brim_static)
install(FILES include/brim.h TYPE INCLUDE)
install(FILES docs/brim.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
# The module looks for the library from where it lies: three folders up is the prefix.
install(FILES python/batch_size_optimizer.py DESTINATION ${CMAKE_INSTALL_DATADIR}/brim/python)

# Paths from brim.pc's own place, so that the tree may be installed with another prefix, or moved.
set(BRIM_PC_FOLDER ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH BRIM_PC_PREFIX ${CMAKE_INSTALL_PREFIX}/${BRIM_PC_FOLDER} ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" BRIM_PC_PREFIX ${BRIM_PC_PREFIX})
set(BRIM_PC_OPTIONAL "")
if(ncursesw_FOUND)
  string(APPEND BRIM_PC_OPTIONAL " ncursesw")
endif()
configure_file(cmake/brim.pc.in brim.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/brim.pc DESTINATION ${BRIM_PC_FOLDER})
