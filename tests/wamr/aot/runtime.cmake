# WAMR with its loader of compiled code, as Fluent Bit builds it. The crate wamrx-sys builds it without, and asks nobody; a
# toolchain file (CMAKE_TOOLCHAIN_FILE) is read after that, and its word is the last.
set(WAMR_BUILD_AOT 1)
