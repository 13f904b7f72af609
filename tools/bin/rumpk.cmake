# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# Linux programs for Rumpk with CMake: cmake -DCMAKE_TOOLCHAIN_FILE=.../tools/bin/rumpk.cmake

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER "${CMAKE_CURRENT_LIST_DIR}/aarch64-rumpk-gcc")
set(CMAKE_CXX_COMPILER "${CMAKE_CURRENT_LIST_DIR}/aarch64-rumpk-g++")
set(CMAKE_AR "${CMAKE_CURRENT_LIST_DIR}/aarch64-rumpk-ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${CMAKE_CURRENT_LIST_DIR}/aarch64-rumpk-ranlib" CACHE FILEPATH "")
set(CMAKE_STRIP "${CMAKE_CURRENT_LIST_DIR}/aarch64-rumpk-strip" CACHE FILEPATH "")
set(PKG_CONFIG_EXECUTABLE "${CMAKE_CURRENT_LIST_DIR}/aarch64-rumpk-pkg-config" CACHE FILEPATH "")
set(BUILD_SHARED_LIBS OFF CACHE BOOL "Programs are linked statically")
# Read once more behind project(), which says that there were shared libraries.
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS FALSE)
set(CMAKE_PROJECT_INCLUDE "${CMAKE_CURRENT_LIST_FILE}")

# Headers and libraries of the machine that builds are none of the program's; what was installed under $RUMPK_PREFIX is.
set(CMAKE_FIND_ROOT_PATH "$ENV{RUMPK_PREFIX}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
