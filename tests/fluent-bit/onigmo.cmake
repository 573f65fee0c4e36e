# The package of the sources leaves Onigmo out. Oniguruma, of which it is a fork, knows all that Fluent Bit asks of it.
find_library(ONIGURUMA onig REQUIRED)
file(WRITE ${CMAKE_CURRENT_LIST_DIR}/../lib/onigmo/onigmo.h "#include <oniguruma.h>\n")
add_library(libonigmo STATIC IMPORTED GLOBAL)
set_target_properties(libonigmo PROPERTIES IMPORTED_LOCATION ${ONIGURUMA})
