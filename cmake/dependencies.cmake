# Everything that brim links or loads, each a Debian or Ubuntu package (README.md says why each is there).
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)
foreach(name IN ITEMS libjpeg spng libwebp yaml-0.1 libzip jansson cairo)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${name})
endforeach()
# Optional: the view of `brim watch` in a terminal.
pkg_check_modules(ncursesw ncursesw)
if(NOT ncursesw_FOUND)
  message(STATUS "ncursesw not found: brim watch has no view in the terminal (Debian, Ubuntu: libncurses-dev)")
endif()
pkg_check_modules(cmocka IMPORTED_TARGET cmocka)
# `brim watch --serve` only, for its header; a build without it says so when it is asked to serve.
pkg_check_modules(libmicrohttpd "libmicrohttpd>=0.9.71")

# oneDNN ships no pkg-config file on every release; 2.x and 3.x both work (src/backend/cpu/onednn*.c know how).
find_path(ONEDNN_INCLUDE oneapi/dnnl/dnnl.h REQUIRED)
find_library(ONEDNN_LIBRARY dnnl REQUIRED)
add_library(onednn INTERFACE)
target_include_directories(onednn SYSTEM INTERFACE ${ONEDNN_INCLUDE})
target_link_libraries(onednn INTERFACE ${ONEDNN_LIBRARY})
