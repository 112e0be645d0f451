//===- dispatch.c - the variant that this CPU can run ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Asks the CPU, and the operating system (which registers it saves, whether AMX
// is permitted), and takes the first variant of which nothing is missing. On
// AArch64 user code cannot ask the CPU; the kernel tells in the auxiliary
// vector.
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE
#include "runtime.h"

static const struct {
  uint64_t bit;
  const char *name;
} feature_names[] = {
    {QOPT_CPU_X86_V3, "AVX2 (x86-64-v3)"},
    {QOPT_CPU_AVX512, "AVX-512 (x86-64-v4)"},
    {QOPT_CPU_AVX512_VNNI, "AVX512-VNNI"},
    {QOPT_CPU_AVX_VNNI, "AVX-VNNI"},
    {QOPT_CPU_AMX_TILE, "AMX-TILE"},
    {QOPT_CPU_AMX_INT8, "AMX-INT8"},
    {QOPT_CPU_AMX_BF16, "AMX-BF16"},
    {QOPT_CPU_AVX512_BF16, "AVX512-BF16"},
    {QOPT_CPU_AVX512_FP16, "AVX512-FP16"},
    {QOPT_CPU_AVX512_VBMI, "AVX512-VBMI"},
    {QOPT_CPU_NEON, "Advanced SIMD"},
    {QOPT_CPU_DOTPROD, "dotprod (sdot)"},
    {QOPT_CPU_I8MM, "i8mm (smmla)"},
};

static void append_features(rt_text *to, uint64_t features) {
  const char *separator = "";
  for (size_t i = 0; i < sizeof feature_names / sizeof *feature_names; ++i)
    if (features & feature_names[i].bit) {
      rt_append(to, "%s%s", separator, feature_names[i].name);
      features &= ~feature_names[i].bit;
      separator = ", ";
    }
  if (features)
    rt_append(to, "%sunknown feature bits 0x%llx", separator,
              (unsigned long long)features);
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static bool all(unsigned word, unsigned bits) { return (word & bits) == bits; }

// What CPU and operating system have; AMX still needs this process's
// permission.
static uint64_t cpu_features(void) {
  unsigned a, b, c, d, b7 = 0, c7 = 0, d7 = 0, a71 = 0, c81 = 0;
  uint64_t features = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
    return 0;
  unsigned c1 = c;
  uint64_t saved = saved_registers();
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    b7 = b, c7 = c, d7 = d;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
      a71 = a;
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    c81 = c;

  const unsigned v3_1 =
      bit_AVX | bit_FMA | bit_F16C | bit_MOVBE | bit_POPCNT | bit_SSE4_2;
  const unsigned v3_7 = bit_AVX2 | bit_BMI | bit_BMI2;
  if (!all(c1, v3_1) || !all(b7, v3_7) || !(c81 & bit_LZCNT) ||
      (saved & 0x6) != 0x6)
    return 0;
  features |= QOPT_CPU_X86_V3;
  if (a71 & 1u << 4)
    features |= QOPT_CPU_AVX_VNNI;
  const unsigned v4 =
      bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
  if (all(b7, v4) && (saved & 0xe6) == 0xe6) {
    features |= QOPT_CPU_AVX512;
    if (c7 & bit_AVX512VNNI)
      features |= QOPT_CPU_AVX512_VNNI;
    if (c7 & bit_AVX512VBMI)
      features |= QOPT_CPU_AVX512_VBMI;
    if (a71 & 1u << 5)
      features |= QOPT_CPU_AVX512_BF16;
    if (d7 & 1u << 23)
      features |= QOPT_CPU_AVX512_FP16;
  }
  if ((d7 & 1u << 24) && (saved & 0x60000) == 0x60000) {
    features |= QOPT_CPU_AMX_TILE;
    if (d7 & 1u << 25)
      features |= QOPT_CPU_AMX_INT8;
    if (d7 & 1u << 22)
      features |= QOPT_CPU_AMX_BF16;
  }
  return features;
}

// Tile data is off until the process asks for it; threads inherit the answer.
static uint64_t permitted(uint64_t features, uint64_t wanted) {
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  const uint64_t amx =
      QOPT_CPU_AMX_TILE | QOPT_CPU_AMX_INT8 | QOPT_CPU_AMX_BF16;
  if (!(features & wanted & amx) ||
      syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0)
    return features;
  return features & ~amx;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

static uint64_t cpu_features(void) {
  // As the kernel numbers them, for headers that are older than a feature.
  enum { ASIMD = 1 << 1, ASIMDDP = 1 << 20, I8MM = 1 << 13 };
  unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  uint64_t features = 0;
  if (first & ASIMD)
    features |= QOPT_CPU_NEON;
  if (first & ASIMDDP)
    features |= QOPT_CPU_DOTPROD;
  if (second & I8MM)
    features |= QOPT_CPU_I8MM;
  return features;
}
#else
static uint64_t cpu_features(void) { return 0; }
#endif

#if !defined(__x86_64__)
static uint64_t permitted(uint64_t features, uint64_t wanted) {
  (void)wanted;
  return features;
}
#endif

static int unknown_variant(const qopt_model_desc *desc, const char *isa,
                           char *err, size_t n) {
  rt_text to = rt_text_in(err, n);
  rt_append(&to, "unknown isa '%s'; this library has", isa);
  for (int i = 0; i < desc->n_variants; ++i)
    rt_append(&to, "%s %s", i ? "," : "", desc->variants[i].name);
  return QOPT_E_UNSUPPORTED;
}

int rt_choose_variant(const qopt_model_desc *desc, const char *isa,
                      const qopt_variant **variant, char *err, size_t n) {
  uint64_t have = cpu_features(), missing = 0;
  const char *needs = "";
  for (int i = 0; i < desc->n_variants; ++i) {
    const qopt_variant *candidate = &desc->variants[i];
    if (isa && strcmp(isa, candidate->name) != 0)
      continue;
    needs = candidate->name;
    missing = candidate->features;
    if (!(missing & ~have))
      missing &= ~permitted(have, missing);
    else
      missing &= ~have;
    if (!missing) {
      *variant = candidate;
      return QOPT_OK;
    }
  }
  if (isa && !missing)
    return unknown_variant(desc, isa, err, n);
  rt_text to = rt_text_in(err, n);
  rt_append(&to, "%s '%s' needs ",
            isa ? "the variant" : "the least demanding variant", needs);
  append_features(&to, missing);
  rt_append(&to, ", which this CPU or operating system does not offer");
  return QOPT_E_UNSUPPORTED;
}
