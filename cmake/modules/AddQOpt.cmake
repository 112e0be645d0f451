# CMake functions of the project: libraries and tools that share one precompiled
# header and link LLVM and MLIR as shared libraries.

# Everything that includes MLIR reuses the precompiled header of this library.
function(qopt_use_pch target)
  target_precompile_headers(${target} REUSE_FROM QoptPCH)
endfunction()

# add_qopt_library(NAME sources... [DEPENDS targets...] [LINK libraries...] [NO_MLIR])
function(add_qopt_library name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_NO_MLIR)
    target_link_libraries(${name} PUBLIC ${ARG_LINK} LLVM)
  else()
    qopt_use_pch(${name})
    add_dependencies(${name} qopt-tablegen)
    target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_include_directories(${name} INTERFACE $<INSTALL_INTERFACE:include>)
  install(TARGETS ${name} EXPORT QoptTargets ARCHIVE DESTINATION lib/qopt)
endfunction()

# add_qopt_tool(NAME sources... [LINK libraries...])
function(add_qopt_tool name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  # CMake would say -fPIE for executables, which does not match the flags of the
  # precompiled header.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  if(ARG_NO_MLIR)
    target_link_libraries(${name} PRIVATE ${ARG_LINK})
  else()
    qopt_use_pch(${name})
    add_dependencies(${name} qopt-tablegen)
    target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# qopt_tablegen(TD OUTPUT arguments...): one generated include under build/include.
# All of them hang on the target qopt-tablegen, on which every library depends;
# a custom command is visible in its own folder only, hence a target for each.
function(qopt_tablegen td output)
  set(LLVM_TARGET_DEFINITIONS ${td})
  mlir_tablegen(${output} ${ARGN})
  file(RELATIVE_PATH name ${PROJECT_BINARY_DIR} ${CMAKE_CURRENT_BINARY_DIR}/${output})
  string(MAKE_C_IDENTIFIER ${name} name)
  add_custom_target(${name} DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${output})
  set_property(GLOBAL APPEND PROPERTY QOPT_TABLEGEN_TARGETS ${name})
endfunction()
