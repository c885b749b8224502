# One interface target carries every flag; dependencies are system headers and stay silent.
add_library(cloudpcd_options INTERFACE)
target_compile_features(cloudpcd_options INTERFACE cxx_std_20)
target_include_directories(cloudpcd_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(cloudpcd_options INTERFACE
    BOOST_ASIO_NO_DEPRECATED
    BOOST_ASIO_DISABLE_BOOST_COROUTINE
    BOOST_BEAST_USE_STD_STRING_VIEW)
target_compile_options(cloudpcd_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wswitch-enum -Wnon-virtual-dtor)
if(CLOUDPCD_WERROR)
    target_compile_options(cloudpcd_options INTERFACE -Werror)
endif()
if(CLOUDPCD_SANITIZE)
    target_compile_options(cloudpcd_options INTERFACE -fsanitize=${CLOUDPCD_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(cloudpcd_options INTERFACE -fsanitize=${CLOUDPCD_SANITIZE})
    if(CLOUDPCD_SANITIZE MATCHES "undefined")
        # clang cannot represent the function-type check of coroutine clones ("difference across sections").
        target_compile_options(cloudpcd_options INTERFACE -fno-sanitize=function)
    endif()
endif()
if(CLOUDPCD_HARDENING)
    target_compile_options(cloudpcd_options INTERFACE
        -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS)
    target_link_options(cloudpcd_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES CXX)
endif()

# cloudpcd_library(NAME SOURCES... [LIBRARIES...]): a static library of one folder.
function(cloudpcd_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC cloudpcd_options ${ARG_LIBRARIES})
endfunction()

# cloudpcd_embed(TARGET NAMESPACE SYMBOL FILES...): compiles text files into TARGET as
# `extern const std::span<const EmbeddedFile> SYMBOL` (see cmake/embed.cmake for the declaration it expects).
function(cloudpcd_embed target namespace symbol)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}_embedded.cpp)
    add_custom_command(OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAMESPACE=${namespace} -DSYMBOL=${symbol} "-DFILES=${ARGN}"
                -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
        DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
        VERBATIM)
    target_sources(${target} PRIVATE ${out})
endfunction()
