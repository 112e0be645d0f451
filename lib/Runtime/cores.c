//===- cores.c - how many threads are worth starting ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The default thread count: the physical cores among the CPUs that the process
// may run on (two hyperthreads share the multipliers that a kernel keeps busy),
// capped by the quota of the control group, which a container sees as its own.
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE
#include "runtime.h"

#include <sched.h>
#include <unistd.h>

static int read_line(const char *path, char *line, int size) {
  FILE *file = fopen(path, "re");
  if (!file)
    return 0;
  int ok = fgets(line, size, file) != NULL;
  fclose(file);
  return ok;
}

static void allowed_cpus(cpu_set_t *set) {
  CPU_ZERO(set);
  if (sched_getaffinity(0, sizeof *set, set) == 0 && CPU_COUNT(set) > 0)
    return;
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  for (long cpu = 0; cpu < n && cpu < CPU_SETSIZE; ++cpu)
    CPU_SET((int)cpu, set);
}

// Parses a list such as "0-3,8,10-11" up to its first CPU in `set`.
static int first_in_set(const char *list, const cpu_set_t *set) {
  while (*list >= '0' && *list <= '9') {
    char *end;
    long low = strtol(list, &end, 10), high = low;
    if (*end == '-')
      high = strtol(end + 1, &end, 10);
    for (long cpu = low; cpu <= high && cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET((int)cpu, set))
        return (int)cpu;
    list = *end == ',' ? end + 1 : end;
  }
  return -1;
}

// CPUs' worth of time per period, rounded up; a large number without a quota.
static int quota(void) {
  char line[64], *end;
  if (!read_line("/sys/fs/cgroup/cpu.max", line, sizeof line))
    return RT_MAX_THREADS;
  // "max 100000" without one: no number gives 0.
  long long used = strtoll(line, &end, 10), period = strtoll(end, &end, 10);
  if (used <= 0 || period <= 0)
    return RT_MAX_THREADS;
  long long cpus = (used + period - 1) / period;
  return cpus < RT_MAX_THREADS ? (int)cpus : RT_MAX_THREADS;
}

static int clamp(int n) {
  int limit = quota();
  n = n < limit ? n : limit;
  return n > 1 ? n : 1;
}

int rt_available_cpus(void) {
  cpu_set_t set;
  allowed_cpus(&set);
  return clamp(CPU_COUNT(&set));
}

int rt_physical_cores(void) {
  cpu_set_t set;
  allowed_cpus(&set);
  int cores = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set))
      continue;
    char path[96], line[256];
    snprintf(path, sizeof path,
             "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
             cpu);
    // A core is counted at the first of its threads that is allowed.
    int first =
        read_line(path, line, sizeof line) ? first_in_set(line, &set) : -1;
    cores += first < 0 || first == cpu;
  }
  return clamp(cores);
}
