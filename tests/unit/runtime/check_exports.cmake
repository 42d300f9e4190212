# Fails where LIBRARY exports a symbol that is not attnjit_*.
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${LIBRARY}
                OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
list(LENGTH lines count)
list(FILTER lines EXCLUDE REGEX "^attnjit_")
if(lines OR count EQUAL 0)
  message(FATAL_ERROR "${count} symbols; not attnjit_*: ${lines}")
endif()
