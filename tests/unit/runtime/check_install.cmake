# Installs to a fresh prefix, builds docs/examples/embed (C++) and serve-c (C) against it by
# find_package and by pkg-config, and runs them.
set(prefix ${WORK_DIR}/prefix)
file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${WORK_DIR})
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --component attnjit --prefix ${prefix})
# Moved, so that nothing may depend on where it was installed first.
file(RENAME ${prefix} ${WORK_DIR}/moved)
set(prefix ${WORK_DIR}/moved)
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${EXAMPLE_DIR} -B ${WORK_DIR}/build
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${CXX})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${CMAKE_COMMAND} -E env ATTNJIT_CACHE_DIR=${WORK_DIR}/cache ${WORK_DIR}/build/embed)
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${C_EXAMPLE_DIR} -B ${WORK_DIR}/build_c
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_C_COMPILER=${CC})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build_c)
run(${CMAKE_COMMAND} -E env ATTNJIT_CACHE_DIR=${WORK_DIR}/cache ${WORK_DIR}/build_c/serve)

find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
  file(GLOB_RECURSE pc ${prefix}/*/attnjit.pc)
  get_filename_component(pc_dir ${pc} DIRECTORY)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${pc_dir}
                          ${PKG_CONFIG} --cflags --libs attnjit
                  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags)
  run(${CXX} -std=c++20 ${EXAMPLE_DIR}/main.cc -o ${WORK_DIR}/embed_by_pkg_config ${flags})
  run(${CC} -std=c99 -Wall -Wextra -Wpedantic -Werror ${C_EXAMPLE_DIR}/main.c
      -o ${WORK_DIR}/serve_by_pkg_config ${flags})
endif()
