//===- WeightsObject.cpp - the weights file as an object file -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Target/WeightsObject.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace llvm;
using namespace llvm::ELF;

static_assert(sizeof(Elf64_Ehdr) == mlir::qopt::kWeightsHeaderBytes);

namespace {

/// Indices into the section table.
enum Section { Null, Weights, Stack, Symbols, Strings, NumSections };

/// Names, each at the offset that `offset` finds.
struct Names {
  std::string text{'\0'};
  unsigned add(StringRef name) {
    unsigned offset = text.size();
    text += name;
    text += '\0';
    return offset;
  }
};

template <typename T> void write(raw_ostream &stream, const T &value) {
  stream.write(reinterpret_cast<const char *>(&value), sizeof(T));
}

Elf64_Ehdr makeHeader(uint64_t sectionTable, uint16_t machine) {
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, strlen(ElfMagic));
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_shoff = sectionTable;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = NumSections;
  header.e_shstrndx = Strings;
  return header;
}

/// The tables, written behind `end` bytes; returns where the sections start.
uint64_t writeTables(raw_ostream &stream, uint64_t end, bool large) {
  // A library without weights still has an address for them.
  uint64_t weightsEnd = end + 64;
  uint64_t symbols = alignTo(weightsEnd, 8);
  stream.write_zeros(symbols - end);

  Names names;
  Elf64_Sym symbol = {};
  symbol.st_name = names.add("qopt_weights");
  symbol.setBindingAndType(STB_GLOBAL, STT_OBJECT);
  symbol.st_other = STV_HIDDEN;
  symbol.st_shndx = Weights;
  symbol.st_size = weightsEnd - mlir::qopt::kWeightsHeaderBytes;

  Elf64_Shdr sections[NumSections] = {};
  Elf64_Shdr &weights = sections[Weights];
  weights.sh_name =
      names.add(large ? ".lrodata.qopt_weights" : ".rodata.qopt_weights");
  weights.sh_type = SHT_PROGBITS;
  weights.sh_flags = SHF_ALLOC | (large ? SHF_X86_64_LARGE : 0);
  weights.sh_offset = mlir::qopt::kWeightsHeaderBytes;
  weights.sh_size = symbol.st_size;
  weights.sh_addralign = 64;

  // That nothing here asks for an executable stack.
  sections[Stack].sh_name = names.add(".note.GNU-stack");
  sections[Stack].sh_type = SHT_PROGBITS;
  sections[Stack].sh_offset = symbols;
  sections[Stack].sh_addralign = 1;

  Elf64_Shdr &table = sections[Symbols];
  table.sh_name = names.add(".symtab");
  table.sh_type = SHT_SYMTAB;
  table.sh_offset = symbols;
  table.sh_size = 2 * sizeof(Elf64_Sym);
  table.sh_link = Strings;
  table.sh_info = 1; // The first that is not local.
  table.sh_addralign = 8;
  table.sh_entsize = sizeof(Elf64_Sym);

  Elf64_Shdr &strings = sections[Strings];
  strings.sh_name = names.add(".strtab");
  strings.sh_type = SHT_STRTAB;
  strings.sh_offset = symbols + table.sh_size;
  strings.sh_size = names.text.size();
  strings.sh_addralign = 1;

  write(stream, Elf64_Sym{});
  write(stream, symbol);
  stream << names.text;
  uint64_t namesEnd = strings.sh_offset + strings.sh_size;
  uint64_t sectionTable = alignTo(namesEnd, 8);
  stream.write_zeros(sectionTable - namesEnd);
  for (const Elf64_Shdr &section : sections)
    write(stream, section);
  return sectionTable;
}

} // namespace

std::error_code mlir::qopt::finishWeightsObject(StringRef path,
                                                uint16_t elfMachine,
                                                bool large) {
  uint64_t end = 0;
  if (std::error_code error = sys::fs::file_size(path, end))
    return error;
  int fd = -1;
  if (std::error_code error = sys::fs::openFileForReadWrite(
          path, fd, sys::fs::CD_OpenExisting, sys::fs::OF_None))
    return error;
  raw_fd_ostream stream(fd, /*shouldClose=*/true);
  stream.seek(end);
  uint64_t sectionTable = writeTables(stream, end, large);
  stream.seek(0);
  write(stream, makeHeader(sectionTable, elfMachine));
  stream.close();
  std::error_code error = stream.error();
  stream.clear_error();
  return error;
}
